"""Layers of the light codecs: residual blocks, features of a portrait, finding and moving a picture along a flow.

Knows tensors of pixels and features; nothing of latent frames' order, streams or training.
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from livetalk.codec.sharpening import light, resharpen


def start_small(conv: nn.Conv2d, std: float) -> None:
    nn.init.normal_(conv.weight, std=std)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)


class Norm(nn.Module):
    """Layer norm over channels with a gain; channels-last memory makes it one fused pass."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x: Float[Tensor, "m c h w"]) -> Float[Tensor, "m c h w"]:
        last = x.permute(0, 2, 3, 1)
        return F.layer_norm(last, last.shape[-1:], self.gain.to(x.dtype), eps=1e-6).permute(0, 3, 1, 2)


def add_inplace(fresh: Tensor, x: Tensor) -> Tensor:
    """Their sum; written into `fresh`, which nobody else needs, where no gradients are asked for."""
    if torch.is_grad_enabled() or fresh.dtype != x.dtype:
        return x + fresh
    return fresh.add_(x)


class ResidualBlock(nn.Module):
    """x + conv(act(conv(norm(x)))); with `remembers`, the normed features of the frame before are mixed in.

    `cheap` takes ReLU in place: at high resolution memory traffic costs as much as arithmetic. (Without the norm a
    stack of these grew until all its units were dead; see docs/lab/notebook.md.)
    """

    def __init__(self, width: int, *, cheap: bool = False, remembers: bool = False) -> None:
        super().__init__()
        self.norm, self.cheap = Norm(width), cheap
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.past = nn.Conv2d(width, width, 1, bias=False) if remembers else None
        # Small rather than zero: a zero-initialised net was slow to pick up motion.
        start_small(self.second, std=0.1 / width**0.5)
        if self.past is not None:
            start_small(self.past, std=0.1 / width**0.5)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.first(self.norm(x))
        hidden = F.relu_(hidden) if self.cheap else F.silu(hidden)
        return add_inplace(self.second(hidden), x)

    def stream(self, x: Tensor, frames: int, past: Tensor | None) -> tuple[Tensor, Tensor]:
        """`x` is [(b frames) c h w]; `past` is the normed frame before the first, None at the start of a stream."""
        assert self.past is not None
        normed = self.norm(x)
        by_time = rearrange(normed, "(b i) c h w -> b i c h w", i=frames)
        before = torch.zeros_like(by_time[:, :1]) if past is None else past[:, None].to(by_time.dtype)
        shifted = rearrange(torch.cat([before, by_time[:, :-1]], 1), "b i c h w -> (b i) c h w")
        shifted = shifted.contiguous(memory_format=torch.channels_last)
        return add_inplace(self.second(F.silu(self.first(add_inplace(self.past(shifted), normed)))), x), by_time[:, -1]


class PortraitEncoder(nn.Module):
    """Features of single pictures at a quarter, an eighth and a sixteenth of their size."""

    def __init__(self, quarter: int, eighth: int, sixteenth: int) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.PixelUnshuffle(4), nn.Conv2d(48, quarter, 3, padding=1), ResidualBlock(quarter))
        self.down8 = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * quarter, eighth, 1), ResidualBlock(eighth))
        self.down16 = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * eighth, sixteenth, 1), ResidualBlock(sixteenth))
        self.norms = nn.ModuleList(Norm(width) for width in (quarter, eighth, sixteenth))

    def forward(self, picture: Float[Tensor, "m 3 h w"]) -> tuple[Tensor, Tensor, Tensor]:
        x = self.enter(picture.contiguous(memory_format=torch.channels_last))
        y = self.down8(x)
        z = self.down16(y)
        a, b, c = (norm(part) for norm, part in zip(self.norms, (x, y, z), strict=True))
        return a, b, c

    def eighth(self, picture: Float[Tensor, "m 3 h w"]) -> Float[Tensor, "m d h8 w8"]:
        """The second of the three only."""
        return self.norms[1](self.down8(self.enter(picture.contiguous(memory_format=torch.channels_last))))


SHARPNESS = 0.5  # of the match, on features of deviation 1
REACH = 0.1  # standard deviation of how far a place is looked for, in half sides of the picture


def global_match(frames: Float[Tensor, "m i d h w"], picture: Float[Tensor, "m d h w"]) -> Float[Tensor, "m i 2 h w"]:
    """Where in `picture` each place of the frames is found by its features, minus where it is; sides are [-1, 1].

    A softmax over all places (global matching, Xu et al. 2022, equation 2), near ones preferred: flat walls and
    foreheads look alike everywhere. Features that have learned nothing yet already halve the error of no motion.
    """
    h, w = picture.shape[-2:]
    x, y = ((torch.arange(n, device=frames.device, dtype=torch.float32) + 0.5) * (2 / n) - 1 for n in (w, h))
    places = torch.stack([x.repeat(h), y.repeat_interleave(w)], -1)
    far = (places[:, None] - places).square().sum(-1) / (2 * REACH**2)
    asked = rearrange(frames, "m i d h w -> m i (h w) d")
    scores = asked @ rearrange(picture, "m d h w -> m 1 d (h w)")
    with torch.autocast(places.device.type, enabled=False):  # bfloat16 places would be steps of a pixel
        found = (SHARPNESS * scores.float() - far).softmax(-1) @ places
    return rearrange(found - places, "m i (h w) two -> m i two h w", h=h, w=w)


