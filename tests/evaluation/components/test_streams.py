"""Streams are looked at when the same words come again, and what has changed by then is seen."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest

from livetalk.avatar.blocks import TimedBlock
from livetalk.evaluation.components import streams
from livetalk.evaluation.components.streams import EVERY, WATCHED, programme, watch
from livetalk.evaluation.metrics import landmarks
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from tests.helpers.blocks import timed
from tests.helpers.made_up import face

PORTRAIT = np.full((32, 32, 3), 100, np.uint8)
SPOKEN = [np.sin(np.arange(n)).astype(np.float32) for n in (50_000, 70_000)]


@pytest.fixture(autouse=True)
def seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faces are made up: lips move with the picture's centre, who it is lies in a corner."""

    def track(frames: np.ndarray) -> landmarks.FaceTrack:
        return face(frames[:, 16, 16, 0].astype(float) / 1000)

    def describe(frames: np.ndarray) -> np.ndarray:
        return np.eye(128)[[0] * len(frames)] * frames[:, 0, 0, :1] / 255

    monkeypatch.setattr(streams, "track", track)
    monkeypatch.setattr(streams.identity, "describe", describe)


class Player:
    """Lips follow the sound's level; `fault` spoils a frame by its number."""

    def __init__(self, fault: Callable[[np.ndarray, int], None] = lambda frame, number: None) -> None:
        self.fault = fault

    def perform(self, portrait: np.ndarray, speech: Iterable[np.ndarray], prompt: str) -> Iterator[TimedBlock]:
        sound = np.concatenate(list(speech))
        frames = np.repeat(portrait[None], len(sound) // 1000, axis=0)
        frames[:, 8:24, 8:24] = (100 + 100 * np.abs(sound[: 1000 * len(frames) : 1000]))[:, None, None, None]
        for number, frame in enumerate(frames):
            self.fault(frame, number)
        return timed(np.split(frames, range(9, len(frames), 12)))


def points(fault: Callable[[np.ndarray, int], None] = lambda frame, number: None) -> list[streams.StreamPoint]:
    return watch(Player(fault), PORTRAIT, SPOKEN, "calm", 2 * EVERY + WATCHED)


def test_every_half_minute_begins_with_the_same_words() -> None:
    sound = programme(SPOKEN, 70)
    period, length = round(EVERY * SAMPLE_RATE), round(WATCHED * SAMPLE_RATE)
    assert len(sound) == 70 * SAMPLE_RATE
    assert (sound[:length] == sound[period : period + length]).all()
    assert (sound[length : 2 * length] != sound[period + length : period + 2 * length]).any()


def test_a_stream_that_stays_as_it_is_has_not_changed() -> None:
    found = points()
    assert [point.second for point in found] == [0, 30, 60]
    for point in found:
        assert (point.identity, point.colour) == pytest.approx((0, 0), abs=1e-6)
        assert (point.motion, point.lips) == pytest.approx((1, 1), abs=1e-6)


def late(number: int) -> bool:
    return number > 50 * FRAME_RATE


def test_each_fault_is_seen_when_it_comes() -> None:
    def stranger(frame: np.ndarray, number: int) -> None:
        frame[0, 0] = 200 if late(number) else 100

    def darker(frame: np.ndarray, number: int) -> None:
        if late(number):
            frame[:] = frame * 0.8

    def frozen(frame: np.ndarray, number: int) -> None:
        if late(number):
            frame[8:24, 8:24] = 100

    def mumbling(frame: np.ndarray, number: int) -> None:
        if late(number):
            frame[8:24, 8:24] = 100 + 37 * number % 90

    assert [point.identity > 0.2 for point in points(stranger)] == [False, False, True]
    assert [point.colour > 15 for point in points(darker)] == [False, False, True]
    assert [point.motion < 0.1 for point in points(frozen)] == [False, False, True]
    assert [point.lips < 0.5 for point in points(mumbling)] == [False, False, True]


def test_a_stream_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="give 35 s or more"):
        watch(Player(), PORTRAIT, SPOKEN, "calm", 34)
