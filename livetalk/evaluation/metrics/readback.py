"""Readback of a face's acting from measured frames: its mood, its head's movement and where it looks.

Blendshapes and pose are compared with what 150 renders of training seeds showed for each word: the nearest wins.
Faces differ at rest, so moods and lowered eyes are measured from the portrait on. Energy is not read: on the rendered
truth itself landmarks tell it no better than a coin would. Knows curves; not prompts, models or pictures.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from livetalk.evaluation.metrics.landmarks import FaceTrack

SETTLING = 8  # frames in which a clip grows out of its portrait
FAST, SLOW = 3, 17  # frames: nods and shakes are what is left between these two moving averages
QUIET = 0.003  # radians, added before the logarithm

_PAIRS = {  # measures and the blendshapes they are means of; those of gaze are to the picture's left and right
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "frown": ("mouthFrownLeft", "mouthFrownRight"),
    "brow down": ("browDownLeft", "browDownRight"),
    "brow up": ("browOuterUpLeft", "browOuterUpRight"),
    "inner": ("browInnerUp",),
    "squint": ("eyeSquintLeft", "eyeSquintRight"),
    "wide": ("eyeWideLeft", "eyeWideRight"),
    "left": ("eyeLookOutRight", "eyeLookInLeft"),
    "right": ("eyeLookOutLeft", "eyeLookInRight"),
    "down": ("eyeLookDownLeft", "eyeLookDownRight"),
}


@dataclass(frozen=True)
class AttributeVocabulary:
    """The alternatives of an attribute and where each lies among some measures."""

    measures: tuple[str, ...]
    spread: tuple[float, ...]  # of each measure within a word
    means: dict[str, tuple[float, ...]]

    def nearest(self, seen: dict[str, float]) -> str:
        row, spread = np.array([seen[name] for name in self.measures]), np.array(self.spread)
        return min(self.means, key=lambda word: float(np.square((row - self.means[word]) / spread).sum()))


ATTRIBUTES = {
    "mood": AttributeVocabulary(
        ("smile grown", "frown grown", "brow down grown", "brow up grown", "inner grown", "squint grown", "wide grown"),
        (0.18, 0.08, 0.11, 0.14, 0.15, 0.10, 0.04),
        {
            "neutral": (0.01, 0.00, 0.00, 0.01, 0.00, 0.03, 0.00),
            "happy": (0.47, -0.01, -0.01, 0.00, -0.01, 0.15, -0.02),
            "sad": (-0.07, 0.10, -0.02, 0.13, 0.26, 0.05, -0.01),
            "angry": (0.01, 0.09, 0.25, -0.18, -0.24, 0.21, -0.01),
            "surprised": (0.00, 0.00, -0.01, 0.22, 0.14, -0.11, 0.08),
        },
    ),
    "head": AttributeVocabulary(
        ("shaking", "nodding"),
        (0.31, 0.24),
        {
            "still": (-4.92, -4.58),
            "nod": (-4.41, -2.89),
            "shake": (-2.48, -4.29),
        },
    ),
    "gaze": AttributeVocabulary(
        ("left", "right", "down grown", "pitch grown"),
        (0.05, 0.06, 0.11, 0.04),
        {
            "camera": (0.08, 0.12, 0.04, 0.00),
            "left": (0.53, 0.05, 0.09, -0.01),
            "right": (0.02, 0.58, 0.03, 0.00),
            "down": (0.06, 0.16, 0.14, 0.05),
        },
    ),
}  # fmt: skip


def read(track: FaceTrack, portrait: FaceTrack) -> dict[str, str]:
    """The word that fits each attribute best; empty if too few frames show a face.

    portrait: a track whose first frame is the portrait.
    """
    seen = measures(track, portrait)
    return {name: words.nearest(seen) for name, words in ATTRIBUTES.items()} if seen else {}


def measures(track: FaceTrack, portrait: FaceTrack) -> dict[str, float]:
    """Measures from which attributes are read, by name; empty if too few frames show a face."""
    use = track.found & (np.arange(len(track.gap)) >= SETTLING)
    if use.sum() < SLOW or not portrait.found[0]:
        return {}
    shapes = track.blendshapes[use].mean(axis=0)
    grown = shapes - portrait.blendshapes[0]
    places = {name: [track.names.index(shape) for shape in pair] for name, pair in _PAIRS.items()}
    pose = track.pose[use]
    return {
        **{name: float(shapes[place].mean()) for name, place in places.items()},
        **{f"{name} grown": float(grown[place].mean()) for name, place in places.items()},
        "pitch grown": float(pose[:, 1].mean() - portrait.pose[0, 1]),
        "shaking": _swing(pose[:, 0]),
        "nodding": _swing(pose[:, 1]),
    }


def _swing(angle: Float[np.ndarray, " t"]) -> float:
    """Logarithm of the size of what is too fast for a posture and too slow for noise."""
    return float(np.log(np.std(_smooth(angle, FAST) - _smooth(angle, SLOW)) + QUIET))


def _smooth(curve: Float[np.ndarray, " t"], frames: int) -> Float[np.ndarray, " t"]:
    padded = np.pad(curve, frames // 2, mode="edge")
    return np.convolve(padded, np.ones(frames) / frames, "valid")
