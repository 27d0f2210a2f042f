"""Black, frozen and flickering frames are counted, and boundaries of blocks scored, as they were planted."""

import numpy as np
import pytest

from livetalk.evaluation.fidelity.faults import (
    FaultMeasure,
    boundary_score,
    brightness_flicker,
    native_boundary_continuity,
)
from livetalk.evaluation.fidelity.views import ClipView


def _noise(frames: int = 90, low: int = 0) -> np.ndarray:
    return np.random.default_rng(0).integers(low, 256, (frames, 24, 32, 3), np.uint8)


def _view(frames: np.ndarray, real: np.ndarray | None = None, rate: float = 16) -> ClipView:
    return ClipView("a", frames, real, frames, rate)


@pytest.mark.parametrize(("name", "planted"), [("black_share", 0.2), ("frozen_share", 18 / 89)])
def test_planted_faults_are_counted(name: str, planted: float) -> None:
    frames = _noise()
    if name == "black_share":
        frames[::5] = 0
    else:
        frames[1::5] = frames[::5]
    measure = FaultMeasure()
    measure.look(_view(frames))
    assert measure.figures()[name].value == pytest.approx(planted)


def test_a_score_is_the_published_penalty() -> None:
    looks = np.random.default_rng(0).random((32, 9, 16))
    assert boundary_score(looks) == 100
    black = looks.copy()
    black[4:8] = 0  # four of 32 dark, three of 31 repeats in a row, two steps of half the brightness
    assert boundary_score(black) == pytest.approx(100 - 70 * 4 / 32 - 45 * 3 / 31 - 12 * 3 / 8 - 8 * 2)
    assert boundary_score(np.zeros((32, 9, 16))) == 0


@pytest.mark.parametrize(("fault", "figure"), [("black", "black_share"), ("frozen", "frozen_share")])
def test_more_of_a_fault_is_more_in_its_share_and_in_continuity(fault: str, figure: str) -> None:
    shares, scores = [], []
    for length in (0, 6, 12, 24):
        frames = _noise(90)
        frames[33 : 33 + length] = 0 if fault == "black" else frames[33]
        measure = FaultMeasure()
        measure.look(_view(frames))
        found = measure.figures()
        shares.append(found[figure].value)
        scores.append(found["nbc"].value)
    assert shares == sorted(shares)
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 100 > scores[1] > scores[3]


def test_only_boundaries_with_a_whole_window_count() -> None:
    assert np.isnan(native_boundary_continuity(_noise(64)))  # the first whole window lies about frame 33
    assert native_boundary_continuity(_noise(65)) == 100
    frozen = _noise(90)
    frozen[33:45] = frozen[33]  # five looks in a row that repeat the one before, in the windows of two boundaries
    assert native_boundary_continuity(frozen) == pytest.approx(100 - 45 * 5 / 31 - 12 * 5 / 8, abs=2)


def test_frames_of_another_rate_have_no_native_boundaries() -> None:
    measure = FaultMeasure()
    measure.look(_view(_noise(), rate=25))
    measure.look(_view(_noise()))
    assert measure.figures()["nbc"].n == 1
    assert "1 clips have no NBC" in measure.remarks()[0]


def test_the_truths_continuity_stands_beside() -> None:
    still = np.repeat(_noise(1), 81, axis=0)
    measure = FaultMeasure()
    measure.look(_view(_noise(81), still))
    found = measure.figures()
    assert (found["nbc"].value, found["nbc_truth"].value) == (100, pytest.approx(100 - 45 - 12 * 31 / 8))
    other = FaultMeasure(frame_rate=25)
    other.look(_view(_noise(81), still))
    assert other.figures()["nbc_truth"].n == 0


def test_flicker_rises_with_its_strength() -> None:
    still = np.full((20, 24, 32, 3), 120, np.uint8)
    found = []
    for strength in (0, 2, 6, 18):
        frames = still.copy()
        frames[::2] += np.uint8(strength)
        found.append(brightness_flicker(frames))
    assert found == pytest.approx([0, 2, 6, 18], abs=1e-3)
    assert brightness_flicker(still[:2]) == 0


def test_frames_that_were_never_made_are_a_figure() -> None:
    measure = FaultMeasure()
    measure.look(_view(_noise(30), _noise(40)))
    assert measure.figures()["lacking_share"].value == 0.25
