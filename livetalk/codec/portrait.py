"""The codec that keeps the portrait: 16x in space, 4x in time, 48 channels, about 3 GFLOP a decoded frame.

It codes a stream as films are coded: the first latent frame is the portrait's picture, every later one says what has
changed since (where each place of the picture has moved, and what is new there). The decoder therefore keeps the
portrait: it moves its pixels and features along a flow and paints only what the portrait does not show, an opened
mouth or a closed eye. A transformer that is unsure then moves a face a little wrongly; it does not melt it.

Both directions are causal. The encoder sees one latent frame and the portrait; the decoder remembers one latent frame
of features beside the portrait (the carry). Time is split at low resolution; everything at a quarter of the size and
above is per-frame and 2-D.

Does not know: faces, presets, how it is trained, what its latents are used for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self, cast

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor, nn

from livetalk.codec.base import Carry
from livetalk.codec.block_boundary import FLOW_CHANNELS, smooth_boundary
from livetalk.codec.blocks import Norm, PortraitEncoder, Residual, add_inplace, global_match, start_small, warp
from livetalk.codec.deadband import RESTS, hysteresis, quantise_with_hysteresis

# A stream whose portrait is not at hand: its first latent frame is decoded, and serves as the portrait from there on.
START = Carry(())
FLOW_GAIN = 2.5  # of those channels: a cell of 8 pixels is so many units, that noise of 0.1 is a third of a pixel


@dataclass(frozen=True)
class PortraitCodecConfig:
    """Widths. `deep` is at 1/16 of the size, `eighth` and `half` at 1/8, `mid` 1/4, `top` 1/2."""

    latent_channels: int = 48
    seen: tuple[int, int, int] = (48, 96, 128)  # of the portrait's features at 1/4, 1/8, 1/16
    encoder_deep: int = 192
    deep: int = 192
    deep_blocks: int = 4
    eighth: int = 128
    half: int = 96  # at 1/8 of the size, two frames a latent frame
    mid: int = 64
    mid_blocks: int = 2
    top: int = 32
    space_compression: int = 16
    time_compression: int = 4


CodecContext = tuple[Tensor, ...]
"""The newest features of the decoder's three layers with a memory, and the newest flow."""


class PortraitFeatures(NamedTuple):
    """What the codec keeps of a stream's first picture: features at three sizes, and the picture itself."""

    quarter: Float[Tensor, "b c h4 w4"]
    eighth: Float[Tensor, "b d h8 w8"]
    sixteenth: Float[Tensor, "b e h16 w16"]
    pixels: Float[Tensor, "b 3 h w"]  # float32


class Decoded(NamedTuple):
    """Frames, the portrait's pixels moved, and the flow that moved them: pixels, a place for four by four of them."""

    pixels: Float[Tensor, "b t 3 h w"]
    moved: Float[Tensor, "b t 3 h w"]
    flow: Float[Tensor, "b t 2 h4 w4"]
    past: CodecContext


class Encoded(NamedTuple):
    """Latents, and the flow that the encoder has found: x, y of four frames, in cells of 8 pixels."""

    latents: Float[Tensor, "m c h16 w16"]
    flow: Float[Tensor, "m 4 2 h8 w8"]


class MotionEncoder(nn.Module):
    """Features of four frames and of the portrait -> one latent frame, without memory."""

    def __init__(self, cfg: PortraitCodecConfig) -> None:
        super().__init__()
        deep = cfg.encoder_deep
        self.merge = nn.Conv2d(4 * cfg.seen[1], deep, 1)
        self.matched = nn.Conv2d(FLOW_CHANNELS, deep, 1)
        self.seen8 = nn.Conv2d(cfg.seen[1], deep, 3, padding=1)
        self.compare = nn.Sequential(Residual(deep), Residual(deep))
        self.flow = nn.Conv2d(deep, FLOW_CHANNELS, 3, padding=1)
        start_small(self.flow, std=0.01)
        self.down16 = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * deep, deep, 1))
        self.seen16 = nn.Conv2d(cfg.seen[2], deep, 3, padding=1)
        self.settle = nn.Sequential(Residual(deep), Residual(deep), Norm(deep), nn.Conv2d(deep, cfg.latent_channels, 1))

    def encode_still(self, eighth: Float[Tensor, "m d h8 w8"]) -> Float[Tensor, "m c h16 w16"]:
        """The latent of a picture by itself."""
        four = repeat(eighth, "m d h w -> m (i d) h w", i=4).contiguous(memory_format=torch.channels_last)
        return self.settle(self.down16(self.compare(self.merge(four))))

    def forward(
        self, frames: Float[Tensor, "m 4 d h8 w8"], eighth: Float[Tensor, "m d h8 w8"], sixteenth: Tensor
    ) -> Encoded:
        merged = rearrange(frames, "m i d h w -> m (i d) h w").contiguous(memory_format=torch.channels_last)
        side = frames.shape[-1] / 2  # in cells, of half a picture
        found = rearrange(global_match(frames, eighth), "m i two h w -> m (i two) h w") * side
        x = self.compare(self.merge(merged) + self.seen8(eighth) + self.matched(found.to(merged.dtype)))
        flow = found + self.flow(x).float()
        z = self.settle(self.down16(x) + self.seen16(sixteenth)).float()
        # What has moved is said outright: no layer has to learn to hand it through.
        straight = FLOW_GAIN * F.avg_pool2d(flow, 2)
        z = torch.cat([z[:, :FLOW_CHANNELS] + straight, z[:, FLOW_CHANNELS:]], 1).to(x.dtype)
        return Encoded(z, rearrange(flow, "m (i two) h w -> m i two h w", two=2))


