"""Inception network of FID: TensorFlow's of 2015-12-05, under the key names of pytorch-fid and torch-fidelity.

It differs from torchvision's in three things: average pools count no padding, the last block pools by the maximum, and
its classifier has 1008 outputs, by which a file of the other network is told apart (Szegedy et al. 2016,
arXiv:1512.00567, for the blocks). Knows pictures of 299 x 299 in [-1, 1]; how they came to that size is `resizing`'s.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d, relu

from livetalk.evaluation.fidelity.weight_files import load_checked

SIZE = 299
WIDTH = 2048
FILE = "pt_inception-2015-12-05-6726825d.pth"  # of pytorch-fid's release `fid_weights`

Kernel = tuple[int, int]
Spec = tuple[int, int, Kernel, int]
"""Channels in and out, kernel, stride."""

POOLS = ("average", "max", "halve")
"""Beginnings of a path without weights: of 3 x 3 pixels, the last with stride 2."""

Steps = tuple[str | tuple[str, str], ...]
"""Names of a branch's convolutions in their order; a pair takes the same input, side by side."""


class Convolution(nn.Module):
    """Convolution without bias, batch normalisation and ReLU. Padded to keep the size where the stride is 1."""

    def __init__(self, spec: Spec, padded: bool = True) -> None:
        super().__init__()
        channels, out, kernel, stride = spec
        high, wide = (side // 2 if padded and stride == 1 else 0 for side in kernel)
        self.conv = nn.Conv2d(channels, out, kernel, stride, (high, wide), bias=False)
        self.bn = nn.BatchNorm2d(out, eps=1e-3)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d i j"]:
        return relu(self.bn(self.conv(x)))


class Mixed(nn.Module):
    """Branches side by side, their outputs one behind the other in channels."""

    def __init__(self, specs: dict[str, Spec], paths: tuple[Steps, ...]) -> None:
        super().__init__()
        self.paths = paths
        for name, spec in specs.items():
            self.add_module(name, Convolution(spec))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d i j"]:
        return torch.cat([self._along(path, x) for path in self.paths], dim=1)

    def _along(self, path: Steps, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d i j"]:
        for step in path:
            if isinstance(step, tuple):
                x = torch.cat([self.get_submodule(name)(x) for name in step], dim=1)
            else:
                x = _pool(step, x) if step in POOLS else self.get_submodule(step)(x)
        return x


class FidInception(nn.Module):
    """Pictures to the 2048 features of the last pool."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution((3, 32, (3, 3), 2))
        self.Conv2d_2a_3x3 = Convolution((32, 32, (3, 3), 1), padded=False)
        self.Conv2d_2b_3x3 = Convolution((32, 64, (3, 3), 1))
        self.Conv2d_3b_1x1 = Convolution((64, 80, (1, 1), 1))
        self.Conv2d_4a_3x3 = Convolution((80, 192, (3, 3), 1), padded=False)
        self.mixed = tuple(name for name, _ in _blocks())
        for name, block in _blocks():
            self.add_module(name, block)
        self.fc = nn.Linear(WIDTH, 1008)  # not used: its shape tells files apart

    def forward(self, x: Float[Tensor, "b 3 299 299"]) -> Float[Tensor, "b 2048"]:
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(max_pool2d(x, 3, 2)))
        x = max_pool2d(x, 3, 2)
        for name in self.mixed:
            x = self.get_submodule(name)(x)
        return x.mean(dim=(2, 3))


def load_inception(path: Path, device: str = "cpu") -> FidInception:
    """The network with the weights of a file. Raises ValueError, naming the key, where one does not fit."""
    with torch.device("meta"):
        network = FidInception()
    load_checked(network, path, f"the Inception of FID ({FILE})")
    return network.eval().requires_grad_(False).to(device)


def _pool(kind: str, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c i j"]:
    if kind == "halve":
        return max_pool2d(x, 3, 2)
    if kind == "max":
        return max_pool2d(x, 3, 1, 1)
    return avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def _blocks() -> Iterator[tuple[str, Mixed]]:
    for name, channels, pooled in (("5b", 192, 32), ("5c", 256, 64), ("5d", 288, 64)):
        yield f"Mixed_{name}", _grid_35(channels, pooled)
    yield "Mixed_6a", _to_17()
    for name, width in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
        yield f"Mixed_{name}", _grid_17(width)
    yield "Mixed_7a", _to_8()
    yield "Mixed_7b", _grid_8(1280, "average")
    yield "Mixed_7c", _grid_8(WIDTH, "max")


def _grid_35(channels: int, pooled: int) -> Mixed:
    specs: dict[str, Spec] = {
        "branch1x1": (channels, 64, (1, 1), 1),
        "branch5x5_1": (channels, 48, (1, 1), 1),
        "branch5x5_2": (48, 64, (5, 5), 1),
        "branch3x3dbl_1": (channels, 64, (1, 1), 1),
        "branch3x3dbl_2": (64, 96, (3, 3), 1),
        "branch3x3dbl_3": (96, 96, (3, 3), 1),
        "branch_pool": (channels, pooled, (1, 1), 1),
    }
    doubled = ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3")
    return Mixed(specs, (("branch1x1",), ("branch5x5_1", "branch5x5_2"), doubled, ("average", "branch_pool")))


def _to_17() -> Mixed:
    specs: dict[str, Spec] = {
        "branch3x3": (288, 384, (3, 3), 2),
        "branch3x3dbl_1": (288, 64, (1, 1), 1),
        "branch3x3dbl_2": (64, 96, (3, 3), 1),
        "branch3x3dbl_3": (96, 96, (3, 3), 2),
    }
    return Mixed(specs, (("branch3x3",), ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"), ("halve",)))


def _grid_17(width: int) -> Mixed:
    single = ("branch7x7_1", "branch7x7_2", "branch7x7_3")
    doubled = tuple(f"branch7x7dbl_{place}" for place in range(1, 6))
    specs: dict[str, Spec] = {
        "branch1x1": (768, 192, (1, 1), 1),
        "branch7x7_1": (768, width, (1, 1), 1),
        "branch7x7_2": (width, width, (1, 7), 1),
        "branch7x7_3": (width, 192, (7, 1), 1),
        "branch7x7dbl_1": (768, width, (1, 1), 1),
        "branch7x7dbl_2": (width, width, (7, 1), 1),
        "branch7x7dbl_3": (width, width, (1, 7), 1),
        "branch7x7dbl_4": (width, width, (7, 1), 1),
        "branch7x7dbl_5": (width, 192, (1, 7), 1),
        "branch_pool": (768, 192, (1, 1), 1),
    }
    return Mixed(specs, (("branch1x1",), single, doubled, ("average", "branch_pool")))


def _to_8() -> Mixed:
    specs: dict[str, Spec] = {
        "branch3x3_1": (768, 192, (1, 1), 1),
        "branch3x3_2": (192, 320, (3, 3), 2),
        "branch7x7x3_1": (768, 192, (1, 1), 1),
        "branch7x7x3_2": (192, 192, (1, 7), 1),
        "branch7x7x3_3": (192, 192, (7, 1), 1),
        "branch7x7x3_4": (192, 192, (3, 3), 2),
    }
    long = tuple(f"branch7x7x3_{place}" for place in range(1, 5))
    return Mixed(specs, (("branch3x3_1", "branch3x3_2"), long, ("halve",)))


def _grid_8(channels: int, pool: str) -> Mixed:
    specs: dict[str, Spec] = {
        "branch1x1": (channels, 320, (1, 1), 1),
        "branch3x3_1": (channels, 384, (1, 1), 1),
        "branch3x3_2a": (384, 384, (1, 3), 1),
        "branch3x3_2b": (384, 384, (3, 1), 1),
        "branch3x3dbl_1": (channels, 448, (1, 1), 1),
        "branch3x3dbl_2": (448, 384, (3, 3), 1),
        "branch3x3dbl_3a": (384, 384, (1, 3), 1),
        "branch3x3dbl_3b": (384, 384, (3, 1), 1),
        "branch_pool": (channels, 192, (1, 1), 1),
    }
    single: Steps = ("branch3x3_1", ("branch3x3_2a", "branch3x3_2b"))
    doubled: Steps = ("branch3x3dbl_1", "branch3x3dbl_2", ("branch3x3dbl_3a", "branch3x3dbl_3b"))
    return Mixed(specs, (("branch1x1",), single, doubled, (pool, "branch_pool")))
