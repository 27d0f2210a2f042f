"""Rotary positions over latent frame, row and column (Su et al. 2021; axis split as in Wan2.1).

Angles are computed in float64 and kept as float32 cosine and sine; channels (2j, 2j+1) of a head form pair j; pairs
are ordered time, height, width. Knows no cache and no block: callers say which time position each frame has.
"""

from dataclasses import dataclass

import torch
from einops import repeat
from jaxtyping import Float, Real
from torch import Tensor


@dataclass(frozen=True)
class RotaryEmbedding:
    """Cosine and sine for n tokens, [n, head_dim / 2] each, float32."""

    cos: Float[Tensor, "n j"]
    sin: Float[Tensor, "n j"]

    def __getitem__(self, tokens: slice) -> "RotaryEmbedding":
        return RotaryEmbedding(self.cos[tokens], self.sin[tokens])


def axis_dims(head_dim: int) -> tuple[int, int, int]:
    """Channels of a head given to time, height and width; 128 -> (44, 42, 42)."""
    side = 2 * (head_dim // 6)
    return head_dim - 2 * side, side, side


def rotary_embedding(
    times: Real[Tensor, " f"], height: int, width: int, head_dim: int, theta: float = 10_000.0
) -> RotaryEmbedding:
    """Rotation of f latent frames of `height` x `width` tokens, frame-major. `times` are positions in latent frames."""
    device = times.device
    grids = (times.double(), torch.arange(height, device=device).double(), torch.arange(width, device=device).double())
    angles = []
    for grid, dim in zip(grids, axis_dims(head_dim), strict=True):
        speed = theta ** (-torch.arange(0, dim, 2, device=device).double() / dim)
        angles.append(grid[:, None] * speed)
    frames, rows, columns = angles
    n = len(times)
    table = torch.cat(
        [
            repeat(frames, "f j -> (f h w) j", h=height, w=width),
            repeat(rows, "h j -> (f h w) j", f=n, w=width),
            repeat(columns, "w j -> (f h w) j", f=n, h=height),
        ],
        dim=1,
    )
    return RotaryEmbedding(table.cos().float(), table.sin().float())


def apply_rotary(x: Float[Tensor, "b n k d"], by: RotaryEmbedding) -> Float[Tensor, "b n k d"]:
    """Rotate every pair of channels by its angle; computed in float32, returned in the type of `x`."""
    complex_pays = x.device.type == "cpu" and not torch.compiler.is_compiling()  # compilers know no complex numbers
    if complex_pays and not torch.is_grad_enabled():  # the same numbers, seven times as fast
        turn = torch.complex(by.cos, by.sin)[:, None]
        turned = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)).contiguous()) * turn
        return torch.view_as_real(turned).flatten(-2).to(x.dtype)
    even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = by.cos[:, None], by.sin[:, None]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2).to(x.dtype)
