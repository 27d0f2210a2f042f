"""Head motion while speaking, and the random processes that drive it.

The head eases between postures it holds for a while, drifts a little and breathes; it dips on stressed syllables; nods
and shakes come in bursts of two or three cycles. Amplitudes are set so that each attribute of a prompt can be told
from the video alone at 16 frames a second. Angles in radians, offsets in inter-ocular distances, time in seconds.

Conventions are the renderer's: +yaw turns to the right of the picture, +pitch looks down, +roll is clockwise in the
picture; +x is to the right, +y up, +z towards the camera. Does not know phonemes (only times of stress), prompts as
text, or what the face does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from livetalk.data.acting.prompts import Acting, Energy, Gaze

YAW, PITCH, ROLL, X, Y, Z = range(6)
POSE_BOUND = np.array([0.42, 0.32, 0.22, 0.35, 0.30, 0.35], np.float32)  # never exceeded, smoothly

AMPLITUDE: dict[Energy, float] = {"calm": 0.6, "normal": 1.0, "lively": 1.5}
TEMPO: dict[Energy, float] = {"calm": 0.75, "normal": 1.0, "lively": 1.35}
_STILL = 0.18  # of the usual sway, when the prompt asks for a still head

Track = Float[np.ndarray, " t"]


@dataclass(frozen=True)
class Temper:
    """How one speaker moves: drawn once a clip."""

    sway: float  # size of head movement
    rest: tuple[float, float, float]  # yaw, pitch, roll the head returns to
    blinks: float  # mean seconds between blinks
    brows: float  # size of brow movement
    emphasis: float  # size of head dips on stressed syllables
    mood: float  # strength of the mood shown

    @classmethod
    def sample(cls, rng: np.random.Generator) -> "Temper":
        rest = (rng.normal() * 0.05, rng.normal() * 0.025, rng.normal() * 0.025)
        return cls(
            sway=rng.uniform(0.7, 1.3), rest=rest, blinks=rng.uniform(2.3, 4.5), brows=rng.uniform(0.5, 1.2),
            emphasis=rng.uniform(0.5, 1.3), mood=rng.uniform(0.85, 1.1),
        )  # fmt: skip


def ease(x: np.ndarray) -> np.ndarray:
    """0 .. 1 with zero slope and curvature at both ends, as hands and heads move (minimum jerk)."""
    x = np.minimum(np.maximum(x, 0.0), 1.0)
    return x * x * x * (10 - x * (15 - 6 * x))


def pushes(
    times: Track, middles: Float[np.ndarray, " p"], sizes: Float[np.ndarray, " p"], rise: float, fall: float
) -> Track:
    """The sum of smooth pushes: each up over `rise` seconds, its size at its middle, down over `fall`."""
    after = times[:, None] - middles
    return ease(1 + np.where(after < 0, after / rise, -after / fall)) @ sizes


def drift(rng: np.random.Generator, times: Track, lowest: float, highest: float) -> Track:
    """Smooth noise of unit variance: five random tones between two frequencies, in Hz."""
    tones = rng.uniform(lowest, highest, 5)
    phases = rng.uniform(0, 2 * np.pi, 5)
    size = rng.normal(size=5) / (tones / lowest) ** 0.5
    size *= np.sqrt(2 / np.sum(size * size))
    return np.sin(2 * np.pi * times[:, None] * tones + phases) @ size


def postures(rng: np.random.Generator, times: Track, hold: float, move: float) -> Float[np.ndarray, "t 3"]:
    """Yaw, pitch and roll (unit scale) easing between random postures held about `hold` seconds each."""
    track = np.tile(rng.normal(size=3), (len(times), 1))
    here, now = track[0].copy(), rng.uniform(0, hold)
    while now < times[-1]:
        target = rng.normal(size=3)
        target[2] = 0.5 * target[2] + 0.5 * target[0] * rng.choice((-1, 1))
        track += ease((times - now) / move)[:, None] * (target - here)
        here, now = target, now + move + rng.gamma(4.0, hold / 4)
    return track


def bursts(rng: np.random.Generator, times: Track, rate: float) -> Track:
    """Cycles in bursts of two or three with short rests: 0 at rest, swings between -1 and 1 at about `rate` Hz."""
    track, now = np.zeros(len(times)), rng.uniform(0.1, 0.6)
    while now < times[-1]:
        cycles, pace, size = rng.integers(2, 4), rate * rng.uniform(0.9, 1.12), rng.uniform(0.85, 1.15)
        phase = (times - now) * pace
        inside = ease(phase / 0.4) * ease((cycles - phase) / 0.4)
        track += size * inside * np.sin(2 * np.pi * phase)
        now += cycles / pace + rng.uniform(0.15, 0.6)
    return track


def head_pose(
    rng: np.random.Generator,
    times: Track,
    acting: Acting,
    temper: Temper,
    beats: Sequence[tuple[float, float]] = (),
    speaking: Track | None = None,
) -> Float[np.ndarray, "t 6"]:
    """Pose over time. `beats`: (seconds, strength) of stressed syllables; `speaking`: 0 silent .. 1 speaking."""
    amplitude, tempo = AMPLITUDE[acting.energy], TEMPO[acting.energy]
    speaking = np.ones(len(times)) if speaking is None else speaking
    free = _STILL if acting.head == "still" and "head" in acting.mentioned else 1.0
    free *= 0.6 if acting.head != "still" else 1.0
    sway = free * amplitude * temper.sway * (0.55 + 0.45 * speaking)
    posture = postures(rng, times, hold=1.3 / tempo, move=0.62 / tempo)
    pose = np.zeros((len(times), 6))
    for axis, size in ((YAW, 0.085), (PITCH, 0.040), (ROLL, 0.030)):
        wander = drift(rng, times, 0.15 * tempo, 0.7 * tempo)
        pose[:, axis] = temper.rest[axis] + size * sway * (0.8 * posture[:, axis] + 0.45 * wander)
    if beats:
        middles, stress = np.array(beats).T
        chosen = (rng.random(len(beats)) < 0.7) * rng.uniform(0.5, 1.3, len(beats))
        dips = 0.040 * temper.emphasis * min(free * amplitude, 1.6) * stress * chosen
        pose[:, PITCH] += pushes(times, middles + 0.03, dips, 0.16, 0.24)
        pose[:, YAW] += pushes(times, middles, 0.4 * dips * rng.normal(size=len(beats)), 0.2, 0.3)
    gain = 0.72 + 0.28 * amplitude
    if acting.head == "nod":
        pose[:, PITCH] += 0.125 * gain * bursts(rng, times, 1.25 * tempo**0.5)
    elif acting.head == "shake":
        cycles = bursts(rng, times, 1.15 * tempo**0.5)
        pose[:, YAW] += 0.165 * gain * cycles * rng.choice((-1, 1))
    pose += _gaze_turn(acting.gaze, len(times)) * ease((times - times[0]) / 0.7)[:, None]
    pose[:, PITCH] += 0.05 if acting.mood == "sad" else 0.0
    pose[:, X] = 0.12 * pose[:, YAW] + 0.03 * sway * drift(rng, times, 0.1, 0.4)
    breath = np.sin(2 * np.pi * (times * rng.uniform(0.22, 0.32) + rng.random()))
    pose[:, Y] = -0.10 * (pose[:, PITCH] - temper.rest[PITCH]) + 0.006 * amplitude * breath
    pose[:, Z] = 0.035 * sway * drift(rng, times, 0.1, 0.35)
    pose[:, PITCH] -= 0.004 * amplitude * breath
    return (POSE_BOUND * np.tanh(pose / POSE_BOUND)).astype(np.float32)


def _gaze_turn(gaze: Gaze, frames: int) -> Float[np.ndarray, "t 6"]:
    """The head follows the eyes a little."""
    turn = np.zeros((frames, 6))
    turn[:, YAW] = {"left": -0.09, "right": 0.09}.get(gaze, 0.0)
    turn[:, PITCH] = 0.07 if gaze == "down" else 0.0
    return turn
