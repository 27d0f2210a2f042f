"""A light decoder for Wan2.1's latents in the layout of TAEHV (`taew2_1.pth`), 40 times cheaper than the VAE's own.

Pictures pass one by one through 2-D convolutions; nine layers remember their input of the picture before, which is
the whole carry. Latents come normalised, as our codecs give them. Source of names, shapes and arithmetic: TAEHV by
Ollin Boer Bohan (github.com/madebyollin/taehv, MIT), written anew from REFERENCE 2.2. Encodes nothing: `LightWan` joins
it with the VAE's encoder. Lossy: small detail is made up; what that costs is for a gate to say.
"""

from collections.abc import Mapping
from typing import Any, Self

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from livetalk.codec.base import Carry, as_bytes
from livetalk.codec.wan import WanCodec
from livetalk.weights import load_into

WIDTHS = (256, 128, 64, 64)  # at 1/8 of the size, 1/4, 1/2 and 1
GROWS = (1, 2, 2)  # pictures out of one at the end of each of the first three widths
DEPTH = 3  # remembering layers a width
SOFTENED = 3.0  # latents beyond it hardly count


class MemoryBlock(nn.Module):
    """relu(conv relu conv relu conv of [x, x before] + x). Its memory is the x before; black at first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        first = nn.Conv2d(2 * width, width, 3, padding=1)
        second, third = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.conv = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), third)

    def forward(self, x: Float[Tensor, "b t c h w"], past: Float[Tensor, "b 1 c _ _"]) -> tuple[Tensor, Tensor]:
        """x: the pictures after `past`. Returns as many, and the last of x."""
        before = torch.cat([past.to(x.dtype).expand(-1, -1, -1, *x.shape[-2:]), x[:, :-1]], 1)
        flat = rearrange(torch.cat([x, before], 2), "b t c h w -> (b t) c h w")
        out = rearrange(self.conv(flat), "(b t) c h w -> b t c h w", b=len(x))
        return F.relu(out + x), x[:, -1:].clone()


class TemporalGrow(nn.Module):
    """One picture becomes `times` pictures: a 1x1 convolution, its channels split by time."""

    def __init__(self, width: int, times: int) -> None:
        super().__init__()
        self.times, self.conv = times, nn.Conv2d(width, width * times, 1, bias=False)

    def forward(self, x: Float[Tensor, "m c h w"]) -> Float[Tensor, "n c h w"]:
        return rearrange(self.conv(x), "m (i c) h w -> (m i) c h w", i=self.times)


class LightDecoder(nn.Module):
    """Latent frames to four pictures each, with names as published: `decoder.{index}`."""

    def __init__(self, channels: int = 16, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Identity(), nn.Conv2d(channels, widths[0], 3, padding=1), nn.ReLU()]
        for width, after, times in zip(widths, widths[1:], GROWS, strict=False):
            layers += [MemoryBlock(width) for _ in range(DEPTH)]
            layers += [nn.Upsample(scale_factor=2.0, mode="nearest"), TemporalGrow(width, times)]
            layers.append(nn.Conv2d(width, after, 3, padding=1, bias=False))
        self.decoder = nn.ModuleList([*layers, nn.ReLU(), nn.Conv2d(widths[-1], 3, 3, padding=1)])

    def start(self, batch: int, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, ...]:
        """Memories of nothing: black pictures one cell large, which stand for any size."""
        widths = [layer.width for layer in self.decoder if isinstance(layer, MemoryBlock)]
        return tuple(torch.zeros(batch, 1, width, 1, 1, device=device, dtype=dtype) for width in widths)

    def forward(self, z: Float[Tensor, "b f c h w"], past: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Pictures [b 4f 3 8h 8w] in about [0, 1] and the memory after them."""
        b, kept = len(z), []
        x = rearrange(SOFTENED * torch.tanh(z / SOFTENED), "b f c h w -> (b f) c h w")
        x = x.contiguous(memory_format=torch.channels_last)
        for layer in self.decoder:
            if isinstance(layer, MemoryBlock):
                seen, last = layer(rearrange(x, "(b t) c h w -> b t c h w", b=b), past[len(kept)])
                x = rearrange(seen, "b t c h w -> (b t) c h w")
                kept.append(last)
            else:
                x = layer(x)
        return rearrange(x, "(b t) c h w -> b t c h w", b=b), tuple(kept)