class MotionDecoder(nn.Module):
    """Latent frames -> four frames each, with one latent frame of memory and the portrait."""

    def __init__(self, cfg: PortraitCodecConfig) -> None:
        super().__init__()
        self.enter = nn.Conv2d(cfg.latent_channels, cfg.deep, 3, padding=1)
        self.seen16 = nn.Conv2d(cfg.seen[2], cfg.deep, 1)
        self.deep = nn.ModuleList(Residual(cfg.deep, remembers=i < 1) for i in range(cfg.deep_blocks))
        self.to_eighth = nn.Conv2d(cfg.deep, 4 * cfg.eighth, 1)
        self.seen8 = nn.Conv2d(cfg.seen[1], cfg.eighth, 1)
        self.eighth = Residual(cfg.eighth, remembers=True)
        self.to_half = nn.Conv2d(cfg.eighth, 2 * cfg.half, 1)
        self.paired = Residual(cfg.half, remembers=True)
        self.coarse = nn.Conv2d(cfg.half, 4, 3, padding=1)  # x, y of two frames
        self.to_mid = nn.Conv2d(cfg.half, 2 * 4 * cfg.mid, 1)
        self.fine = nn.Conv2d(cfg.mid, 2, 3, padding=1)
        self.seen4 = nn.Conv2d(cfg.seen[0], cfg.mid, 1)
        self.mid = nn.Sequential(*[Residual(cfg.mid, cheap=True) for _ in range(cfg.mid_blocks)])
        self.to_top = nn.Conv2d(cfg.mid, 4 * cfg.top, 1)
        self.seen2 = nn.Conv2d(12, cfg.top, 1)
        self.top = Residual(cfg.top, cheap=True)
        self.leave = nn.Conv2d(cfg.top, 16, 3, padding=1)  # red, green, blue and what stays of the moved portrait
        for conv in (self.coarse, self.fine, self.leave):
            start_small(conv, std=0.01)  # not zero: a zero last layer gives the networks before it no gradient
        assert self.leave.bias is not None
        with torch.no_grad():
            self.leave.bias[12:] = 2.0

    def forward(self, z: Float[Tensor, "b f c h w"], portrait: PortraitFeatures, past: CodecContext) -> Decoded:
        x, carried, flow, kept = self.begin(z, portrait, past)
        pixels, carried = (rearrange(y, "(b t) c h w -> b t c h w", b=len(z)) for y in (self.end(x, carried), carried))
        return Decoded(pixels, carried, flow, kept)

    def begin(
        self, z: Float[Tensor, "b f c h w"], portrait: PortraitFeatures, past: CodecContext
    ) -> tuple[Float[Tensor, "m c h4 w4"], Float[Tensor, "m 3 h w"], Float[Tensor, "b t 2 h4 w4"], CodecContext]:
        """All but the last layers: features, the portrait's pixels moved, and the flow that moved them; m = b t."""
        f = z.shape[1]
        kept: list[Tensor] = []
        x = self._changes(z, portrait, past, kept)
        x, last = self.paired.stream(x, 2 * f, past[2])
        kept.append(last)
        straight = rearrange(z[:, :, :FLOW_CHANNELS].float() / FLOW_GAIN, "b f (i two) h w -> (b f i) two h w", two=2)
        coarse = rearrange(self.coarse(x).float(), "m (i two) h w -> (m i) two h w", i=2)
        coarse = coarse + F.interpolate(straight, scale_factor=2, mode="bilinear")
        # Channels last throughout: one copy instead of two.
        x = rearrange(self.to_mid(x).permute(0, 2, 3, 1), "m h w (i c p q) -> (m i) (h p) (w q) c", i=2, p=2, q=2)
        x = x.permute(0, 3, 1, 2)
        flow = 8 * (F.interpolate(coarse, scale_factor=2, mode="bilinear") + self.fine(x).float())
        by_frame = rearrange(flow, "(b t) two h w -> b t two h w", b=len(z))
        if not self.training:  # what trembles by less than can be seen rests
            by_frame = hysteresis(by_frame, past[3], RESTS)
            flow = rearrange(by_frame, "b t two h w -> (b t) two h w")
        kept.append(by_frame[:, -1])
        seen = warp(portrait.quarter, by_frame, 4).to(x.dtype).contiguous(memory_format=torch.channels_last)
        x = self.mid(add_inplace(self.seen4(seen), x))
        wide = rearrange(F.interpolate(flow, scale_factor=4, mode="bilinear"), "(b t) two h w -> b t two h w", b=len(z))
        return x, warp(portrait.pixels, wide, 1, sharp=True), by_frame, tuple(kept)

    def end(self, x: Float[Tensor, "m c h4 w4"], carried: Float[Tensor, "m 3 h w"]) -> Float[Tensor, "m 3 h w"]:
        """The last layers: what stays of the moved portrait, and what is painted over it."""
        seen = F.pixel_unshuffle(carried, 2).to(x.dtype).contiguous(memory_format=torch.channels_last)
        x = self.top(add_inplace(self.seen2(seen), F.pixel_shuffle(self.to_top(x), 2)))
        x = rearrange(self.leave(x), "m (c p q) h w -> m c (h p) (w q)", p=2, q=2)
        return x[:, :3] + torch.sigmoid(x[:, 3:]) * carried

    @property
    def last_layers(self) -> nn.ModuleList:
        """Those of `end`."""
        return nn.ModuleList((self.to_top, self.seen2, self.top, self.leave))

    def _changes(
        self, z: Tensor, portrait: PortraitFeatures, past: CodecContext, kept: list[Tensor]
    ) -> Float[Tensor, "m c h8 w8"]:
        """Features of half latent frames, two in a row."""
        f = z.shape[1]
        flat = rearrange(z, "b f c h w -> (b f) c h w").contiguous(memory_format=torch.channels_last)
        x = self.enter(flat) + self.seen16(portrait.sixteenth).repeat_interleave(f, 0)
        for block in cast(Iterable[Residual], self.deep):
            if block.past is None:
                x = block(x)
            else:
                x, last = block.stream(x, f, past[0])
                kept.append(last)
        x = F.pixel_shuffle(self.to_eighth(x), 2) + self.seen8(portrait.eighth).repeat_interleave(f, 0)
        x, last = self.eighth.stream(x.contiguous(memory_format=torch.channels_last), f, past[1])
        kept.append(last)
        x = rearrange(self.to_half(x), "m (i c) h w -> (m i) c h w", i=2)
        return x.contiguous(memory_format=torch.channels_last)


