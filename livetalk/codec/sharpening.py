"""Sharpening of a moved picture: what a bicubic kernel takes between pixels is given back, as much as its detail needs.

Between pixels a kernel averages. How much it takes depends on how fine a picture is: of the energy of a Laplacian, half
a pixel off in one direction, 0.6 is left of rendered skin and 0.8 of a photograph. So each portrait is moved once by
fractions of a pixel, and the strength is solved for that gives back what was lost. Knows pictures; no codec.
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from livetalk.geometry import LUMA

# Of a portrait's detail, that moved by the same fraction of a pixel everywhere it shall have. Less than all of it: flow
# shears what it moves, and eyes and lips are painted on it. With the decoder of 0.7 that added a tenth to a fifth, and
# 0.88 was right; that of 0.8 is smoother.
KEPT = 0.96
STRONGEST = 0.4  # a picture that is all noise would ask for more, and ring
SHIFTS = ((0.25, 0.0), (0.5, 0.0), (0.0, 0.25), (0.0, 0.5), (0.25, 0.25), (0.5, 0.25), (0.25, 0.5), (0.5, 0.5))
WEIGHTS = (2, 1, 2, 1, 4, 2, 2, 1)  # places of a lattice of quarters that are like each: 0.75 is like 0.25
STILL = 1  # and the one that has not moved
FIXED = 0.34  # strength of streams that were kept before each portrait had its own: version 0.7 and earlier


def resharpen(
    picture: Float[Tensor, "m 1 h w"], offset: Float[Tensor, "m 2 h w"], strength: Float[Tensor, "m 1 1 1"]
) -> Float[Tensor, "m 1 h w"]:
    """A picture moved by `offset` (pixels, x and y) with a bicubic kernel, as detailed as it was before.

    What is finer than about three pixels is raised by `strength` where the picture lies half a pixel off in one
    direction, and nothing where nothing was lost; the cube follows what the kernel takes.
    """
    return picture + strength * _taken(offset) * _fine(_fine(picture))


@torch.no_grad()
def sharpening_strength(picture: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 1 1 1"]:
    """Strength with which a picture, moved, keeps the share `KEPT` of its detail: energy of the luma's Laplacian."""
    luma = light(picture.float())
    shown = _detail(luma, luma)
    plain, mixed, raised = (STILL * part for part in (shown, torch.zeros_like(shown), torch.zeros_like(shown)))
    for shift, weight in zip(SHIFTS, WEIGHTS, strict=True):
        moved = _shifted(luma, shift)
        given = _taken(luma.new_tensor(shift).view(1, 2, 1, 1)) * _fine(_fine(moved))
        plain = plain + weight * _detail(moved, moved)
        mixed = mixed + weight * _detail(moved, given)
        raised = raised + weight * _detail(given, given)
    lost = KEPT * (STILL + sum(WEIGHTS)) * shown - plain
    # plain + 2 s mixed + s^2 raised = kept, solved for s; 0 where enough is left, as in a picture of one colour
    root = (mixed.square() + raised * lost.clamp(min=0)).sqrt() - mixed
    return (root / raised.clamp(min=1e-12)).clamp(0, STRONGEST)


def light(x: Float[Tensor, "m 3 h w"]) -> Float[Tensor, "m 1 h w"]:
    """The luma of pixels."""
    return LUMA[0] * x[:, :1] + LUMA[1] * x[:, 1:2] + LUMA[2] * x[:, 2:]


def _taken(offset: Float[Tensor, "m 2 h w"]) -> Float[Tensor, "m 1 h w"]:
    """How much a bicubic kernel takes away: 1 half a pixel off in one direction, 2 in both, 0 on whole pixels."""
    part = offset - offset.floor()
    near = 4 * part * (1 - part)
    return (near * near * near).sum(1, keepdim=True)


def _fine(x: Float[Tensor, "m 1 h w"]) -> Float[Tensor, "m 1 h w"]:
    """What a picture has beside the mean of three by three pixels. Sums of slices: no pooling is as fast on a CPU."""
    wide = F.pad(x, (1, 1, 1, 1), mode="replicate")
    rows = wide[..., :-2] + wide[..., 1:-1] + wide[..., 2:]
    return x - (rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]) / 9


def _shifted(picture: Float[Tensor, "b 1 h w"], shift: tuple[float, float]) -> Float[Tensor, "b 1 h w"]:
    b, _, h, w = picture.shape
    x = (torch.arange(w, device=picture.device) + 0.5 + shift[0]) * (2 / w) - 1
    y = (torch.arange(h, device=picture.device) + 0.5 + shift[1]) * (2 / h) - 1
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).expand(b, h, w, 2)
    return F.grid_sample(picture, grid, mode="bicubic", padding_mode="border", align_corners=False)


def _detail(one: Float[Tensor, "b 1 h w"], other: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b 1 1 1"]:
    """Mean product of two pictures' Laplacians: of one with itself, the energy of its finest structure."""
    return rearrange((_laplacian(one) * _laplacian(other)).mean((1, 2, 3)), "b -> b 1 1 1")


def _laplacian(x: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b 1 h2 w2"]:
    return x[..., :-2, 1:-1] + x[..., 2:, 1:-1] + x[..., 1:-1, :-2] + x[..., 1:-1, 2:] - 4 * x[..., 1:-1, 1:-1]
