"""Heads that nod, shake, smile and look aside are read as such."""

from dataclasses import replace

import numpy as np
import pytest

from livetalk.data.acting.prompts import GAZES, HEADS, MOODS
from livetalk.evaluation.metrics.landmarks import FaceTrack
from livetalk.evaluation.metrics.readback import ATTRIBUTES, read

T = 81
NAMES = (
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight", "browDownLeft", "browDownRight",
    "browOuterUpLeft", "browOuterUpRight", "browInnerUp", "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft",
    "eyeWideRight", "eyeLookOutRight", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookInRight", "eyeLookDownLeft",
    "eyeLookDownRight",
)  # fmt: skip
SWING = np.sin(2 * np.pi * 1.2 * np.arange(T) / 16)


def calm() -> FaceTrack:
    """A face that rests."""
    pose = 0.004 * np.random.default_rng(0).normal(size=(T, 3))
    shapes, zeros = np.full((T, 52), 0.1), np.zeros(T)
    return FaceTrack(zeros, zeros + 1, pose, zeros, np.zeros((T, 2)), np.zeros((T, 2, 2)), shapes, NAMES)


def acted(**shapes: float) -> FaceTrack:
    """A face that grows from rest into some blendshapes."""
    track = calm()
    for name, size in shapes.items():
        for place, known in enumerate(NAMES):
            if known in (name, f"{name}Left", f"{name}Right"):
                track.blendshapes[1:, place] += size
    return track


def test_the_words_are_those_of_the_prompts() -> None:
    assert {name: tuple(words.means) for name, words in ATTRIBUTES.items()} == {
        "mood": MOODS, "head": HEADS, "gaze": GAZES,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("shapes", "mood"),
    [({}, "neutral"), ({"mouthSmile": 0.5}, "happy"), ({"browDown": 0.5, "browInnerUp": -0.1}, "angry")],
)
def test_moods_are_read(shapes: dict[str, float], mood: str) -> None:
    assert read(acted(**shapes), calm())["mood"] == mood


@pytest.mark.parametrize(("axis", "head"), [(0, "shake"), (1, "nod"), (None, "still")])
def test_head_movements_are_read(axis: int | None, head: str) -> None:
    track = calm()
    if axis is not None:
        track.pose[:, axis] += 0.1 * SWING
    assert read(track, calm())["head"] == head


def test_gazes_are_those_of_the_picture() -> None:
    """The person's right is the picture's left."""
    assert read(acted(eyeLookOutRight=0.4, eyeLookInLeft=0.4), calm())["gaze"] == "left"
    assert read(acted(eyeLookOutLeft=0.4, eyeLookInRight=0.4), calm())["gaze"] == "right"


def test_without_a_face_nothing_is_read() -> None:
    assert read(replace(calm(), gap=np.full(T, np.nan)), calm()) == {}
