"""A small convolutional head at latent resolution: fine detail past a transformer that is narrower than its tokens.

A token of `tiny` covers 768 numbers but is 384 wide: neither the portrait's detail nor the noisy input fits through.
Here the transformer's output, unfolded to latent cells, meets both again; a gate a cell says where the portrait is
simply kept. Knows one latent frame at a time; no time step (the tokens carry it), no attention.
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from livetalk.dit.config import DiTConfig


class _Mix(nn.Module):
    """x + conv(silu(conv(norm(x))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))
        self.first, self.second = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Float[Tensor, "m c h w"]) -> Float[Tensor, "m c h w"]:
        last = x.permute(0, 2, 3, 1)
        normed = F.layer_norm(last, last.shape[-1:], self.gain.to(x.dtype), eps=1e-6).permute(0, 3, 1, 2)
        return x + self.second(F.silu(self.first(normed)))


class DetailHead(nn.Module):
    """Clean latents from the transformer's cells, the noisy latents and the portrait."""

    def __init__(self, cfg: DiTConfig, blocks: int = 2) -> None:
        super().__init__()
        self.enter = nn.Conv2d(cfg.in_channels, cfg.detail, 3, padding=1)
        self.mix = nn.Sequential(*[_Mix(cfg.detail) for _ in range(blocks)])
        self.leave = nn.Conv2d(cfg.detail, cfg.latent_channels + 1, 3, padding=1)
        assert self.leave.bias is not None
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)
        with torch.no_grad():
            self.leave.bias[-1] = 2.0  # most cells of a clip are the portrait's

    def forward(
        self,
        cells: Float[Tensor, "b e f h w"],
        x: Float[Tensor, "b c f h w"],
        reference: Float[Tensor, "b c1 f h w"],
    ) -> Float[Tensor, "b c f h w"]:
        """`cells`: e = `detail` channels of the transformer. The rest as in `DiT.forward`."""
        frames = x.shape[2]
        seen = rearrange(torch.cat([x, reference], 1).to(cells.dtype), "b c f h w -> (b f) c h w")
        inner = self.enter(seen.contiguous(memory_format=torch.channels_last))
        inner = self.mix(inner + rearrange(cells, "b e f h w -> (b f) e h w"))
        out = rearrange(self.leave(inner), "(b f) c h w -> b c f h w", f=frames)
        keep = torch.sigmoid(out[:, -1:])
        return keep * reference[:, :-1].to(out.dtype) + out[:, :-1]
