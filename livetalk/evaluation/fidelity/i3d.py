"""I3D networks of FVD: an opaque TorchScript file with StyleGAN-V's call, and our own network under cd-fvd's key names.

`i3d_torchscript.pt` is called as it documents itself and not looked into. `i3d_pretrained_400.pt` fills the inflated
Inception of Carreira & Zisserman 2017 (arXiv:1705.07750); padding as TensorFlow's SAME, so that odd sizes lose nothing.
Both give 400 numbers a clip: what comes before the softmax over Kinetics-400. Knows clips of frames, 0 to 255.
"""

from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import Protocol, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool3d, pad, relu

from livetalk.evaluation.fidelity.weight_files import load_checked, load_script

LEAST = 10  # frames that a TorchScript I3D asks for
SIDE = 224
CDFVD_SIDE = 256
LOGITS = 400

ClipPlanes = Float[Tensor, "t 3 h w"]
Shape = tuple[int, int, int]
"""Of time, height, width."""

BLOCKS: dict[str, tuple[int, int, int, int, int, int, int]] = {
    "Mixed_3b": (192, 64, 96, 128, 16, 32, 32),
    "Mixed_3c": (256, 128, 128, 192, 32, 96, 64),
    "Mixed_4b": (480, 192, 96, 208, 16, 48, 64),
    "Mixed_4c": (512, 160, 112, 224, 24, 64, 64),
    "Mixed_4d": (512, 128, 128, 256, 24, 64, 64),
    "Mixed_4e": (512, 112, 144, 288, 32, 64, 64),
    "Mixed_4f": (528, 256, 160, 320, 32, 128, 128),
    "Mixed_5b": (832, 256, 160, 320, 32, 128, 128),
    "Mixed_5c": (832, 384, 192, 384, 48, 128, 128),
}
"""Channels in, and out of b0, b1a, b1b, b2a, b2b, b3b."""


class I3dScript(Protocol):
    """A TorchScript I3D."""

    def __call__(self, x: Tensor, *, rescale: bool, resize: bool, return_features: bool) -> Tensor: ...


class ScriptedI3d:
    """StyleGAN-V's `i3d_torchscript.pt`. crop: the shorter side to 224 and the middle, else all of it squeezed."""

    def __init__(self, path: Path, device: str = "cpu") -> None:
        self._script = cast("I3dScript", load_script(path, device, "i3d_torchscript.pt as StyleGAN-V takes it"))
        self._path = path

    def __call__(self, clip: ClipPlanes, crop: bool = False) -> Float[Tensor, " 400"]:
        """Features of a clip. Raises ValueError, with what to do, for a file with another call."""
        planes = (cropped(clip, SIDE) / 127.5 - 1 if crop else clip).transpose(0, 1)[None]
        try:
            with torch.inference_mode():
                found = self._script(planes, rescale=not crop, resize=not crop, return_features=True)
        except RuntimeError as error:
            said = str(error).strip().splitlines()[-1]
            raise ValueError(f"{self._path} cannot be called as StyleGAN-V's I3D ({said}): give that file") from error
        if tuple(getattr(found, "shape", ())) != (1, LOGITS):
            raise ValueError(
                f"{self._path} does not give {LOGITS} numbers a clip: give StyleGAN-V's i3d_torchscript.pt"
            )
        return found[0]


class Unit(nn.Module):
    """3-D convolution with SAME padding, batch normalisation and ReLU; or, at the end, a bias only."""

    def __init__(self, channels: int, out: int, kernel: Shape, stride: Shape = (1, 1, 1), last: bool = False) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(channels, out, kernel, stride, bias=last)
        self.bn = None if last else nn.BatchNorm3d(out, eps=1e-5)
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Float[Tensor, "b c t h w"]) -> Float[Tensor, "b d u i j"]:
        x = self.conv3d(same_padded(x, self.kernel, self.stride))
        return x if self.bn is None else relu(self.bn(x))