class LightWan(nn.Module):
    """Wan's encoder with the light decoder, as a `livetalk.codec.base.Codec`. The VAE's own decoder is let go."""

    def __init__(self, wan: WanCodec, light: LightDecoder) -> None:
        super().__init__()
        self.latent_channels, self.space_compression = wan.latent_channels, wan.space_compression
        self.time_compression = wan.time_compression
        self.wan, self.light = wan, light
        del self.wan.decoder, self.wan.conv2

    def channels_last(self) -> Self:
        """Return this codec with its kernels in channels-last order, in which convolutions are fastest."""
        self.wan.channels_last()
        self.light.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] - torch's stubs lack it
        return self

    def encode(self, pixels: Float[Tensor, "b 3 t h w"]) -> Float[Tensor, "b c f h2 w2"]:
        """See `WanCodec.encode`."""
        return self.wan.encode(pixels)

    def decode(self, latents: Float[Tensor, "b c f h w"]) -> Float[Tensor, "b 3 t h2 w2"]:
        """Pixels in [-1, 1]; see `Codec.decode`."""
        return self.step(latents, self.start(len(latents), latents.device, latents.dtype))[0]

    def start(
        self,
        batch: int,
        device: torch.device,
        dtype: torch.dtype,
        portrait: Float[Tensor, "b 3 h w"] | None = None,
    ) -> Carry:
        """The carry of `batch` new streams."""
        return Carry((self.light.start(batch, device, dtype), torch.zeros(batch, 0, device=device)))

    def blend_boundary(
        self, latents: Float[Tensor, "b c 1 h w"], carry: Carry, quiet: bool = False
    ) -> Float[Tensor, "b c 1 h w"]:
        """Return the latents unchanged: the decoder's own state keeps block boundaries smooth."""
        return latents

    def step(self, latents: Float[Tensor, "b c f h w"], carry: Carry) -> tuple[Float[Tensor, "b 3 t h2 w2"], Carry]:
        """Pixels in [-1, 1] of the next latent frames, one by one: the same to the bit however a stream is cut."""
        past, begun = carry.past  # the second part says by its width whether the stream has begun
        assert not isinstance(past, Tensor)
        frames: list[Tensor] = []
        for latent in latents.to(next(self.light.parameters()).dtype).split(1, dim=2):
            pictures, past = self.light(rearrange(latent, "b c f h w -> b f c h w"), past)
            # A stream's first latent frame holds one picture: the decoder's first three have no place in time.
            frames.append(pictures if begun.shape[1] else pictures[:, self.time_compression - 1 :])
            begun = begun.new_ones(len(latents), 1)
        pixels = rearrange(torch.cat(frames, 1), "b t c h w -> b c t h w")
        return (2 * pixels.float() - 1).clamp(-1, 1), Carry((past, begun))

    def step_bytes(
        self, latents: Float[Tensor, "b c f h w"], carry: Carry
    ) -> tuple[UInt8[Tensor, "b t h2 w2 3"], Carry]:
        """`step`, its pixels as bytes."""
        pixels, carry = self.step(latents, carry)
        return as_bytes(pixels), carry


def load_light(state: Mapping[str, Any]) -> LightDecoder:
    """The decoder of a published TAEHV checkpoint, holding its tensors; its encoder is not looked at.

    Raises:
        ValueError: names or shapes differ; names the first of them.
    """
    mine = {name: tensor for name, tensor in state.items() if name.startswith("decoder.")}
    first = mine.get("decoder.1.weight")
    if first is None:
        raise ValueError("no light decoder: decoder.1.weight is missing; give taew2_1.pth of TAEHV")
    widths = tuple(len(mine[f"decoder.{i}.weight"]) for i in (1, 8, 14, 20) if f"decoder.{i}.weight" in mine)
    if len(widths) != len(WIDTHS):
        raise ValueError("no light decoder of Wan2.1's latents: layers are missing; give taew2_1.pth of TAEHV")
    with torch.device("meta"):
        light = LightDecoder(first.shape[1], widths)
    load_into(light, mine, assign=True)
    return light.eval()