class PortraitCodec(nn.Module):
    """See the module docstring. Latents have mean 0 a channel, deviation 1 over all channels, on the training clips."""

    def __init__(self, config: PortraitCodecConfig | None = None) -> None:
        super().__init__()
        self.config = config or PortraitCodecConfig()
        self.eye = PortraitEncoder(*self.config.seen)
        self.encoder = MotionEncoder(self.config)
        self.decoder = MotionDecoder(self.config)
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

    def encode_raw(self, pixels: Float[Tensor, "b 3 t h w"]) -> Float[Tensor, "b c f h16 w16"]:
        """Latents before normalisation; t must be 4f - 3."""
        t = pixels.shape[2]
        if t % 4 != 1:
            raise ValueError(f"{t} frames cannot be encoded: give 4n + 1 frames (1, 5, 9, ...)")
        portrait = self.encode_portrait(pixels[:, :, 0])
        z = self.encoder.encode_still(portrait.eighth)[:, :, None]
        return z if t == 1 else torch.cat([z, self.encode_motion(portrait, pixels[:, :, 1:]).latents], 2)

    def encode_motion(self, portrait: PortraitFeatures, later: Float[Tensor, "b 3 t h w"]) -> Encoded:
        """Raw latents [b c f h w] and flow [b t 2 h8 w8] of what comes after the portrait, t = 4f frames."""
        b, _, t, _, _ = later.shape
        frames = self.eye.eighth(rearrange(later, "b c t h w -> (b t) c h w"))
        frames = rearrange(frames, "(m i) d h w -> m i d h w", i=4)
        seen = (part.repeat_interleave(t // 4, 0) for part in (portrait.eighth, portrait.sixteenth))
        made = self.encoder(frames, *seen)
        latents = rearrange(made.latents, "(b f) c h w -> b c f h w", b=b)
        return Encoded(latents, rearrange(made.flow, "(b f) i two h w -> b (f i) two h w", b=b))

    def encode(self, pixels: Float[Tensor, "b 3 t h w"]) -> Float[Tensor, "b c f h16 w16"]:
        """Pixels in [-1, 1], t = 4f - 3 -> normalised latents."""
        return self._normal(self.encode_raw(pixels))

    def start(
        self,
        batch: int = 1,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        portrait: Float[Tensor, "b 3 h w"] | None = None,
    ) -> Carry:
        """Streams of which nothing has been decoded; the first frame they give will be `portrait`, if it is given."""
        return START if portrait is None else Carry(tuple(self.encode_portrait(portrait)))

    def encode_portrait(self, pixels: Float[Tensor, "b 3 h w"]) -> PortraitFeatures:
        """What the decoder keeps of a portrait in [-1, 1]."""
        return PortraitFeatures._make([*self.eye(pixels), pixels.float()])

    def step(self, latents: Float[Tensor, "b c f h w"], carry: Carry) -> tuple[Tensor, Carry]:
        """Decode the next latent frames of a stream: pixels [b 3 t h w] in about [-1, 1], and the new carry."""
        return self.decode_raw(self._raw(latents), carry)

    def blend_boundary(
        self, latents: Float[Tensor, "b c 1 h w"], carry: Carry, quiet: bool = False
    ) -> Float[Tensor, "b c 1 h w"]:
        """The first latent frame of a block, eased into the last one decoded (`codec.seams`)."""
        last = cast(tuple[Tensor, ...], carry.past)[-1]
        return self._normal(smooth_boundary(last.to(latents.dtype), self._raw(latents)[:, :, 0], quiet)[:, :, None])

    def decode_raw(self, raw: Float[Tensor, "b c f h w"], carry: Carry) -> tuple[Tensor, Carry]:
        """`step` on latents before normalisation. Pixels are float32 and lie on levels of 8 bits: see `settled`."""
        z, parts = rearrange(raw, "b c f h w -> b f c h w"), []
        held = cast(tuple[Tensor, ...], carry.past)
        if len(held) <= len(PortraitFeatures._fields):  # the stream begins: its first latent frame is the portrait's
            portrait = PortraitFeatures._make(held) if held else self.encode_portrait(self.first(z))
            past = self.nothing(portrait)
            parts.append(quantise_with_hysteresis(portrait.pixels[:, :, None]))
            z, shown = z[:, 1:], parts[0][:, :, 0]
        else:
            portrait, past = (
                PortraitFeatures._make(held[: len(PortraitFeatures._fields)]),
                held[len(PortraitFeatures._fields) : -2],
            )
            shown = held[-2]
        if z.shape[1]:
            made = self.decoder(z, portrait, past)
            parts.append(quantise_with_hysteresis(rearrange(made.pixels.float(), "b t c h w -> b c t h w"), shown))
            past, shown = made.past, parts[-1][:, :, -1]
        pixels = torch.cat(parts, 2) / 127.5 - 1
        return pixels, Carry((*portrait, *past, shown, raw[:, :, -1]))

    def first(self, z: Float[Tensor, "b f c h w"]) -> Float[Tensor, "b 3 h16 w16"]:
        """The picture that a stream's first latent frame says, without a portrait: coarse."""
        s = self.config.seen
        b, _, _, h, w = z.shape
        empty = [z.new_zeros(b, width, h * n, w * n) for width, n in zip(s, (4, 2, 1), strict=True)]
        dark = torch.zeros(b, 3, 16 * h, 16 * w, device=z.device)
        unseen = PortraitFeatures._make([*empty, dark])
        return self.decoder(z[:, :1], unseen, self.nothing(unseen)).pixels[:, 3]

    def decode(self, latents: Float[Tensor, "b c f h w"]) -> Float[Tensor, "b 3 t h16 w16"]:
        """Decode a whole stream from its first latent frame on, without its portrait; t = 4f - 3."""
        return self.step(latents, self.start(latents.shape[0]))[0]

    def nothing(self, portrait: PortraitFeatures) -> CodecContext:
        """The memory of a decoder that has seen no change yet."""
        c = self.config
        small, large = portrait.sixteenth, portrait.eighth
        return (
            small.new_zeros(len(small), c.deep, *small.shape[2:]),
            large.new_zeros(len(large), c.eighth, *large.shape[2:]),
            large.new_zeros(len(large), c.half, *large.shape[2:]),
            portrait.pixels.new_zeros(len(large), 2, *portrait.quarter.shape[2:]),
        )

    def _raw(self, latents: Tensor) -> Tensor:
        return latents * self._std(latents) + self._mean(latents)

    def _normal(self, raw: Tensor) -> Tensor:
        return (raw - self._mean(raw)) / self._std(raw)

    def _mean(self, like: Tensor) -> Tensor:
        return self.mean.to(like.dtype).view(1, -1, 1, 1, 1)

    def _std(self, like: Tensor) -> Tensor:
        return self.std.to(like.dtype).view(1, -1, 1, 1, 1)
