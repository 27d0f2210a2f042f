"""Lip sync scores are those of the signals they are given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetalk.evaluation.metrics.lipsync import lagged, pearson


def speech(seed: int, t: int = 80) -> np.ndarray:
    """A smooth opening curve."""
    noise = np.random.default_rng(seed).normal(size=t + 4)
    return np.convolve(noise, np.ones(5) / 5, "valid")[:t]


def late(curve: np.ndarray, frames: int) -> np.ndarray:
    return np.roll(curve, frames)


@given(st.floats(0.1, 10), st.floats(-5, 5))
def test_scale_and_offset_do_not_matter(scale: float, offset: float) -> None:
    a = speech(0)
    assert pearson(a, scale * a + offset) == pytest.approx(1.0)
    assert pearson(a, -scale * a + offset) == pytest.approx(-1.0)


def test_frames_without_a_face_are_left_out() -> None:
    a = speech(1)
    holed = a.copy()
    holed[10:20] = np.nan
    assert pearson(holed, a) == pytest.approx(1.0)
    assert np.isnan(pearson(np.full(80, np.nan), a))
    assert np.isnan(pearson(np.ones(80), a)), "a mouth that never moves has no correlation"


def test_only_speech_counts() -> None:
    a, speaking = speech(2), np.arange(80) < 50
    spoilt = np.where(speaking, a, 9.0)
    assert pearson(spoilt, a, speaking) == pytest.approx(1.0)
    assert pearson(spoilt, a) < 0.5
    assert np.isnan(pearson(a, a, np.arange(80) < 8)), "too short to say anything"


def test_curves_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="same frames"):
        pearson(np.zeros(80), np.zeros(81))


@pytest.mark.parametrize("lag", [-3, 0, 2])
def test_the_lag_is_found(lag: int) -> None:
    a = speech(3)
    assert int(np.argmax(lagged(late(a, lag), a))) - 4 == lag
    assert lagged(late(a, lag), a).max() == pytest.approx(1.0)
