"""The miniature holds what an ablation needs, and every row of it runs on a processor."""

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from livetalk.cli.main import app
from livetalk.recipes.ablation.miniature import drawn_mouths, roughened
from livetalk.recipes.ablation.rows import ROWS


def test_raw_clips_are_dim_and_soft() -> None:
    clips = drawn_mouths(torch.rand(2, 5), 64)
    rough = roughened(clips)
    assert rough.shape == clips.shape
    assert rough.float().mean() < 0.6 * clips.float().mean()
    steep = [video.float().diff(dim=2).abs().amax() / video.float().mean() for video in (rough, clips)]
    assert steep[0] < 0.6 * steep[1]


@pytest.mark.slow
def test_every_row_of_the_miniature_runs(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["train", "ablation", "--run", str(tmp_path), "--miniature"])
    assert said.exit_code == 0, said.output
    for row in ROWS:
        assert f"{row.name}, seed 0: 12 of 12 steps" in said.output
        assert len(list((tmp_path / "seed_0" / row.slug / "students").glob("*.safetensors"))) == 3
    told = next(line for line in said.output.splitlines() if line.startswith("ode_curated_converged"))
    assert told.endswith(("converged", "still falling"))
