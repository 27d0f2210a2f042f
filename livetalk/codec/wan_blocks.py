"""Layers of Wan2.1's video VAE, with the names its checkpoint uses (REFERENCE: Wan2.1 `vae.py`, Apache-2.0).

Every layer is a function of (frames, what it remembers) to (frames, what it will remember); none keeps state.
An empty memory, (), means that the layer remembers nothing, or that its stream has not started. These layers
know nothing of latents' statistics, of chunks, or of files.
"""

from typing import Any, Protocol, cast

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from livetalk.nn.causal_conv import CausalConv3d, Past


class Streamed(Protocol):
    """A layer that can be run over a stream piece by piece."""

    def start(self, batch: int, device: torch.device, dtype: torch.dtype) -> Past: ...

    def __call__(self, x: Tensor, past: Any) -> tuple[Tensor, Any]: ...


class ChannelNorm(nn.Module):
    """x / |x| * sqrt(c) * gamma over the channels of each cell; `axes` is 3 for video and 2 for pictures."""

    def __init__(self, channels: int, axes: int = 3) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels, *[1] * axes))

    def forward(self, x: Float[Tensor, "b c ..."]) -> Float[Tensor, "b c ..."]:
        return F.normalize(x, dim=1) * len(self.gamma) ** 0.5 * self.gamma


class Residual(nn.Module):
    """x + conv(silu(norm(conv(silu(norm(x)))))), with a 1x1x1 shortcut where the width changes."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            ChannelNorm(channels),
            nn.SiLU(),
            CausalConv3d(channels, out_channels),
            ChannelNorm(out_channels),
            nn.SiLU(),
            nn.Identity(),  # dropout 0 in the published model: holds the place in the names
            CausalConv3d(out_channels, out_channels),
        )
        self.shortcut = nn.Conv3d(channels, out_channels, 1) if channels != out_channels else nn.Identity()

    def start(self, batch: int, device: torch.device, dtype: torch.dtype) -> tuple[Past, ...]:
        convolutions = cast("list[Streamed]", [self.residual[2], self.residual[6]])
        return tuple(layer.start(batch, device, dtype) for layer in convolutions)

    def forward(
        self, x: Float[Tensor, "b c t h w"], past: tuple[Tensor, ...]
    ) -> tuple[Float[Tensor, "b d t h w"], tuple[Tensor, ...]]:
        y, first = self.residual[2](self.residual[:2](x), past[0])
        y, second = self.residual[6](self.residual[3:6](y), past[1])
        return y + self.shortcut(x), (first, second)


class FrameAttention(nn.Module):
    """One head of self-attention among the cells of each frame, added to it. Remembers nothing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(channels, axes=2)
        self.to_qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.proj = nn.Conv2d(channels, channels, 1)

    def start(self, batch: int, device: torch.device, dtype: torch.dtype) -> tuple[()]:
        return ()

    def forward(self, x: Float[Tensor, "b c t h w"], past: tuple[()]) -> tuple[Float[Tensor, "b c t h w"], tuple[()]]:
        b, _, _, h, _ = x.shape
        frames = rearrange(x, "b c t h w -> (b t) c h w")
        qkv = rearrange(self.to_qkv(self.norm(frames)), "n (qkv c) h w -> qkv n 1 (h w) c", qkv=3)
        y = F.scaled_dot_product_attention(*qkv.unbind(0))
        frames = frames + self.proj(rearrange(y, "n 1 (h w) c -> n c h w", h=h))
        return rearrange(frames, "(b t) c h w -> b c t h w", b=b), ()


def _each_frame(layer: nn.Module, x: Float[Tensor, "b c t h w"]) -> Float[Tensor, "b d t h2 w2"]:
    return rearrange(layer(rearrange(x, "b c t h w -> (b t) c h w")), "(b t) d h w -> b d t h w", b=len(x))


class Down(nn.Module):
    """Halves height and width and, with `in_time`, the frame rate. A stream's first frame stays by itself."""

    def __init__(self, channels: int, in_time: bool) -> None:
        super().__init__()
        # The published model pads right and bottom only.
        self.resample = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(channels, channels, 3, stride=2))
        self.time_conv = nn.Conv3d(channels, channels, (3, 1, 1), stride=(2, 1, 1)) if in_time else None

    def start(self, batch: int, device: torch.device, dtype: torch.dtype) -> tuple[()]:
        return ()

    def forward(
        self, x: Float[Tensor, "b c t h w"], past: Float[Tensor, "b c 1 h2 w2"] | tuple[()]
    ) -> tuple[Float[Tensor, "b c t2 h2 w2"], Float[Tensor, "b c 1 h2 w2"] | tuple[()]]:
        x = _each_frame(self.resample, x)
        if self.time_conv is None:
            return x, ()
        last = x[:, :, -1:].clone()
        if isinstance(past, tuple):
            assert x.shape[2] == 1, "a stream starts with a single frame"
            return x, last
        return self.time_conv(torch.cat([past, x], dim=2)), last


