"""Acting of eyes, lids, brows and moods over the frames of a clip, as ARKit weights.

Eyes jump and rest, lids close in about 0.1 s and open in 0.2 s, brows rise on some stressed syllables, moods wax and
wane. Left and right of a gaze are the picture's. Does not know the head's pose, phonemes, or how a mouth speaks.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from livetalk.data.acting.motion import AMPLITUDE, PITCH, YAW, Temper, Track, drift, ease, pushes
from livetalk.data.acting.prompts import Energy, Gaze, Mood
from livetalk.data.arkit import ARKIT

UNIT = {name: place for place, name in enumerate(ARKIT)}
SIDE = np.array([name.endswith("Left") - name.endswith("Right") for name in ARKIT], np.float32)

EYE_RANGE = (0.50, 0.30, 0.38)  # radians at weight 1 sideways, up and down, as the rendered eyes turn
STEADY = 0.9  # share of the head's turns that the eyes make up for

Weights = Float[np.ndarray, "t 52"]

# Weights of a full mood; Left and Right units are named once, without the side.
MOOD_UNITS: dict[Mood, dict[str, float]] = {
    "neutral": {},
    "happy": {
        "mouthSmile": 0.92, "cheekSquint": 0.90, "eyeSquint": 0.35, "mouthDimple": 0.35, "mouthUpperUp": 0.16,
        "browOuterUp": 0.18,
    },
    "sad": {
        "mouthFrown": 1.0, "browInnerUp": 1.0, "mouthShrugLower": 0.42, "eyeBlink": 0.13, "eyeLookDown": 0.12,
        "mouthShrugUpper": 0.20,
    },
    "angry": {
        "browDown": 1.0, "noseSneer": 1.0, "eyeSquint": 0.60, "mouthFrown": 0.55, "mouthPress": 0.25,
        "mouthUpperUp": 0.12, "jawForward": 0.30,
    },
    "surprised": {"browInnerUp": 1.0, "browOuterUp": 1.0, "eyeWide": 1.0, "jawOpen": 0.22, "mouthFunnel": 0.08},
}  # fmt: skip


def unit_row(named: dict[str, float]) -> Float[np.ndarray, " 52"]:
    """Weights by name -> row; a name without a side sets both sides."""
    row = np.zeros(len(ARKIT), np.float32)
    for name, value in named.items():
        for full in (name,) if name in UNIT else (name + "Left", name + "Right"):
            row[UNIT[full]] = value
    return row


def gaze_path(rng: np.random.Generator, times: Track, gaze: Gaze) -> Float[np.ndarray, "t 2"]:
    """Where the eyes point in the room: x -1 left .. 1 right of the picture, y -1 up .. 1 down; 0 is the camera.

    Eyes start at the camera (unless the caller shifts `times` so that the clip starts in the middle of things),
    jump within a frame or two, rest mostly on the asked side and return to the camera now and then.
    """
    side = {"camera": (0.0, 0.0), "left": (-0.95, 0.05), "right": (0.95, 0.05), "down": (0.04, 0.95)}[gaze]
    path = np.zeros((len(times), 2))
    here, now, away = np.zeros(2), rng.uniform(0.25, 0.6), gaze == "camera"
    while now < times[-1]:
        away = not away
        if gaze == "camera":
            glance = rng.random() < 0.18
            target = rng.normal(size=2) * ((0.30, 0.15) if glance else (0.05, 0.04))
            rest = rng.uniform(0.3, 0.6) if glance else rng.uniform(0.4, 1.4)
        else:
            target = np.array(side if away else (0.0, 0.0)) + rng.normal(size=2) * (0.07, 0.05)
            rest = rng.uniform(1.4, 2.6) if away else rng.uniform(0.35, 0.7)
        path += ease((times - now) / 0.11)[:, None] * (target - here)
        here, now = target, now + rest
    return np.clip(path, -1.1, 1.1)


def look(path: Float[np.ndarray, "t 2"], pose: Float[np.ndarray, "t 6"]) -> Weights:
    """Directions in the room -> eyeLook weights: eyes turn against the head, so that they rest while it moves.

    Lids follow eyes that look down. The person's right is the picture's left.
    """
    side, up, down = EYE_RANGE
    across = (path[:, 0] * side - STEADY * pose[:, YAW]) / side
    below = path[:, 1] * down - STEADY * pose[:, PITCH]
    below = np.where(below > 0, below / down, below / up)
    to_left, to_right, lowered, raised = (np.clip(x, 0, 1) for x in (-across, across, below, -below))
    weights = np.zeros((len(path), len(ARKIT)), np.float32)
    for name, value in (
        ("eyeLookOutRight", to_left), ("eyeLookInLeft", to_left),
        ("eyeLookOutLeft", to_right), ("eyeLookInRight", to_right),
        ("eyeLookDownLeft", lowered), ("eyeLookDownRight", lowered),
        ("eyeLookUpLeft", raised), ("eyeLookUpRight", raised),
        ("eyeBlinkLeft", 0.10 * lowered), ("eyeBlinkRight", 0.10 * lowered),
    ):  # fmt: skip
        weights[:, UNIT[name]] = value
    return weights


def blink_times(rng: np.random.Generator, until: float, mean: float) -> list[float]:
    """Seconds of blinks from 0 to `until`: gamma-spaced about `mean` seconds, never closer than a second but twice
    in a row once in ten."""
    moments, now = [], rng.uniform(0, mean)
    while now < until:
        moments.append(now)
        now += 0.42 if rng.random() < 0.08 else max(1.1, rng.gamma(4.0, mean / 4))
    return moments


def blinks(rng: np.random.Generator, times: Track, mean: float, not_before: float = 0.2) -> Track:
    """Lid closure 0..1 over time. Every blink is fully shut on one frame and half shut on its neighbours."""
    step = times[1] - times[0] if len(times) > 1 else 1.0
    closure = np.zeros(len(times))
    for moment in blink_times(rng, times[-1] - times[0], mean):
        if moment >= not_before:
            middle = times[0] + round(moment / step) * step
            slack = rng.uniform(0.0, 0.03)  # some blinks stay shut a little longer
            one = pushes(times, np.array([middle]), np.ones(1), 0.125 + slack, 0.19 + 2 * slack)
            closure = np.maximum(closure, one)
    return closure


def brow_track(
    rng: np.random.Generator, times: Track, temper: Temper, energy: Energy, beats: Sequence[tuple[float, float]]
) -> Weights:
    """Brows that rise on some stressed syllables and drift a little."""
    lift = 0.10 * np.maximum(drift(rng, times, 0.1, 0.5), 0)
    if beats:
        middles, stress = np.array(beats).T
        chosen = (rng.random(len(beats)) < 0.3) * rng.uniform(0.5, 1.2, len(beats))
        lift += pushes(times, middles, 0.38 * stress * chosen, 0.18, 0.4)
    lift = np.clip(lift * temper.brows * AMPLITUDE[energy], 0, 0.8)
    return (lift[:, None] * unit_row({"browInnerUp": 0.8, "browOuterUp": 0.9})).astype(np.float32)


def mood_track(rng: np.random.Generator, times: Track, mood: Mood, strength: float) -> Weights:
    """The mood's units, waxing and waning by a sixth."""
    level = strength * (1 + 0.12 * drift(rng, times, 0.1, 0.4))
    lopsided = 1 + 0.06 * rng.normal() * SIDE
    return np.clip(level[:, None] * unit_row(MOOD_UNITS[mood]) * lopsided, 0, 1).astype(np.float32)
