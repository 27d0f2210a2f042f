"""Hysteresis that keeps still what trembles by less than can be seen: places that move, and levels of pixels.

Knows sequences and thresholds; not what they belong to.
"""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

STAYS = 0.75  # grey levels that a pixel's value may lie beside the level it shows before it shows another
RESTS = 0.1  # pixels that a place's flow may change by before the place moves


def hysteresis(values: Float[Tensor, "b t ..."], last: Float[Tensor, "b ..."], by: float) -> Float[Tensor, "b t ..."]:
    """Values over time, each of which stays what it last was until it differs from that by more than `by`."""
    out = []
    for value in values.unbind(1):
        last = last + F.hardshrink(value - last, by)
        out.append(last)
    return torch.stack(out, 1)


def quantise_with_hysteresis(
    frames: Iterable[Float[Tensor, "b c h w"]], shown: Float[Tensor, "b c h w"] | None = None
) -> list[Float[Tensor, "b c h w"]]:
    """Frames in [-1, 1] as levels 0..255, each of which stays until its value has clearly left it.

    Rounded by itself, a wall's value that lies between two levels falls now on this side, now on that: it glimmers, and
    a video encoder has to say so in every frame. shown: levels of the frame before; None where there was none.
    """
    out = list[Tensor]()
    for frame in frames:  # one by one: a frame fits a cache
        level = frame.clamp(-1, 1).add_(1).mul_(127.5)
        shown = level.round_() if shown is None else F.hardshrink(level.sub_(shown), STAYS).round_().add_(shown)
        out.append(shown)
    return out
