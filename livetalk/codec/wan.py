"""Wan2.1's video VAE: 4x in time, 8x8 in space, 16 channels; loads the published checkpoint as it is.

Works chunk by chunk (pixels: 1, 4, 4, ... frames; latents: one by one) with an explicit memory, so that memory
does not grow with the clip and a stream gives the same frames, to the bit, as the whole clip. Knows nothing of
files. Source: Wan2.1 `Wan2.1_VAE.pth`, 194 tensors, 126,892,531 parameters (arXiv 2503.20314, section 4.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from livetalk.codec.base import Carry, as_bytes
from livetalk.codec.wan_blocks import Decoder, Encoder
from livetalk.weights import load_into

# Statistics of the published latents, per channel.
# fmt: off
MEAN = (-0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508,
        0.4134, -0.0715, 0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921)
STD = (2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743,
       3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.9160)
# fmt: on


@dataclass(frozen=True)
class WanConfig:
    """Shape of the VAE; the defaults are the published one. The 16 latent channels are fixed by their statistics."""

    width: int = 96
    multipliers: tuple[int, ...] = (1, 2, 4, 4)  # width of every stage, in units of `width`
    depth: int = 2  # residuals a stage of the encoder (the decoder has one more)
    halves_time: tuple[bool, ...] = (False, True, True)  # whether the end of a stage halves the frame rate


class WanCodec(nn.Module):
    """Wan2.1's VAE as a `livetalk.codec.base.Codec`.

    Computes in the dtype of its weights (statistics included: in bfloat16 they are rounded like the published
    wrapper rounds them) and returns float32.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: WanConfig = WanConfig()) -> None:
        super().__init__()
        widths = tuple(config.width * m for m in config.multipliers)
        self.latent_channels = len(MEAN)
        self.space_compression = 2 ** len(config.halves_time)
        self.time_compression = 2 ** sum(config.halves_time)
        self.encoder = Encoder(widths, config.depth, config.halves_time, 2 * self.latent_channels)
        self.conv1 = nn.Conv3d(2 * self.latent_channels, 2 * self.latent_channels, 1)
        self.conv2 = nn.Conv3d(self.latent_channels, self.latent_channels, 1)
        self.decoder = Decoder(widths, config.depth, config.halves_time, self.latent_channels)
        self.register_buffer("mean", torch.tensor(MEAN).view(-1, 1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(-1, 1, 1, 1), persistent=False)

    def channels_last(self) -> Self:
        """Return this codec with its kernels in channels-last order on a GPU, where that is faster; else unchanged."""
        if self.mean.device.type == "cuda":
            for parameter in self.parameters():
                order = {5: torch.channels_last_3d, 4: torch.channels_last}.get(parameter.ndim)
                if order is not None:
                    parameter.data = parameter.data.contiguous(memory_format=order)
        return self

    def encode(self, pixels: Float[Tensor, "b 3 t h w"]) -> Float[Tensor, "b c f h2 w2"]:
        """The mean of the posterior, normalised; see `Codec.encode`.

        Raises:
            ValueError: not 4n + 1 frames, or sides that are no multiple of 8.
        """
        b, _, t, h, w = pixels.shape
        if t % self.time_compression != 1:
            raise ValueError(f"cannot encode {t} frames: give a clip of {self.time_compression}n + 1 frames")
        if h % self.space_compression or w % self.space_compression:
            raise ValueError(f"cannot encode {h}x{w} pixels: make both sides a multiple of {self.space_compression}")
        pixels = pixels.to(self.mean.dtype)
        past = self.encoder.start(b, pixels.device, pixels.dtype)
        latents: list[Tensor] = []
        for chunk in pixels.split([1] + [self.time_compression] * (t // self.time_compression), dim=2):
            moments, past = self.encoder(chunk, past)
            latents.append(self.conv1(moments)[:, : self.latent_channels])
        # Times 1/std, not over std: the two differ in bfloat16, and the published wrapper does this.
        return ((torch.cat(latents, dim=2) - self.mean) * (1 / self.std)).float()

    def decode(self, latents: Float[Tensor, "b c f h w"]) -> Float[Tensor, "b 3 t h2 w2"]:
        """Pixels in [-1, 1]; see `Codec.decode`."""
        return self.step(latents, self.start(len(latents), latents.device, self.mean.dtype))[0]

    def start(
        self,
        batch: int,
        device: torch.device,
        dtype: torch.dtype,
        portrait: Float[Tensor, "b 3 h w"] | None = None,
    ) -> Carry:
        """The carry of `batch` new streams; all that this codec knows of the portrait is its latent."""
        return Carry(self.decoder.start(batch, device, dtype))

    def blend_boundary(
        self, latents: Float[Tensor, "b c 1 h w"], carry: Carry, quiet: bool = False
    ) -> Float[Tensor, "b c 1 h w"]:
        """Return the latents unchanged: the decoder's own state keeps block boundaries smooth."""
        return latents

    def step(self, latents: Float[Tensor, "b c f h w"], carry: Carry) -> tuple[Float[Tensor, "b 3 t h2 w2"], Carry]:
        """Pixels in [-1, 1] of the next latent frames, decoded one by one; see `Codec.step`."""
        moments = self.conv2(latents.to(self.mean.dtype) / (1 / self.std) + self.mean)
        past = carry.past
        frames: list[Tensor] = []
        for latent in moments.split(1, dim=2):
            pixels, past = self.decoder(latent, past)
            frames.append(pixels.float().clamp(-1, 1))
        return torch.cat(frames, dim=2), Carry(past)

    def step_bytes(
        self, latents: Float[Tensor, "b c f h w"], carry: Carry
    ) -> tuple[UInt8[Tensor, "b t h2 w2 3"], Carry]:
        """`step`, its pixels as bytes."""
        pixels, carry = self.step(latents, carry)
        return as_bytes(pixels), carry


def load_wan(state: Mapping[str, Tensor]) -> WanCodec:
    """The codec of a published checkpoint, its width read off the tensors, which it holds itself (no copies).

    Raises:
        ValueError: names or shapes differ; names the first of them.
    """
    if "encoder.conv1.weight" not in state:
        raise ValueError("no Wan VAE: encoder.conv1.weight is missing; give Wan2.1_VAE.pth")
    first = state["encoder.conv1.weight"]
    with torch.device("meta"):
        codec = WanCodec(WanConfig(width=len(first)))
    load_into(codec, state, assign=True)
    for name, values in (("mean", MEAN), ("std", STD)):  # no part of the file
        numbers = torch.tensor(values, dtype=first.dtype, device=first.device).view(-1, 1, 1, 1)
        codec.register_buffer(name, numbers, persistent=False)
    return codec.eval()