class I3dBlock(nn.Module):
    """Four branches side by side; their names are the file's."""

    def __init__(self, channels: int, b0: int, b1a: int, b1b: int, b2a: int, b2b: int, b3b: int) -> None:
        super().__init__()
        one, three = (1, 1, 1), (3, 3, 3)
        self.b0 = Unit(channels, b0, one)
        self.b1a, self.b1b = Unit(channels, b1a, one), Unit(b1a, b1b, three)
        self.b2a, self.b2b = Unit(channels, b2a, one), Unit(b2a, b2b, three)
        self.b3b = Unit(channels, b3b, one)

    def forward(self, x: Float[Tensor, "b c t h w"]) -> Float[Tensor, "b d t h w"]:
        pooled = same_pool(x, (3, 3, 3), (1, 1, 1))
        return torch.cat([self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(pooled)], dim=1)


class KineticsI3d(nn.Module):
    """I3D under the names of `i3d_pretrained_400.pt`: clips of 224 x 224 in [-1, 1] to 400 logits."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv3d_1a_7x7 = Unit(3, 64, (7, 7, 7), (2, 2, 2))
        self.Conv3d_2b_1x1 = Unit(64, 64, (1, 1, 1))
        self.Conv3d_2c_3x3 = Unit(64, 192, (3, 3, 3))
        for name, channels in BLOCKS.items():
            self.add_module(name, I3dBlock(*channels))
        self.logits = Unit(1024, LOGITS, (1, 1, 1), last=True)

    def forward(self, x: Float[Tensor, "b 3 t h w"]) -> Float[Tensor, "b 400"]:
        x = same_pool(self.Conv3d_1a_7x7(x), (1, 3, 3), (1, 2, 2))
        x = same_pool(self.Conv3d_2c_3x3(self.Conv3d_2b_1x1(x)), (1, 3, 3), (1, 2, 2))
        for name in BLOCKS:
            if name == "Mixed_4b":
                x = same_pool(x, (3, 3, 3), (2, 2, 2))
            elif name == "Mixed_5b":
                x = same_pool(x, (2, 2, 2), (2, 2, 2))
            x = self.get_submodule(name)(x)
        pooled = nn.functional.avg_pool3d(x, (2, 7, 7), 1)
        return self.logits(pooled).mean(dim=(2, 3, 4))


def load_kinetics_i3d(path: Path, device: str = "cpu") -> Callable[[ClipPlanes], Float[Tensor, " 400"]]:
    """cd-fvd's I3D and its preprocessing. Raises ValueError, naming the key, for a file that does not fit."""
    with torch.device("meta"):
        network = KineticsI3d()
    load_checked(network, path, "the I3D of cd-fvd (i3d_pretrained_400.pt)")
    network = network.eval().requires_grad_(False).to(device)

    def features(clip: ClipPlanes) -> Float[Tensor, " 400"]:
        small = interpolate(cropped(clip, CDFVD_SIDE, antialias=True), (SIDE, SIDE), mode="bilinear")
        with torch.inference_mode():
            return network((small / 127.5 - 1).transpose(0, 1)[None])[0]

    return features


def cropped(clip: ClipPlanes, side: int, antialias: bool = False) -> Float[Tensor, "t 3 s s"]:
    """The shorter side brought to `side` (bilinear), and the middle of the longer one."""
    height, width = clip.shape[2:]
    scale = side / min(height, width)
    size = (side, ceil(width * scale)) if height < width else (ceil(height * scale), side)
    clip = interpolate(clip, size, mode="bilinear", align_corners=False, antialias=antialias)
    top, left = (size[0] - side) // 2, (size[1] - side) // 2
    return clip[:, :, top : top + side, left : left + side]


def same_padded(x: Float[Tensor, "b c t h w"], kernel: Shape, stride: Shape) -> Float[Tensor, "b c u i j"]:
    """Zeros about x so that the result has a stride-th of its length, rounded up."""
    sides: list[int] = []
    for length, size, step in reversed(list(zip(x.shape[2:], kernel, stride, strict=True))):
        lacking = max(0, size - (length % step or step))
        sides += [lacking // 2, lacking - lacking // 2]
    return pad(x, sides)


def same_pool(x: Float[Tensor, "b c t h w"], kernel: Shape, stride: Shape) -> Float[Tensor, "b c u i j"]:
    """Maxima; x is not negative, so zeros about it change none."""
    return max_pool3d(same_padded(x, kernel, stride), kernel, stride)
