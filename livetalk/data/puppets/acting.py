"""The acting of rendered heads, put on a photograph: it begins as the photograph, and acts from there.

Frame 0 has the photograph's own expression and pose, and is the photograph. Within some frames the expression gives way
to the acted one; traits stay: brows, narrow eyes, now and then a little of a smile. Turns are measured from the
photograph's own pose, and stay within what one photograph can show. Does not know pictures or meshes.
"""

import numpy as np
from jaxtyping import Float

from livetalk.data.acting import motion
from livetalk.data.acting.face import STEADY
from livetalk.data.acting.performance import Performance, PhonemeTimeline, perform
from livetalk.data.acting.prompts import Acting
from livetalk.data.arkit import ARKIT
from livetalk.data.heads.mesh import gaze
from livetalk.data.puppets.puppet import look_towards

# Of turns (radians) and shifts (inter-ocular distances) away from the photograph: never exceeded, smoothly.
BOUND = np.array([*np.radians([12.0, 10.0, 8.0]), 0.25, 0.20, 0.25])
EASED = (6.0, 12.0)  # frames in which the photograph's expression gives way
_STREAM = 0xB0B
_KEPT = {"eyeSquint": 0.5, "brow": 0.5, "cheekSquint": 0.5, "eyeBlink": 0.6, "eyeWide": 0.5, "noseSneer": 0.5,
         "mouthLeft": 0.5, "mouthRight": 0.5, "jawLeft": 0.5, "jawRight": 0.5}  # fmt: skip
_SMILE = ("mouthSmile", "mouthFrown", "mouthDimple")
_SMILE_KEPT, _SMILE_SHARE = 0.35, 1 / 3  # how much of it, in how many clips
_AROUND_EYES = np.array([name.startswith(("eye", "brow", "cheekSquint")) for name in ARKIT])


def perform_puppet(
    seed: int,
    own: tuple[Float[np.ndarray, "52"], Float[np.ndarray, "6"]],
    utterance: PhonemeTimeline,
    start_frame: int = 0,
    frames: int = 81,
    acting: Acting | None = None,
) -> Performance:
    """Act as `perform`, from the weights and the pose that are the photograph's own."""
    acted = perform(seed, utterance, start_frame, frames, None, acting)
    rng = np.random.default_rng((_STREAM, seed))
    ease = motion.ease(np.arange(frames) / rng.uniform(*EASED))[:, None]
    weights, pose = own
    kept = _traits(rng)
    base = weights * (1 - ease * (1 - kept))
    asked = acted.weights * ease
    mixed = np.where(_AROUND_EYES, np.maximum(base, asked), 1 - (1 - base) * (1 - asked))
    before = acted.pose.astype(np.float64)
    away = before - before[:1]
    moved = pose + BOUND * np.tanh(away / BOUND)
    looks = np.stack([gaze(acted.weights)[:, :2], gaze(weights[None].repeat(frames, 0))[:, :2]])
    looks[0] += STEADY * (before - moved)[:, :2]  # the same place in the room, seen from the puppet's own pose
    look = looks[1] + ease * (looks[0] - looks[1])
    mixed = np.clip(look_towards(mixed, look), 0, np.maximum(1, weights))  # a photograph may smile beyond 1
    return Performance(mixed.astype(np.float32), moved.astype(np.float32), acted.prompt, acted.acting)


def _traits(rng: np.random.Generator) -> Float[np.ndarray, "52"]:
    """How much of each of the photograph's weights stays."""
    kept = np.array([next((v for stem, v in _KEPT.items() if name.startswith(stem)), 0.0) for name in ARKIT])
    if rng.random() < _SMILE_SHARE:
        kept[[name.startswith(_SMILE) for name in ARKIT]] = _SMILE_KEPT
    return kept
