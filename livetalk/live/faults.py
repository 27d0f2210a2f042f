"""Fault detector of blocks: finds and counts NaN, exploding, black and frozen ones before they are shown.

Pure checks on one block's latents and frames. Does not know what follows from a fault: that a block is made again with
fresh noise, or the last good frame held, is the caller's business, who also counts it here.
"""

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from livetalk.geometry import LUMA

Frame = UInt8[np.ndarray, "h w 3"]
GRID = 4  # every fourth pixel each way is enough for a frame's mean luminance


class Fault(Enum):
    """Kind of fault of a block, the first that applies in this order."""

    NAN = "nan"  # latents that are not finite
    EXPLODED = "exploded"  # latents far outside of what the codec ever encodes
    BLACK = "black"  # a frame without light, of a portrait with light
    FROZEN = "frozen"  # nothing moves: a live face never holds still


@dataclass(frozen=True)
class FaultLimits:
    """Bounds between good and bad. Latents are normalised: mean 0, deviation 1 a channel over the training clips."""

    # Of 12 bundled portraits, a photo and 4 rendered clips the largest |value| is 19.7; of white noise 9.
    largest: float = 60.0
    # Root mean square of the whole block. The same pictures reach 1.25; noise 1.4, a white picture 1.9.
    power: float = 5.0
    # Mean luminance, grey levels, below which a frame is black; the darkest bundled portrait and clip have 72.
    black: float = 6.0
    # Share of the portrait's luminance that takes the place of `black` where smaller: a portrait can be dark.
    black_share: float = 0.25
    # Mean absolute difference, grey levels, below which two frames are one; the stillest neighbours seen have 0.2.
    frozen: float = 1e-3


@dataclass
class FaultCounts:
    """Faults of one stream by kind, and what the caller did: blocks made again, blocks replaced by a held frame."""

    nan: int = 0
    exploded: int = 0
    black: int = 0
    frozen: int = 0
    retried: int = 0
    held: int = 0

    def add(self, fault: Fault) -> None:
        setattr(self, fault.value, getattr(self, fault.value) + 1)

    def note_retry(self) -> None:
        self.retried += 1

    def note_held(self) -> None:
        self.held += 1

    @property
    def faults(self) -> int:
        return self.nan + self.exploded + self.black + self.frozen


class FaultDetector:
    """The checks of one stream, with its portrait's light and its counts."""

    def __init__(self, portrait: Frame, limits: FaultLimits = FaultLimits()) -> None:
        self.limits, self.counts = limits, FaultCounts()
        self.luma = float(luminances(portrait[None])[0])

    def check(
        self, latents: Float[Tensor, "b c f h2 w2"], frames: UInt8[np.ndarray, "t h w 3"] | None, before: Frame | None
    ) -> Fault | None:
        """The block's fault, counted, or None. A retried block is checked, and counted, again.

        frames: None if they are not decoded yet. before: the frame shown before the block; None for a stream's first.
        """
        fault = fault_of(latents, frames, before, self.luma, self.limits)
        if fault is not None:
            self.counts.add(fault)
        return fault


def fault_of(
    latents: Float[Tensor, "b c f h2 w2"],
    pixels: UInt8[np.ndarray, "t h w 3"] | None,
    before: Frame | None,
    luma: float = 255.0,
    limits: FaultLimits = FaultLimits(),
) -> Fault | None:
    """The first fault of a block, or None. Waits for the latents' device once.

    luma: the portrait's mean luminance, 0..255. pixels and before may be None: what needs them is then not judged.
    """
    values = latents.detach().float()
    power = values.square().mean(dim=(1, 2, 3, 4)).amax().sqrt()
    largest, power = torch.stack([values.abs().amax(), power]).tolist()
    if not math.isfinite(largest):  # a NaN anywhere is the largest too
        return Fault.NAN
    if largest > limits.largest or power > limits.power:
        return Fault.EXPLODED
    if pixels is None or not len(pixels):
        return None
    if luminances(pixels).min() < min(limits.black, limits.black_share * luma):
        return Fault.BLACK
    return Fault.FROZEN if _frozen(pixels, before, limits.frozen) else None


def luminances(frames: UInt8[np.ndarray, "t h w 3"]) -> Float[np.ndarray, " t"]:
    """Mean luminance of each frame, 0..255, from a grid of its pixels."""
    return frames[:, ::GRID, ::GRID].mean(axis=(1, 2)) @ np.array(LUMA)


def _frozen(frames: UInt8[np.ndarray, "t h w 3"], before: Frame | None, limit: float) -> bool:
    """Whether all frames equal the one before the block, or the first one where there is none before it."""
    if len(frames) == 1:
        return False  # a stream's first frame is its portrait, to the bit: a picture, not a stopped film
    still = (frames[0] if before is None else before).astype(np.int16)
    return all(np.abs(frame - still).mean() < limit for frame in frames[::-1])  # the last one has moved the most
