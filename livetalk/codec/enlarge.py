"""Frames larger than they are coded: the portrait is moved at its own size, what is painted is stretched.

The flow and the share that stays change smoothly, the portrait's own detail is not in them: so a codec that has learned
at one size gives frames of another, as sharp as the portrait wherever the portrait is shown. Colour comes from the
smaller frames, as films store it: only the light is moved at the full size. `blocks.warp` moves the portrait once by
thirds of a pixel; between these entries of a table a bilinear kernel, the cheapest there is, moves it in every frame.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from livetalk.codec.blocks import by_turns, warp
from livetalk.codec.motion import Decoded
from livetalk.codec.sharpening import light, sharpening_strength

FINER = 3  # entries of a table along a pixel
BLUR = 0.125  # of the second difference of entries, which a bilinear kernel takes away between them


def light_table(picture: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 1 h3 w3"]:
    """The light of a picture at every third of a pixel; entries on whole pixels are the picture's own."""
    shifts = torch.arange(FINER, device=picture.device) / FINER
    flow = torch.stack([shifts.repeat(FINER), shifts.repeat_interleave(FINER)], 1)
    flow = flow[:, :, None, None].expand(len(picture), -1, -1, *picture.shape[2:])
    planes = light(warp(picture, flow, 1, strength=sharpening_strength(picture)))
    table = rearrange(planes, "(b j i) one h w -> b one (h j) (w i)", i=FINER, j=FINER)
    return _crisp(_crisp(table).mT).mT.contiguous()


def enlarge(made: Decoded, table: Float[Tensor, "b 1 h3 w3"]) -> Iterator[Float[Tensor, "b 3 hs ws"]]:
    """The frames one by one at the size of the picture whose table it is."""
    shone = _moved(table, made.flow.float())
    parts = zip(*(part.float().unbind(1) for part in (made.pixels, made.moved, made.kept)), strict=True)
    for i, (frame, moved, kept) in enumerate(parts):
        wide = torch.cat([frame - kept * light(moved), kept], 1)
        while wide.shape[-1] < shone.shape[-1]:
            wide = wider(taller(wide))
        yield torch.addcmul(wide[:, :3], wide[:, 3:], shone[:, :, :, i])


def _moved(table: Float[Tensor, "b 1 h3 w3"], flow: Float[Tensor, "b t 2 h w"]) -> Float[Tensor, "b 1 hs t ws"]:
    """The light of a picture, moved. Frames take turns row by row: the table is fetched from memory once for all."""
    t, _, h, w = flow.shape[1:]
    halves = flow.new_tensor((2 / w, 2 / h)).view(2, 1, 1)  # `grid_sample` counts in half sides of a picture
    planes = rearrange(flow * halves, "b t two h w -> b two h t w")
    while planes.shape[2] < table.shape[2] // FINER:
        planes = rearrange(taller(planes.flatten(3)), "b two h (t w) -> b two h t w", t=t)
        planes = rearrange(wider(planes.flatten(2, 3)), "b two (h t) w -> b two h t w", t=t)
    h, w = planes.shape[2], planes.shape[4]
    x, y = (torch.arange(side, device=table.device) * (2 / side) + 1 / (FINER * side) - 1 for side in (w, h))
    grid = by_turns(planes[:, 0] + x, planes[:, 1] + y[:, None, None]).flatten(1, 2)
    out = F.grid_sample(table, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return rearrange(out, "b one (h t) w -> b one h t w", t=t)


def taller(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w"]:
    """Pictures twice as high by a bilinear kernel: with `wider` as `F.interpolate`, in half of its time."""
    h, near, wide = x.shape[2], 0.75 * x, F.pad(x, (0, 0, 1, 1), mode="replicate")
    return torch.stack([torch.add(near, wide[:, :, at : at + h], alpha=0.25) for at in (0, 2)], 3).flatten(2, 3)


def wider(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w2"]:
    """Pictures twice as wide."""
    w, near, wide = x.shape[3], 0.75 * x, F.pad(x, (1, 1, 0, 0), mode="replicate")
    return by_turns(*(torch.add(near, wide[..., at : at + w], alpha=0.25) for at in (0, 2))).flatten(-2)


def _crisp(table: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b 1 h w"]:
    """The table with what a bilinear kernel will take away put on beforehand, column by column."""
    wide = F.pad(table, (1, 1, 0, 0), mode="replicate")
    bend = wide[..., :-2] - 2 * table + wide[..., 2:]
    bend[..., ::FINER] = 0  # on whole pixels a picture stays what it is
    return table - BLUR * bend
