"""Portrait codec: warps and repaints the portrait; 16x in space, 4x in time, 48 channels, 3 GFLOP a decoded frame.

It codes a stream as films are coded: the first latent frame is the portrait's picture, every later one says what has
changed since (where each place of the picture has moved, and what is new there). The decoder therefore keeps the
portrait: it moves its pixels and features along a flow and paints only what the portrait does not show, an opened
mouth or a closed eye. A transformer that is unsure then moves a face a little wrongly; it does not melt it.

Both directions are causal. The encoder sees one latent frame and the portrait; the decoder remembers one latent frame
of features beside the portrait (the carry). The networks are in `codec.motion`.

Does not know: faces, presets, how it is trained, what its latents are used for.
"""

from typing import Self, cast

import torch
from einops import rearrange
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from livetalk.codec.base import Carry
from livetalk.codec.block_boundary import smooth_boundary
from livetalk.codec.blocks import PortraitEncoder
from livetalk.codec.deadband import quantise_with_hysteresis
from livetalk.codec.enlarge import enlarge, light_table
from livetalk.codec.motion import (
    CodecContext,
    Encoded,
    MotionDecoder,
    MotionEncoder,
    PortraitCodecConfig,
    PortraitFeatures,
    reduced,
)
from livetalk.codec.sharpening import FIXED, sharpening_strength

