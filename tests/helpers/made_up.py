"""Measured clips made up for tests: curves in place of faces."""

import numpy as np

from livetalk.evaluation.clips import Measured, Played
from livetalk.evaluation.metrics.clip_codec import Coded
from livetalk.evaluation.metrics.landmarks import FaceTrack

T = 64


def face(gap: np.ndarray) -> FaceTrack:
    t = len(gap)
    zeros = np.zeros(t)
    mouth, eyes = np.full((t, 2), 40.0), np.zeros((t, 2, 2))
    return FaceTrack(gap, zeros + 1, np.zeros((t, 3)), zeros, mouth, eyes, np.zeros((t, 52)), ())


def speech(place: int) -> np.ndarray:
    """A known opening, unlike that of other places."""
    return 0.1 + 0.1 * np.random.default_rng(place).random(T)


def clip(
    place: int, gap: np.ndarray | None, *, far: float = 0.2, black: int = 0, codec_gap: np.ndarray | None = None
) -> Measured:
    """Person `place`, seen perfectly in truth; `gap`: the model's lips, None where it was not played."""
    opening = speech(place)
    speaking = np.arange(T) < T - 16
    portrait = np.zeros(128)
    portrait[place] = 1
    played = None
    if gap is not None:
        seen = portrait.copy()
        seen[127] = far
        still = {"flicker": 1.1, "idling": (0.5, 1.0), "steps": np.ones(T - 1)}
        played = Played(face(gap), np.stack([seen] * 4), 0.9, 4.0, black, 0, **still)
    coded = Coded(4.0, 9.0, 16.0, 2.0, 1.5, opening if codec_gap is None else codec_gap)
    return Measured(
        900_000_000 + place, f"u{place}", "a person talks", {}, opening, np.random.default_rng(99).random(T), speaking,
        ~speaking, face(opening), coded, {}, portrait, np.stack([portrait] * 4), played,
    )  # fmt: skip
