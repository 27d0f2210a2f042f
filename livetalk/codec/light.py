"""The light causal video codec of `tiny`: 8x in space, 4x in time, 48 channels, about 5 GFLOP a decoded frame.

Encoder and decoder each are a linear map plus a small network that corrects it. The linear part is a
principal-component basis of 8x8x4 pixel patches (`pca`, set by `init_linear`), so that motion inside a latent
frame passes from the first training step on; networks alone were seen to collapse the four frames of a latent
frame into one. The encoder sees one latent frame at a time. The decoder remembers one latent frame of features
(the carry); time is split early, at low resolution, and everything at 64x64 and above is per-frame and 2-D.

Does not know: faces, presets, how it is trained, what its latents are used for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self, cast

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor, nn

from livetalk.codec.blocks import Norm, Residual, start_small
from livetalk.codec.interface import Carry

# Nothing decoded yet. Later the carry holds, a remembering layer each, [b c h w] of the newest (half) latent frame.
START = Carry(())


@dataclass(frozen=True)
class LightCodecConfig:
    """Widths of the light codec. `deep` is at 1/8 of the size, `mid` at 1/4, `top` at 1/2."""

    latent_channels: int = 48
    encoder_stem: int = 64
    encoder_deep: int = 192
    deep: int = 192
    deep_blocks: int = 4
    half: int = 160  # at 1/8 of the size, two frames a latent frame
    mid: int = 80
    mid_blocks: int = 2
    top: int = 32
    space_compression: int = 8
    time_compression: int = 4


def _set(conv: nn.Conv2d, weight: Tensor, bias: Tensor) -> None:
    assert conv.bias is not None
    conv.weight.copy_(weight)
    conv.bias.copy_(bias)


class LightEncoder(nn.Module):
    """Four frames -> one latent frame, without memory."""

    def __init__(self, cfg: LightCodecConfig) -> None:
        super().__init__()
        stem, deep = cfg.encoder_stem, cfg.encoder_deep
        self.stem = nn.Sequential(nn.PixelUnshuffle(4), nn.Conv2d(48, stem, 3, padding=1), Residual(stem))
        self.down = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * stem, 128, 1), Residual(128))
        self.merge = nn.Sequential(nn.Conv2d(4 * 128, deep, 1), Residual(deep), Residual(deep), Norm(deep))
        self.out = nn.Conv2d(deep, cfg.latent_channels, 1)
        self.linear = nn.Conv2d(768, cfg.latent_channels, 1)
        start_small(self.out, std=0.01)

    def forward(self, frames: Float[Tensor, "m 4 3 h w"]) -> Float[Tensor, "m c h8 w8"]:
        flat = rearrange(frames, "m i c h w -> (m i) c h w").contiguous(memory_format=torch.channels_last)
        x = rearrange(self.down(self.stem(flat)), "(m i) c h w -> m (i c) h w", i=4)
        x = self.out(self.merge(x.contiguous(memory_format=torch.channels_last)))
        patches = rearrange(frames, "m i c (h p) (w q) -> m (i c p q) h w", p=8, q=8)
        return x + self.linear(patches.contiguous(memory_format=torch.channels_last))


class LightDecoder(nn.Module):
    """Latent frames -> four frames each, with one latent frame of memory."""

    def __init__(self, cfg: LightCodecConfig) -> None:
        super().__init__()
        self.enter = nn.Conv2d(cfg.latent_channels, cfg.deep, 3, padding=1)
        self.deep = nn.ModuleList(Residual(cfg.deep, remembers=i < 2) for i in range(cfg.deep_blocks))
        self.to_half = nn.Conv2d(cfg.deep, 2 * cfg.half, 1)
        self.paired = Residual(cfg.half, remembers=True)
        self.to_mid = nn.Conv2d(cfg.half, 2 * 4 * cfg.mid, 1)
        self.mid = nn.Sequential(*[Residual(cfg.mid, cheap=True) for _ in range(cfg.mid_blocks)])
        self.to_top = nn.Conv2d(cfg.mid, 4 * cfg.top, 1)
        self.top = Residual(cfg.top, cheap=True)
        self.leave = nn.Conv2d(cfg.top, 12, 3, padding=1)
        self.linear = nn.Conv2d(cfg.latent_channels, 768, 1)
        # Small, not zero: an all-zero last layer leaves the networks without a gradient to start from.
        start_small(self.leave, std=0.01)

    def forward(self, z: Float[Tensor, "b f c h w"], carry: Carry) -> tuple[Tensor, Carry]:
        """Pixels [b, 4f, 3, 8h, 8w] (the three copies before a stream's first frame included) and the new carry."""
        b, f = z.shape[:2]
        past: list[Tensor | None] = list(carry.past) if carry.past else [None] * 3  # pyright: ignore[reportArgumentType]
        flat = rearrange(z, "b f c h w -> (b f) c h w").contiguous(memory_format=torch.channels_last)
        x, kept = self.enter(flat), []
        for block in cast(Iterable[Residual], self.deep):
            if block.past is None:
                x = block(x)
            else:
                x, last = block.stream(x, f, past[len(kept)])
                kept.append(last)
        x = rearrange(self.to_half(x), "m (i c) h w -> (m i) c h w", i=2)
        x, last = self.paired.stream(x.contiguous(memory_format=torch.channels_last), 2 * f, past[2])
        kept.append(last)
        # Channels last throughout: one copy instead of two.
        x = rearrange(self.to_mid(x).permute(0, 2, 3, 1), "m h w (i c p q) -> (m i) (h p) (w q) c", i=2, p=2, q=2)
        x = self.mid(x.permute(0, 3, 1, 2))
        x = self.top(F.pixel_shuffle(self.to_top(x), 2))
        x = F.pixel_shuffle(self.leave(x), 2)
        base = rearrange(self.linear(flat), "m (i c p q) h w -> (m i) c (h p) (w q)", i=4, p=8, q=8)
        return rearrange(x + base, "(b i) c h w -> b i c h w", b=b), Carry(tuple(kept))


class LightCodec(nn.Module):
    """The codec of `tiny`. Latents are normalised: mean 0 and deviation 1 a channel over the training clips."""

    def __init__(self, config: LightCodecConfig | None = None) -> None:
        super().__init__()
        self.config = config or LightCodecConfig()
        self.encoder = LightEncoder(self.config)
        self.decoder = LightDecoder(self.config)
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.zeros(self.latent_channels))
        self.register_buffer("std", torch.ones(self.latent_channels))

    @property
    def latent_channels(self) -> int:
        return self.config.latent_channels

    @property
    def space_compression(self) -> int:
        return self.config.space_compression

    @property
    def time_compression(self) -> int:
        return self.config.time_compression

    def channels_last(self) -> Self:
        """The same codec, its weights in the memory order that convolutions are fastest in."""
        return self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] - torch's stubs lack it

    def encode_raw(self, pixels: Float[Tensor, "b 3 t h w"]) -> Float[Tensor, "b c f h8 w8"]:
        """Latents before normalisation; t must be 4f - 3."""
        if pixels.shape[2] % 4 != 1:
            raise ValueError(f"{pixels.shape[2]} frames cannot be encoded: give 4n + 1 frames (1, 5, 9, ...)")
        frames = rearrange(pixels, "b c t h w -> b t c h w")
        frames = torch.cat([repeat(frames[:, :1], "b 1 c h w -> b 3 c h w"), frames], 1)
        z = self.encoder(rearrange(frames, "b (f i) c h w -> (b f) i c h w", i=4))
        return rearrange(z, "(b f) c h w -> b c f h w", b=pixels.shape[0])

    def encode(self, pixels: Float[Tensor, "b 3 t h w"]) -> Float[Tensor, "b c f h8 w8"]:
        """Pixels in [-1, 1], t = 4f - 3 -> normalised latents."""
        raw = self.encode_raw(pixels)
        return (raw - self._mean(raw)) / self._std(raw)

    def start(
        self,
        batch: int = 1,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        portrait: Float[Tensor, "b 3 h w"] | None = None,
    ) -> Carry:
        """An empty memory: the next latent frame is a stream's first and gives one frame."""
        return START

    def step(self, latents: Float[Tensor, "b c f h w"], carry: Carry) -> tuple[Tensor, Carry]:
        """Decode the next latent frames of a stream: pixels [b 3 t h w] in about [-1, 1], and the new carry."""
        raw = latents * self._std(latents) + self._mean(latents)
        return self.decode_raw(raw, carry)

    def decode_raw(self, raw: Float[Tensor, "b c f h w"], carry: Carry) -> tuple[Tensor, Carry]:
        """`step` on latents before normalisation."""
        frames, after = self.decoder(rearrange(raw, "b c f h w -> b f c h w"), carry)
        frames = frames if carry.past else frames[:, 3:]
        return rearrange(frames, "b t c h w -> b c t h w"), after

    def decode(self, latents: Float[Tensor, "b c f h w"]) -> Float[Tensor, "b 3 t h8 w8"]:
        """Decode a whole stream from its first latent frame on; t = 4f - 3."""
        return self.step(latents, self.start(latents.shape[0]))[0]

    @torch.no_grad()
    def init_linear(self, patches: Float[Tensor, "n 768"]) -> None:
        """Set both linear maps to the principal components of pixel patches, ordered (frame, colour, row, column).

        Latent channels start with deviation 1 on these patches.
        """
        x = patches.double()
        mean = x.mean(0)
        values, vectors = torch.linalg.eigh((x - mean).T @ (x - mean) / len(x))
        basis = vectors.flip(1)[:, : self.latent_channels]  # columns, largest first
        scale = values.flip(0)[: self.latent_channels].clamp_min(1e-8).sqrt()
        inward, outward = basis / scale, basis * scale
        _set(self.encoder.linear, rearrange(inward, "i o -> o i 1 1"), -(mean @ inward))
        _set(self.decoder.linear, rearrange(outward, "o i -> o i 1 1"), mean)

    def _mean(self, like: Tensor) -> Tensor:
        return self.mean.to(like.dtype).view(1, -1, 1, 1, 1)

    def _std(self, like: Tensor) -> Tensor:
        return self.std.to(like.dtype).view(1, -1, 1, 1, 1)
