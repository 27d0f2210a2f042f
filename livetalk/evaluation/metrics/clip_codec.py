"""Reconstruction metrics of the codec on held-out frames, above all at the mouth and in motion.

Knows pixels and a codec; nothing of transformers.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, UInt8

from livetalk.codec.portrait import PortraitCodec
from livetalk.data.clips import Clip
from livetalk.evaluation.metrics.codec_gate import chunks, codec_report, crop, psnr
from livetalk.evaluation.metrics.landmarks import track
from livetalk.performer.stages import to_bytes
from livetalk.presets import PRESETS, TINY
from livetalk.weights import FORMAT, load_bundle, load_into, load_tensors

EYE_BOX = (28, 40)  # height and width around an eye at 256x256, pixels
MEMORY = 3  # latent frames decoded at a time, as in serving

Frames = UInt8[np.ndarray, "t h w 3"]


@dataclass(frozen=True)
class Coded:
    """The truth after the codec."""

    error: float  # mean square, grey levels squared; whole frames
    mouth_error: float
    eye_error: float
    motion: float  # energy of motion inside latent frames, mouth box, truth
    motion_kept: float  # the same after the codec
    gap: Float[np.ndarray, " t"]


def coded(clip: Clip, rebuilt: Frames) -> Coded:
    """Measure the codec on one clip."""
    boxes = np.array(clip.truth["boxes"])
    true = clip.frames
    mouth = codec_report(true[None], rebuilt[None], boxes[None, :, 2])
    eyes = [codec_report(true[None], rebuilt[None], boxes[None, :, k], box=EYE_BOX).mouth_psnr for k in (0, 1)]
    motion = motion_energy(true, boxes[:, 2])
    return Coded(
        error=_square(psnr(true, rebuilt)),
        mouth_error=_square(mouth.mouth_psnr),
        eye_error=float(np.mean([_square(eye) for eye in eyes])),
        motion=motion,
        motion_kept=motion * mouth.motion_energy if motion > 0 else 0.0,
        gap=track(rebuilt).gap,
    )


def motion_energy(frames: Frames, mouths: Float[np.ndarray, "t 2"]) -> float:
    """Energy of deviations from each latent frame's mean in the mouth box: the gate's weight of a clip."""
    total = 0.0
    for part in chunks(len(frames)):
        box = crop(frames[part], mouths[part].mean(axis=0)).astype(np.float32)
        total += float(np.square(box - box.mean(axis=0)).sum(dtype=np.float64))
    return total


@torch.inference_mode()
def round_trip(codec: PortraitCodec, frames: Frames, dtype: torch.dtype) -> Frames:
    """Encode and decode, a block at a time, as serving does."""
    pixels = rearrange(torch.tensor(frames), "t h w c -> 1 c t h w").to(dtype) / 127.5 - 1
    latents, carry = codec.encode(pixels), codec.start(portrait=pixels[:, :, 0])
    parts = []
    for piece in latents.split(MEMORY, dim=2):
        rebuilt, carry = codec.step(piece, carry)
        parts.append(to_bytes(rebuilt)[0])
    return np.concatenate(parts)


def load_codec(path: Path, preset: str = TINY.name) -> PortraitCodec:
    """A codec from a bundle, or from the plain file that training writes. Raises ValueError for anything else."""
    state, metadata = load_tensors(path)
    codec = PRESETS[preset].build_codec()
    load_into(codec, load_bundle(path)[0] if FORMAT in metadata else state)
    return codec.eval().requires_grad_(False)


def _square(decibels: float) -> float:
    return 255.0**2 * 10.0 ** (-decibels / 10.0)
