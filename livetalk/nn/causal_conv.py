"""Causal convolution over time, with its past passed in and out as a value.

The layer keeps nothing between calls: the frames it must remember go in and come out as a value, so that a
stream can be cut anywhere, batched with others, snapshotted or rolled back, and gives the same numbers to the
bit however it is cut. What the frames mean, and when a stream starts, is for the caller to know.
"""

from typing import Any, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn

Past: TypeAlias = Tensor | tuple[Any, ...]
"""What a layer remembers of its stream: a tensor, or a (nested) tuple of such; () for nothing (yet)."""


class CausalConv3d(nn.Conv3d):
    """3-D convolution, zero-padded in space, that sees the current and the `kernel - 1` frames before.

    Parameters and their names are those of `torch.nn.Conv3d`. Kernel sizes are odd, given as one number or as
    (time, height, width).
    """

    def __init__(self, channels: int, out_channels: int, kernel: int | tuple[int, int, int] = 3) -> None:
        size = (kernel, kernel, kernel) if isinstance(kernel, int) else kernel
        assert all(side % 2 for side in size), f"kernel {size} must be odd"
        super().__init__(channels, out_channels, size, padding=(0, size[1] // 2, size[2] // 2))

    @property
    def past_frames(self) -> int:
        """Frames the layer remembers."""
        return self.kernel_size[0] - 1

    def start(self, batch: int, device: torch.device, dtype: torch.dtype) -> Float[Tensor, "b c p 1 1"]:
        """The past of a stream that has none: black frames one cell large, which stand for any grid."""
        return torch.zeros(batch, self.in_channels, self.past_frames, 1, 1, device=device, dtype=dtype)

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, x: Float[Tensor, "b c t h w"], past: Float[Tensor, "b c p _ _"]
    ) -> tuple[Float[Tensor, "b d t h w"], Float[Tensor, "b c p h w"]]:
        """Convolve `x`, the frames that follow `past`; returns as many frames, and the past of the next call."""
        seen = torch.cat([past.to(x.dtype).expand(-1, -1, -1, *x.shape[-2:]), x], dim=2)
        # A copy, so that a carry holds its own few frames and not the whole chunk they were cut from.
        return super().forward(seen), seen[:, :, seen.shape[2] - self.past_frames :].clone()
