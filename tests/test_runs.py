"""Runs: the recipe in miniature goes from nothing to a video, and goes on where it was."""

import os
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest

ROOT = Path(__file__).parents[1]


def _run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHON": sys.executable, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [str(ROOT / "runs" / script), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, env=environment, cwd=folder.parent)


@pytest.mark.slow
def test_recipe_in_miniature_ends_with_a_video(tmp_path: Path):
    folder, began = tmp_path / "run", time.monotonic()
    done = _run("tiny.sh", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    for stage in ("codec", "teacher", "ode", "dmd"):
        assert f"{stage}: done after" in done.stdout
    with av.open(str(folder / "tiny.mp4")) as video:
        assert video.streams.video[0].frames > 16
        assert video.metadata["model"] == "miniature"
    first, began = time.monotonic() - began, time.monotonic()
    again = _run("tiny.sh", folder)
    assert again.returncode == 0, again.stdout + again.stderr
    assert time.monotonic() - began < first, "what is there is not made again"
