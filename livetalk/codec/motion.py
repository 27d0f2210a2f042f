"""Motion encoder and decoder of the portrait codec: changes since the first picture, and frames made from them.

The encoder turns four frames and the portrait's features into one latent frame, without memory. The decoder moves the
portrait's pixels and features along a flow and paints what they do not show; it remembers one latent frame of features
and flow. Time is split at low resolution; everything at a quarter of the size and above is per-frame and 2-D.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor, nn

from livetalk.codec.block_boundary import FLOW_CHANNELS
from livetalk.codec.blocks import (
    Norm,
    ResidualBlock,
    add_inplace,
    global_match,
    start_small,
    unfolded,
    warp,
    warp_features,
)
from livetalk.codec.deadband import RESTS, hysteresis

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
    """Portrait of a stream as the decoder keeps it: features at three sizes, and the picture itself.

    strength: with which it is sharpened where it is moved (`codec.sharpening`). light: of the larger picture, where
    frames come larger than they are coded (`codec.enlarge`).
    """

    quarter: Float[Tensor, "b c h4 w4"]
    eighth: Float[Tensor, "b d h8 w8"]
    sixteenth: Float[Tensor, "b e h16 w16"]
    pixels: Float[Tensor, "b 3 h w"]  # float32
    strength: Float[Tensor, "b 1 1 1"]  # float32
    light: Float[Tensor, "b 1 h3 w3"] | None = None


class Decoded(NamedTuple):
    """Frames, the portrait's pixels moved, and the flow that moved them, in pixels.

    kept: the share of the moved portrait in the frames, 0 to 1; the rest is painted.
    """

    pixels: Float[Tensor, "b t 3 h w"]
    moved: Float[Tensor, "b t 3 h w"]
    kept: Float[Tensor, "b t 1 h w"]
    flow: Float[Tensor, "b t 2 h w"]
    past: CodecContext


class Encoded(NamedTuple):
    """Latents, and the flow that the encoder has found: x, y of four frames, in cells of 8 pixels."""

    latents: Float[Tensor, "m c h16 w16"]
    flow: Float[Tensor, "m 4 2 h8 w8"]


def reduced(pixels: Float[Tensor, "b 3 hs ws"], scale: int) -> Float[Tensor, "b 3 h w"]:
    """Pictures `scale` times smaller along a side: means of squares of pixels."""
    return pixels if scale == 1 else F.avg_pool2d(pixels, scale)


class MotionEncoder(nn.Module):
    """Features of four frames and of the portrait -> one latent frame, without memory."""

    def __init__(self, cfg: PortraitCodecConfig) -> None:
        super().__init__()
        deep = cfg.encoder_deep
        self.merge = nn.Conv2d(4 * cfg.seen[1], deep, 1)
        self.matched = nn.Conv2d(FLOW_CHANNELS, deep, 1)
        self.seen8 = nn.Conv2d(cfg.seen[1], deep, 3, padding=1)
        self.compare = nn.Sequential(ResidualBlock(deep), ResidualBlock(deep))
        self.flow = nn.Conv2d(deep, FLOW_CHANNELS, 3, padding=1)
        start_small(self.flow, std=0.01)
        self.down16 = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * deep, deep, 1))
        self.seen16 = nn.Conv2d(cfg.seen[2], deep, 3, padding=1)
        self.settle = nn.Sequential(
            ResidualBlock(deep), ResidualBlock(deep), Norm(deep), nn.Conv2d(deep, cfg.latent_channels, 1)
        )

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
        self.deep = nn.ModuleList(ResidualBlock(cfg.deep, remembers=i < 1) for i in range(cfg.deep_blocks))
        self.to_eighth = nn.Conv2d(cfg.deep, 4 * cfg.eighth, 1)
        self.seen8 = nn.Conv2d(cfg.seen[1], cfg.eighth, 1)
        self.eighth = ResidualBlock(cfg.eighth, remembers=True)
        self.to_half = nn.Conv2d(cfg.eighth, 2 * cfg.half, 1)
        self.paired = ResidualBlock(cfg.half, remembers=True)
        self.coarse = nn.Conv2d(cfg.half, 4, 3, padding=1)  # x, y of two frames
        self.to_mid = nn.Conv2d(cfg.half, 2 * 4 * cfg.mid, 1)
        self.fine = nn.Conv2d(cfg.mid, 2, 3, padding=1)
        self.seen4 = nn.Conv2d(cfg.seen[0], cfg.mid, 1)
        self.mid = nn.Sequential(*[ResidualBlock(cfg.mid, cheap=True) for _ in range(cfg.mid_blocks)])
        self.to_top = nn.Conv2d(cfg.mid, 4 * cfg.top, 1)
        self.seen2 = nn.Conv2d(12, cfg.top, 1)
        self.top = ResidualBlock(cfg.top, cheap=True)
        self.leave = nn.Conv2d(cfg.top, 16, 3, padding=1)  # red, green, blue and what stays of the moved portrait
        for conv in (self.coarse, self.fine, self.leave):
            start_small(conv, std=0.01)  # not zero: a zero last layer gives the networks before it no gradient
        assert self.leave.bias is not None
        with torch.no_grad():
            self.leave.bias[12:] = 2.0

    def forward(self, z: Float[Tensor, "b f c h w"], portrait: PortraitFeatures, past: CodecContext) -> Decoded:
        x, moved, flow, past = self.begin(z, portrait, past)
        paint, kept = self.layers(x, moved)
        pixels, moved, kept = (
            rearrange(y, "(b t) c h w -> b t c h w", b=len(z)) for y in (paint + kept * moved, moved, kept)
        )
        return Decoded(pixels, moved, kept, flow, past)

    def begin(
        self, z: Float[Tensor, "b f c h w"], portrait: PortraitFeatures, past: CodecContext
    ) -> tuple[Float[Tensor, "m c h4 w4"], Float[Tensor, "m 3 h w"], Float[Tensor, "b t 2 h w"], CodecContext]:
        """All but the last layers: features, the portrait's pixels moved, and the flow that moved them; m = b t."""
        f = z.shape[1]
        kept: list[Tensor] = []
        x = self._changes(z, portrait, past, kept)
        x, last = self.paired.stream(x, 2 * f, past[2])
        kept.append(last)
        straight = rearrange(z[:, :, :FLOW_CHANNELS].float() / FLOW_GAIN, "b f (i two) h w -> (b f i) two h w", two=2)
        coarse = rearrange(self.coarse(x).float(), "m (i two) h w -> (m i) two h w", i=2)
        coarse = coarse + F.interpolate(straight, scale_factor=2, mode="bilinear")
        x = unfolded(self.to_mid, x, frames=2)
        flow = 8 * (F.interpolate(coarse, scale_factor=2, mode="bilinear") + self.fine(x).float())
        by_frame = rearrange(flow, "(b t) two h w -> b t two h w", b=len(z))
        if not self.training:  # what trembles by less than can be seen rests
            by_frame = hysteresis(by_frame, past[3], RESTS)
            flow = rearrange(by_frame, "b t two h w -> (b t) two h w")
        kept.append(by_frame[:, -1])
        x = self.mid(add_inplace(self.seen4(warp_features(portrait.quarter, by_frame, 4).to(x.dtype)), x))
        wide = rearrange(F.interpolate(flow, scale_factor=4, mode="bilinear"), "(b t) two h w -> b t two h w", b=len(z))
        return x, warp(portrait.pixels, wide, 1, strength=portrait.strength), wide, tuple(kept)

    def end(self, x: Float[Tensor, "m c h4 w4"], carried: Float[Tensor, "m 3 h w"]) -> Float[Tensor, "m 3 h w"]:
        """The last layers: frames of what stays of the moved portrait, and of what is painted over it."""
        paint, kept = self.layers(x, carried)
        return paint + kept * carried

    def layers(
        self, x: Float[Tensor, "m c h4 w4"], carried: Float[Tensor, "m 3 h w"]
    ) -> tuple[Float[Tensor, "m 3 h w"], Float[Tensor, "m 1 h w"]]:
        """What is painted, and the share of the moved portrait that stays."""
        seen = F.pixel_unshuffle(carried, 2).to(x.dtype).contiguous(memory_format=torch.channels_last)
        x = self.top(add_inplace(self.seen2(seen), unfolded(self.to_top, x)))
        x = rearrange(self.leave(x), "m (c p q) h w -> m c (h p) (w q)", p=2, q=2)
        return x[:, :3], torch.sigmoid(x[:, 3:])

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
        for block in cast(Iterable[ResidualBlock], self.deep):
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
