"""Speed of a preset on this machine: `livetalk bench` in separate processes, as it is, at 512, with oneDNN restricted.

A fresh process each, because memory and the instructions that oneDNN may use are decided when a process starts.
Knows the command's names for its figures; nothing of how it measures.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

SECONDS = 12.0  # of video that are made
RUNS = 3  # of each kind, of which the median counts: files are cold at first, and machines have other things to do
GIGABYTE = 1e9


def speed(preset: str, weights: Path | None = None, seconds: float = SECONDS) -> dict[str, float]:
    """Frames a second, the first frame, memory; frames a second of 512 x 512, and of a processor without AVX-512."""
    own = [bench(preset, weights, seconds) for _ in range(RUNS)]
    large = [bench(preset, weights, seconds, size=512) for _ in range(RUNS)]
    held = [bench(preset, weights, seconds, isa="AVX2") for _ in range(RUNS)]
    return {
        "fps": median(run["frames_per_second"] for run in own),
        "fps_512": median(run["frames_per_second"] for run in large),
        "fps_avx2": median(run["frames_per_second"] for run in held),
        "first_frame_s": median(run["first_frame_seconds"] for run in own),
        "rss_gb": median(run["peak_rss_bytes"] for run in own) / GIGABYTE,
    }


def bench(preset: str, weights: Path | None, seconds: float, isa: str | None = None, size: int = 256) -> dict[str, Any]:
    """The figures of `livetalk bench`; isa: the best instructions that oneDNN may use.

    Raises ValueError if it fails.
    """
    environment = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "ONEDNN_MAX_CPU_ISA"):
        environment.pop(name, None)  # what is measured is the machine, not how this process was started
    if isa is not None:
        environment["ONEDNN_MAX_CPU_ISA"] = isa
    with TemporaryDirectory(prefix="livetalk-") as folder:
        path = Path(folder) / "bench.json"
        words = [sys.executable, "-m", "livetalk", "bench", "--preset", preset, "--seconds", f"{seconds:g}"]
        words += ["--size", str(size), "--json", str(path)] + (
            [] if weights is None else ["--weights", str(weights.resolve())]
        )
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ValueError(f"`livetalk bench` failed: {done.stderr.strip()[-300:] or 'without a word'}")
        return json.loads(path.read_text(encoding="utf-8"))