# A stream whose portrait is not at hand: its first latent frame is decoded, and serves as the portrait from there on.
START = Carry(())


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
        """Return this codec with its weights in channels-last order, in which convolutions are fastest."""
        return self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] - torch's stubs lack it

    def encode_raw(self, pixels: Float[Tensor, "b 3 t h w"]) -> Float[Tensor, "b c f h16 w16"]:
        """Latents before normalisation; t must be 4f - 3."""
        t = pixels.shape[2]
        if t % 4 != 1:
            raise ValueError(f"{t} frames cannot be encoded: give 4n + 1 frames (1, 5, 9, ...)")
        _, eighth, sixteenth = self.eye(pixels[:, :, 0])
        z = self.encoder.encode_still(eighth)[:, :, None]
        return z if t == 1 else torch.cat([z, self._motion(eighth, sixteenth, pixels[:, :, 1:]).latents], 2)

    def encode_motion(self, portrait: PortraitFeatures, later: Float[Tensor, "b 3 t h w"]) -> Encoded:
        """Raw latents [b c f h w] and flow [b t 2 h8 w8] of what comes after the portrait, t = 4f frames."""
        return self._motion(portrait.eighth, portrait.sixteenth, later)

    def _motion(
        self,
        eighth: Float[Tensor, "b d h8 w8"],
        sixteenth: Float[Tensor, "b e h16 w16"],
        later: Float[Tensor, "b 3 t h w"],
    ) -> Encoded:
        b, _, t, _, _ = later.shape
        frames = self.eye.eighth(rearrange(later, "b c t h w -> (b t) c h w"))
        frames = rearrange(frames, "(m i) d h w -> m i d h w", i=4)
        seen = (part.repeat_interleave(t // 4, 0) for part in (eighth, sixteenth))
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
        scale: int = 1,
    ) -> Carry:
        """Streams of which nothing has been decoded; the first frame they give will be `portrait`, if it is given.

        scale: how many times larger than what is coded the portrait is, along a side; all frames come as large.
        """
        if portrait is None:
            return START
        features = self.encode_portrait(reduced(portrait, scale))
        if scale == 1:
            return Carry(_packed(features))
        large = portrait.float()
        return Carry((*_packed(features._replace(light=light_table(large))), large))

    def encode_portrait(self, pixels: Float[Tensor, "b 3 h w"]) -> PortraitFeatures:
        """Features of a portrait in [-1, 1], which the decoder keeps."""
        quarter, eighth, sixteenth = self.eye(pixels)
        return PortraitFeatures(quarter, eighth, sixteenth, pixels.float(), sharpening_strength(pixels))

    def step(self, latents: Float[Tensor, "b c f h w"], carry: Carry) -> tuple[Tensor, Carry]:
        """Decode the next latent frames of a stream: pixels [b 3 t h w] in about [-1, 1], and the new carry."""
        return self.decode_raw(self._raw(latents), carry)

    def step_bytes(self, latents: Float[Tensor, "b c f h w"], carry: Carry) -> tuple[UInt8[Tensor, "b t h w 3"], Carry]:
        """`step`, its pixels as bytes."""
        levels, carry = self._levels(self._raw(latents), carry)
        pictures = [level.to(torch.uint8).contiguous(memory_format=torch.channels_last) for level in levels]
        return torch.stack([picture.permute(0, 2, 3, 1) for picture in pictures], 1), carry

    def blend_boundary(
        self, latents: Float[Tensor, "b c 1 h w"], carry: Carry, quiet: bool = False
    ) -> Float[Tensor, "b c 1 h w"]:
        """The first latent frame of a block, eased into the last one decoded (`codec.block_boundary`)."""
        last = cast(tuple[Tensor, ...], carry.past)[-1]
        return self._normal(smooth_boundary(last.to(latents.dtype), self._raw(latents)[:, :, 0], quiet)[:, :, None])

    def decode_raw(self, raw: Float[Tensor, "b c f h w"], carry: Carry) -> tuple[Tensor, Carry]:
        """`step` on latents before normalisation. Pixels are float32 and lie on levels of 8 bits (`codec.deadband`)."""
        levels, carry = self._levels(raw, carry)
        return torch.stack(levels, 2) / 127.5 - 1, carry

    def _levels(self, raw: Float[Tensor, "b c f h w"], carry: Carry) -> tuple[list[Float[Tensor, "b 3 h w"]], Carry]:
        """Frames of the next latent frames on levels of 8 bits, 0 to 255."""
        z, levels = rearrange(raw, "b c f h w -> b f c h w"), list[Tensor]()
        held = cast(tuple[Tensor, ...], carry.past)
        portrait, rest = _unpacked(held) if held else (self.encode_portrait(self.first(z)), ())
        if len(rest) <= 1:  # the stream begins: its first latent frame is the portrait's
            past = self.nothing(portrait)
            levels += quantise_with_hysteresis([rest[0] if rest else portrait.pixels])
            z, shown = z[:, 1:], levels[0]
        else:
            *past, shown, _ = rest
        if z.shape[1]:
            made = self.decoder(z, portrait, tuple(past))
            frames = made.pixels.float().unbind(1) if portrait.light is None else enlarge(made, portrait.light)
            levels += quantise_with_hysteresis(frames, shown)
            past = made.past
        return levels, Carry((*_packed(portrait), *past, levels[-1], raw[:, :, -1]))

    def first(self, z: Float[Tensor, "b f c h w"]) -> Float[Tensor, "b 3 h16 w16"]:
        """The picture that a stream's first latent frame says, without a portrait: coarse."""
        s = self.config.seen
        b, _, _, h, w = z.shape
        empty = [z.new_zeros(b, width, h * n, w * n) for width, n in zip(s, (4, 2, 1), strict=True)]
        dark = torch.zeros(b, 3, 16 * h, 16 * w, device=z.device)
        unseen = PortraitFeatures(empty[0], empty[1], empty[2], dark, dark.new_zeros(b, 1, 1, 1))
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


def _packed(portrait: PortraitFeatures) -> tuple[Tensor, ...]:
    """The portrait as the carry holds it. Its table comes first: streams of two sizes differ in their first shape."""
    *features, table = portrait
    return tuple(features) if table is None else (table, *features)


def _unpacked(held: tuple[Tensor, ...]) -> tuple[PortraitFeatures, tuple[Tensor, ...]]:
    """The portrait, and what else a carry holds: nothing or the first frame of a stream that has not started."""
    table, features = (held[0], held[1:]) if held[0].shape[1] == 1 else (None, held)
    quarter, eighth, sixteenth, pixels, strength, *rest = features
    return PortraitFeatures(quarter, eighth, sixteenth, pixels, strength, table), tuple(rest)


def with_strength(carry: Carry) -> Carry:
    """The carry of a stream that was kept when all portraits were sharpened alike: version 0.7 and earlier."""
    held = cast(tuple[Tensor, ...], carry.past)
    place = 5 if held[0].shape[1] == 1 else 4  # behind the portrait's pixels
    strength = held[place - 1].new_full((len(held[0]), 1, 1, 1), FIXED)
    return Carry((*held[:place], strength, *held[place:]))
