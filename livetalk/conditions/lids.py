"""Lids of a face, a condition beside speech: when it blinks.

Neither sound nor prompt says when somebody blinks, and a student that regresses what it cannot know leaves it out. So
the moment is given: in training it is the clip's own, in serving it is drawn here. Knows frames, blocks
and seeds only.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from livetalk.geometry import FRAME_RATE, Geometry

SLOT = round(3.4 * FRAME_RATE)  # frames in which a face blinks once: 18 times a minute, as people at rest do
BLINK = (0.3, 1.0, 1.0, 0.7)  # lids while it does, frame by frame: a slow one, which networks shut more surely
OPEN_FIRST = 8  # frames of a session in which it does not
LOUD = 4.0  # what shut lids weigh beside a speech encoder's features, each of which varies by 1
DROOP = 0.45  # of a lid's shape at most by mood and gaze; blinks lie above


def blinking(first: int, frames: int, seed: int, geometry: Geometry) -> Float[np.ndarray, " t"]:
    """Lid closure, 0 open to 1 shut, of `frames` video frames from number `first` on: the same for the same seed.

    Blinks begin with the last latent frame of a block: there networks shut lids most.
    """
    closure = np.zeros(frames)
    block = geometry.block_latents * geometry.time_compression
    last = geometry.frames_of_block(0).stop - geometry.time_compression
    for slot in range(max(0, first - len(BLINK)) // SLOT, (first + frames + block) // SLOT + 1):
        begin = slot * SLOT + int(np.random.default_rng((seed % 2**32, slot)).integers(SLOT))
        begin -= (begin - last) % block
        for frame, lid in enumerate(BLINK, begin):
            if frame >= OPEN_FIRST and first <= frame < first + frames:
                closure[frame - first] = max(closure[frame - first], lid)
    return closure


def blinks_of(shapes: Float[np.ndarray, "*b 2"]) -> Float[np.ndarray, "*b"]:
    """Lid closure by blinks alone, of the weights of both lids' shapes."""
    return np.clip((shapes.mean(-1) - DROOP) / (1 - DROOP), 0, 1)


def with_lids(rows: Float[Tensor, "b t a"], closure: Float[np.ndarray, "b t"]) -> Float[Tensor, "b t a1"]:
    """Feature rows of speech with what the lids do behind them, a number a frame."""
    return torch.cat([rows, LOUD * torch.from_numpy(closure).to(rows)[..., None]], -1)
