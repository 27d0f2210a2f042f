"""Hysteresis that keeps still what trembles by less than can be seen: places that move, and levels of pixels.

Knows sequences and thresholds; not what they belong to.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

STAYS = 0.75  # grey levels that a pixel's value may lie beside the level it shows before it shows another
RESTS = 0.1  # pixels that a place's flow may change by before the place moves


def hysteresis(
    values: Float[Tensor, "b t ..."], last: Float[Tensor, "b ..."], by: float, *, whole: bool = False
) -> Float[Tensor, "b t ..."]:
    """Values over time, each of which stays what it last was until it differs from that by more than `by`.

    whole: they change by whole numbers.
    """
    out = []
    for value in values.unbind(1):
        change = F.hardshrink(value - last, by)
        last = last + (change.round_() if whole else change)
        out.append(last)
    return torch.stack(out, 1)


def quantise_with_hysteresis(
    pixels: Float[Tensor, "b c t h w"], shown: Float[Tensor, "b c h w"] | None = None
) -> Float[Tensor, "b c t h w"]:
    """Pixels in [-1, 1] as levels 0..255, each of which stays until its value has clearly left it.

    Rounded by itself, a wall's value that lies between two levels falls now on this side, now on that: it glimmers, and
    a video encoder has to say so in every frame. shown: levels of the frame before; None where there was none.
    """
    levels = ((pixels.clamp(-1, 1) + 1) * 127.5).transpose(1, 2)
    first = levels[:, 0].round() if shown is None else shown
    return hysteresis(levels, first, STAYS, whole=True).transpose(1, 2)