class Up(nn.Module):
    """Doubles height and width, halves the channels and, with `in_time`, doubles the frame rate.

    In time, a stream's first frame passes unchanged and leaves no trace: the second one sees black as its past.
    """

    def __init__(self, channels: int, in_time: bool) -> None:
        super().__init__()
        self.resample = nn.Sequential(
            nn.Upsample(scale_factor=2.0, mode="nearest"), nn.Conv2d(channels, channels // 2, 3, padding=1)
        )
        self.time_conv = CausalConv3d(channels, 2 * channels, (3, 1, 1)) if in_time else None

    def start(self, batch: int, device: torch.device, dtype: torch.dtype) -> tuple[()]:
        return ()

    def forward(
        self, x: Float[Tensor, "b c t h w"], past: Tensor | tuple[()]
    ) -> tuple[Float[Tensor, "b d t2 h2 w2"], Tensor | tuple[()]]:
        if self.time_conv is not None and isinstance(past, tuple):
            assert x.shape[2] == 1, "a stream starts with a single latent frame"
            past = self.time_conv.start(len(x), x.device, x.dtype)
        elif self.time_conv is not None:
            x, past = self.time_conv(x, past)
            x = rearrange(x, "b (parity c) t h w -> b c (t parity) h w", parity=2)
        return _each_frame(self.resample, x), past


class Trunk(nn.Module):
    """A row of streamed layers between a first convolution and a head: the shape of encoder and decoder."""

    def __init__(self, channels: int, first: int, last: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = CausalConv3d(channels, first)
        self.head = nn.Sequential(ChannelNorm(last), nn.SiLU(), CausalConv3d(last, out_channels))

    def layers(self) -> list[Any]:
        """The layers between the first convolution and the head, in the order of the walk."""
        raise NotImplementedError

    def start(self, batch: int, device: torch.device, dtype: torch.dtype) -> tuple[Any, ...]:
        walk = cast("list[Streamed]", [self.conv1, *self.layers(), self.head[2]])
        return tuple(layer.start(batch, device, dtype) for layer in walk)

    def forward(self, x: Float[Tensor, "b c t h w"], past: tuple[Any, ...]) -> tuple[Tensor, tuple[Any, ...]]:
        """Run the next frames of each stream; returns what comes out and the memory of every layer."""
        kept: list[Any] = []
        for layer, remembered in zip([self.conv1, *self.layers()], past[:-1], strict=True):
            x, now = layer(x, remembered)
            kept.append(now)
        x, now = self.head[2](self.head[:2](x), past[-1])
        return x, (*kept, now)


def _middle(channels: int) -> nn.ModuleList:
    return nn.ModuleList([Residual(channels, channels), FrameAttention(channels), Residual(channels, channels)])


class Encoder(Trunk):
    """Pixels to moments: per stage `depth` residuals, then a halving but for the last stage."""

    def __init__(self, widths: tuple[int, ...], depth: int, halves_time: tuple[bool, ...], out_channels: int) -> None:
        super().__init__(3, widths[0], widths[-1], out_channels)
        layers: list[nn.Module] = []
        for stage, (channels, width) in enumerate(zip((widths[0], *widths), widths, strict=False)):
            layers += [Residual(channels if i == 0 else width, width) for i in range(depth)]
            if stage < len(halves_time):
                layers.append(Down(width, halves_time[stage]))
        self.downsamples = nn.ModuleList(layers)
        self.middle = _middle(widths[-1])

    def layers(self) -> list[Any]:
        return [*self.downsamples, *self.middle]


class Decoder(Trunk):
    """Latents to pixels: per stage `depth` + 1 residuals, then a doubling but for the last stage."""

    def __init__(self, widths: tuple[int, ...], depth: int, halves_time: tuple[bool, ...], channels: int) -> None:
        super().__init__(channels, widths[-1], widths[0], 3)
        doubles_time = halves_time[::-1]
        self.middle = _middle(widths[-1])
        layers: list[nn.Module] = []
        before = widths[-1]
        for stage, width in enumerate(widths[::-1]):
            layers += [Residual(before if i == 0 else width, width) for i in range(depth + 1)]
            if stage < len(doubles_time):
                layers.append(Up(width, doubles_time[stage]))
                before = width // 2
        self.upsamples = nn.ModuleList(layers)

    def layers(self) -> list[Any]:
        return [*self.middle, *self.upsamples]
