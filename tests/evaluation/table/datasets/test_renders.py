"""Held-out renders are cases with their truth: one that is rendered, at the size of the bundled model."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livetalk.evaluation.table.cases import prepare
from livetalk.evaluation.table.datasets.renders import RenderSource
from livetalk.media.excerpt import frames_between
from livetalk.media.video import read_frames


def test_the_protocol_names_seeds_and_voices(tmp_path: Path) -> None:
    source = RenderSource(50)
    assert source.protocol == "seeds 900000000 to 900000049, 81 frames at 16, 256 x 256, the bundled voices"
    assert source.drawn()[:2] == ["900000000", "900000001"]
    assert "voices of shelf" in RenderSource(2, tmp_path / "shelf").protocol


@pytest.mark.slow
def test_a_render_is_a_case_whose_truth_begins_with_its_portrait(tmp_path: Path) -> None:
    case = prepare(RenderSource(1), tmp_path).cases[0]
    assert case.truth is not None
    with Image.open(case.portrait) as picture:
        first = next(frames_between(case.truth, 0, 1, 16)).astype(int)
        assert np.abs(np.asarray(picture).astype(int) - first).mean() < 4
    assert sum(1 for _ in read_frames(case.truth)) == 81
    assert case.seconds == 81 / 16