def warp(
    picture: Float[Tensor, "b c h w"],
    flow: Float[Tensor, "b i 2 h2 w2"],
    cell: float,
    *,
    strength: Float[Tensor, "b 1 1 1"] | None = None,
) -> Float[Tensor, "m c h2 w2"]:
    """`picture` seen through `flow`: where in it (x, y, pixels of a full picture) each place of i frames looks.

    cell: pixels of a full picture that one place of the flow covers. strength: of `sharpening.resharpen`, for colours
    in light of a bicubic kernel, which keeps half as much fine detail again as a bilinear one; eyes take detail from
    light alone, and one channel costs a third of three. Computed in float32: a bfloat16 grid would move a picture in
    steps.
    """
    i, _, h, w = flow.shape[1:]
    device = flow.device
    x = (torch.arange(w, device=device, dtype=torch.float32) + 0.5) * (2 / w) - 1
    y = (torch.arange(h, device=device, dtype=torch.float32) + 0.5) * (2 / h) - 1
    flow, picture = flow.float(), picture.float()
    grid = by_turns(flow[:, :, 0] * (2 / (cell * w)) + x, flow[:, :, 1] * (2 / (cell * h)) + y[:, None])
    # All frames of a picture in one tall grid: the picture is not copied for each.
    grid = rearrange(grid, "b i h w two -> b (i h) w two")

    def through(picture: Tensor, kernel: str) -> Tensor:
        out = F.grid_sample(picture, grid, mode=kernel, padding_mode="border", align_corners=False)
        return rearrange(out, "b c (i h) w -> (b i) c h w", i=i)

    out = through(picture, "bilinear")
    if strength is None:
        return out
    offset = rearrange(flow / cell, "b i two h w -> (b i) two h w")
    sharper = resharpen(through(light(picture), "bicubic"), offset, strength.repeat_interleave(i, 0))
    return out + (sharper - light(out))


def warp_features(
    features: Float[Tensor, "b c h w"], flow: Float[Tensor, "b i 2 h w"], cell: float
) -> Float[Tensor, "m c h w"]:
    """`warp` of many channels, in channels-last order and the features' type.

    Where that hides how sums are rounded, in bfloat16, a place's channels are fetched together, in a fifth of the time.
    """
    if features.dtype != torch.bfloat16 or features.device.type != "cpu" or torch.is_grad_enabled():
        return warp(features, flow, cell).to(features.dtype).contiguous(memory_format=torch.channels_last)
    b, c, h, w = features.shape
    x = (flow[:, :, 0] / cell + torch.arange(w)).clamp_(0, w - 1)
    y = (flow[:, :, 1] / cell + torch.arange(h)[:, None]).clamp_(0, h - 1)
    left, top = x.floor().clamp_(max=w - 2), y.floor().clamp_(max=h - 2)
    right, down = x - left, y - top
    first = (top * w + left).int() + h * w * torch.arange(b, dtype=torch.int32).view(-1, 1, 1, 1)
    places = torch.stack([first, first + 1, first + w, first + w + 1], -1).flatten(0, -2)
    shares = ((1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down)
    table = features.permute(0, 2, 3, 1).reshape(-1, c).float()
    out = F.embedding_bag(places, table, mode="sum", per_sample_weights=torch.stack(shares, -1).flatten(0, -2))
    return rearrange(out.to(features.dtype), "(m h w) c -> m c h w", h=h, w=w)


def unfolded(conv: nn.Conv2d, x: Float[Tensor, "m d h w"], frames: int = 1) -> Float[Tensor, "n c h2 w2"]:
    """`conv`, 1x1, whose channels (frame, channel, row, column) become frames and two by two pixels.

    Of pixels in channels-last order whole rows of channels are copied: the kernel's are put in that order beforehand.
    """
    weight, bias = conv.weight, conv.bias
    assert bias is not None
    order = "(i c p q) ... -> (i p q c) ..."
    weight, bias = (rearrange(part, order, i=frames, p=2, q=2) for part in (weight, bias))
    y = F.conv2d(x, weight, bias).permute(0, 2, 3, 1)
    return rearrange(y, "m h w (i p q c) -> (m i) (h p) (w q) c", i=frames, p=2, q=2).permute(0, 3, 1, 2)


def by_turns(even: Float[Tensor, "... w"], odd: Float[Tensor, "... w"]) -> Float[Tensor, "... w 2"]:
    """Two tensors stacked along a new last axis. As complex numbers they are written ten times as fast on a CPU."""
    if even.device.type == "cpu" and not torch.is_grad_enabled() and not torch.compiler.is_compiling():
        return torch.view_as_real(torch.complex(even, odd))
    return torch.stack([even, odd], -1)
