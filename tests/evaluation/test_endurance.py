"""A stream that ends as it began has not drifted; one that faded, froze or lost its face has."""

from collections.abc import Callable

import numpy as np
import pytest

from livetalk.evaluation import endurance
from livetalk.evaluation.endurance import LOST, compare, last_against_first, programme
from livetalk.evaluation.metrics import landmarks
from livetalk.geometry import SAMPLE_RATE
from tests.helpers.blocks import timed
from tests.helpers.made_up import face

T = 80


@pytest.fixture(autouse=True)
def seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faces are made up: lips move with the picture's centre, who it is lies in a corner, a grey wall has no face."""

    def track(frames: np.ndarray) -> landmarks.FaceTrack:
        gap = frames[:, 32, 32, 0].astype(float) / 1000
        gap[frames.std(axis=(1, 2, 3)) < 1] = np.nan
        return face(gap)

    def describe(frames: np.ndarray) -> np.ndarray:
        rows = np.zeros((len(frames), 128))
        rows[:, 0] = frames[:, 0, 0, 0] / 255
        rows[frames.std(axis=(1, 2, 3)) < 1] = np.nan
        return rows

    monkeypatch.setattr(endurance, "track", track)
    monkeypatch.setattr(endurance.identity, "describe", describe)


def video(seed: int = 0) -> np.ndarray:
    frames = np.repeat(np.random.default_rng(1).integers(60, 190, (1, 64, 64, 3), np.uint8), T, axis=0)
    frames[:, 0, 0] = 100
    frames[:, 24:40, 24:40] = np.random.default_rng(seed).integers(60, 190, (T, 1, 1, 1), np.uint8)
    return frames


def test_a_stream_that_ends_as_it_began_has_not_drifted() -> None:
    assert compare(video(), video(2), video()[0]).worst < 0.03


def darker(frames: np.ndarray) -> np.ndarray:
    return (frames * 0.7).astype(np.uint8)


def softer(frames: np.ndarray) -> np.ndarray:
    return ((frames.astype(int) + np.roll(frames, 1, 1) + np.roll(frames, 1, 2)) // 3).astype(np.uint8)


def noisier(frames: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(3).integers(-40, 41, frames.shape)
    return np.clip(frames + noise, 0, 255).astype(np.uint8)


def someone_else(frames: np.ndarray) -> np.ndarray:
    frames = frames.copy()
    frames[:, 0, 0] = 220
    return frames


@pytest.mark.parametrize("spoil", [darker, softer, noisier, someone_else])
def test_what_has_changed_is_told(spoil: Callable[[np.ndarray], np.ndarray]) -> None:
    assert compare(video(), spoil(video(2)), video()[0]).worst > 0.2


def frozen(frames: np.ndarray) -> np.ndarray:
    return np.repeat(frames[:1], T, axis=0)


def still_mouth(frames: np.ndarray) -> np.ndarray:
    """The picture lives, the lips do not."""
    frames = frames.copy()
    frames[:, 24:40, 24:40] = 120
    frames[::2, 50:60] += 5
    return frames


def wall(frames: np.ndarray) -> np.ndarray:
    return np.full_like(frames, 128)


@pytest.mark.parametrize("spoil", [frozen, still_mouth, wall])
def test_a_face_that_stands_still_or_is_gone_has_drifted_all_the_way(spoil: Callable) -> None:
    assert compare(video(), spoil(video(2)), video()[0]).worst == LOST


def test_the_last_words_are_the_first_ones() -> None:
    rng = np.random.default_rng(0)
    said = [rng.random(3 * SAMPLE_RATE).astype(np.float32), rng.random(4 * SAMPLE_RATE).astype(np.float32)]
    sound = programme(said, 12.0)
    assert len(sound) == 12 * SAMPLE_RATE
    assert np.array_equal(sound[: 5 * SAMPLE_RATE], sound[-5 * SAMPLE_RATE :])
    with pytest.raises(ValueError, match="no two ends"):
        programme(said, 9.0)


def test_a_long_stream_is_judged_by_its_ends_only() -> None:
    class Player:
        def perform(self, portrait, speech, prompt):
            assert sum(len(piece) for piece in speech) == 20 * SAMPLE_RATE
            black = np.zeros((4 * T - 2 * T, 64, 64, 3), np.uint8)
            past = np.zeros((7, 64, 64, 3), np.uint8)  # the end
            yield from timed([video()[:9], video()[9:], black, video(2), past])

    heard: list[int] = []
    drift = last_against_first(Player(), video()[0], [np.ones(SAMPLE_RATE, np.float32)], "", 20.0, heard.append)
    assert drift.worst < 0.03
    assert sum(heard) == 320
