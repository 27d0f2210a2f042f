"""Acted performance of one clip: ARKit weights and poses from phonemes, attributes and motion, by seed.

Frame i of a clip shows the utterance at (start_frame + i) / 16 seconds. Frame 0 acts as the portrait: in four clips
of five mouth and mood start from rest there and come in over the next 3 to 8 frames; in the fifth the clip starts in
the middle of things. Does not know meshes, pictures, or the audio's samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float

from livetalk.data.acting import face, motion
from livetalk.data.acting.prompts import Acting, sample_acting, write_prompt
from livetalk.data.acting.visemes import Articulation, Timed, articulate, seal_lips, stressed
from livetalk.data.arkit import ARKIT
from livetalk.geometry import FRAME_RATE

HELD_OUT_FROM = 900_000_000  # seeds from here on give held-out paraphrases (and elsewhere people, voices, sentences)
_STREAM = 0xAC7  # keeps these draws apart from those of other modules that use the same seed
_MOUTH = np.array([name.startswith(("mouth", "jaw")) for name in ARKIT])
_OPENERS = np.array([name in ("jawOpen", "mouthFunnel") or name.startswith("mouthUpper") for name in ARKIT])
_SPREADERS = np.array([name.startswith(("mouthSmile", "mouthDimple", "mouthStretch", "mouthFrown")) for name in ARKIT])
_BLINK = np.array([name.startswith("eyeBlink") for name in ARKIT])


class PhonemeTimeline(Protocol):
    """The part of an utterance that acting needs."""

    @property
    def phonemes(self) -> Sequence[Timed]: ...


@dataclass(frozen=True)
class Performance:
    weights: Float[np.ndarray, "t 52"]  # ARKit weights, 0..1
    pose: Float[np.ndarray, "t 6"]  # yaw, pitch, roll (rad), x, y, z (inter-ocular distances)
    prompt: str
    acting: Acting


def perform(
    seed: int,
    utterance: PhonemeTimeline,
    start_frame: int = 0,
    frames: int = 81,
    person: str | None = None,
    acting: Acting | None = None,
) -> Performance:
    """Act `frames` frames of an utterance from `start_frame` on (it may lie before 0 or past the end: silence).

    person: "woman", "man" or None, what the prompt may call the speaker. acting: instead of drawn attributes.
    The same arguments give the same performance. About 2 ms.
    """
    rng = np.random.default_rng((_STREAM, seed))
    drawn = sample_acting(rng)
    acting = drawn if acting is None else acting
    prompt = write_prompt(acting, rng, held_out=seed >= HELD_OUT_FROM, person=person)
    temper, style = motion.Temper.sample(rng), Articulation.sample(rng)
    ramped = rng.random() < 0.8
    times = (start_frame + np.arange(frames)) / FRAME_RATE
    local = times - times[0] + (0.0 if ramped else 2.0)  # the clock of motion; past 2 s everything is under way
    onset = motion.ease(np.arange(frames) / rng.integers(3, 9)) if ramped else np.ones(frames)
    phonemes = [p for p in utterance.phonemes if p[2] > times[0] - 1 and p[1] < times[-1] + 1]
    beats = [(middle - times[0] + local[0], stress) for middle, stress in stressed(phonemes)]

    mouth = articulate(phonemes, times, energetic(style, acting))
    speaking = activity(phonemes, times)
    mood = face.mood_track(rng, local, acting.mood, temper.mood) * onset[:, None]
    pose = motion.head_pose(rng, local, acting, temper, beats, speaking)
    expression = mood + face.brow_track(rng, local, temper, acting.energy, beats) * onset[:, None]
    expression += face.look(face.gaze_path(rng, local, acting.gaze), pose)
    lids = face.blinks(rng, local, temper.blinks, not_before=0.2 if ramped else 0.0)
    expression[:, _BLINK] = np.maximum(np.minimum(expression[:, _BLINK], 0.45), lids[:, None])
    weights = join(mouth.weights * onset[:, None], expression, mouth.seal * onset, mouth.rounding * onset)
    return Performance(weights, pose, prompt, acting)


def energetic(style: Articulation, acting: Acting) -> Articulation:
    """Lively people open the mouth more."""
    gain = {"calm": 0.88, "normal": 1.0, "lively": 1.12}[acting.energy]
    return Articulation(style.strength * gain, style.rounding, style.asymmetry, style.parted)


def join(
    mouth: Float[np.ndarray, "t 52"],
    expression: Float[np.ndarray, "t 52"],
    seal: Float[np.ndarray, " t"],
    rounding: Float[np.ndarray, " t"],
) -> Float[np.ndarray, "t 52"]:
    """Speech and mood share the mouth: a smile gives way to rounding, what a mood opens gives way to closures."""
    given = expression.copy()
    given[:, _OPENERS] *= 1 - seal[:, None]
    given[:, _SPREADERS] *= 1 - np.clip(0.75 * rounding, 0, 0.65)[:, None]
    total = np.where(_MOUTH, 1 - (1 - np.clip(mouth, 0, 1)) * (1 - np.clip(given, 0, 1)), given + mouth)
    return seal_lips(np.clip(total, 0, 1), seal)


def activity(phonemes: Sequence[Timed], times: Float[np.ndarray, " t"]) -> Float[np.ndarray, " t"]:
    """0 in silence .. 1 while sounds are made, smoothed over a fifth of a second."""
    spans = [(start, end) for symbol, start, end in phonemes if symbol.isalpha()]
    if not spans:
        return np.zeros(len(times))
    start, end = np.array(spans).T
    near = np.minimum(times[:, None] - start, end - times[:, None]).max(axis=1)  # above 0 inside a sound
    return motion.ease(1 + near / 0.35)
