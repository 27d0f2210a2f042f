"""Texture losses: local energy of fine detail, and of its change over time.

An error counted a pixel charges twice for a hair that lies beside its place and once for none, so it teaches blur.
Energies counted in windows do not ask where exactly a detail lies. Knows frames; not what made them.
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from livetalk.geometry import LUMA

PLANES = (LUMA, (0.5, -0.5, 0.0), (-0.25, -0.25, 0.5))
# Across, down, both, and their second differences: one sum of all would be met by a chessboard of pixels.
BANDS = (
    ((1.0, -1.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    ((1.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    ((1.0, -1.0, 0.0), (-1.0, 1.0, 0.0), (0.0, 0.0, 0.0)),
    ((1.0, -2.0, 1.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    ((1.0, 0.0, 0.0), (-2.0, 0.0, 0.0), (1.0, 0.0, 0.0)),
)
WINDOW = 12  # pixels in which detail is counted together
UNSEEN = (2 / 127.5) ** 2  # energy of two grey levels: less does not count as detail
UNFELT = (0.5 / 127.5) ** 2  # the same between two frames: half a grey level is calm


def planes(frames: Float[Tensor, "m 3 h w"]) -> Float[Tensor, "m3 1 h w"]:
    """Luma (Rec. 601) and two differences of colour, each a picture of its own: detail in grey must not cost hues."""
    made = torch.einsum("mchw,kc->mkhw", frames.float(), torch.tensor(PLANES, device=frames.device))
    return rearrange(made, "m k h w -> (m k) 1 h w")


def detail(grey: Float[Tensor, "m 1 h w"], window: int = WINDOW) -> Float[Tensor, "m bands v u"]:
    """Energies of differences in windows that overlap by half."""
    kernels = torch.tensor(BANDS, device=grey.device)[:, None]
    return F.avg_pool2d(F.conv2d(grey, kernels).square(), window, window // 2)


def patterns(grey: Float[Tensor, "m 1 h w"], window: int = WINDOW) -> Float[Tensor, "m 3 v u"]:
    """Energies of columns, rows and a chessboard that go on through a whole window: no hair grows like that."""
    x, y = (1.0 - 2.0 * (torch.arange(n, device=grey.device) % 2) for n in (grey.shape[-1], grey.shape[-2]))
    signs = torch.stack(torch.broadcast_tensors(x, y[:, None], x * y[:, None]))
    return F.avg_pool2d(grey * signs, window, window // 2).square()


def texture_loss(out: Float[Tensor, "m 3 h w"], truth: Float[Tensor, "m 3 h w"]) -> Tensor:
    """How far apart the logarithms of energies of detail are around each place, at full and at half size.

    Patterns of single pixels count by themselves: a last layer that paints four pixels at once falls into them.
    """
    total = out.new_zeros((), dtype=torch.float32)
    pair = [planes(x) for x in (out, truth)]
    for window in (WINDOW, WINDOW // 2):
        for measure, unseen in ((detail, UNSEEN), (patterns, UNSEEN / 16)):
            a, b = (measure(x, window) + unseen for x in pair)
            total = total + (a / b).log().abs().mean()
        pair = [F.avg_pool2d(x, 2) for x in pair]
    return total


def pace_loss(out: Float[Tensor, "b 3 t h w"], truth: Float[Tensor, "b 3 t h w"], window: int = WINDOW) -> Tensor:
    """How far apart the logarithms of energies of change from frame to frame are around each place: neither trembling
    walls nor faces that stand still."""
    luma = out.new_tensor(PLANES[0], dtype=torch.float32)

    def energy(frames: Tensor) -> Tensor:
        grey = torch.einsum("bcthw,c->bthw", frames.float(), luma)
        return F.avg_pool2d((grey[:, 1:] - grey[:, :-1]).square(), window, window // 2) + UNFELT

    return (energy(out) / energy(truth)).log().abs().mean()
