"""SyncNet: the published network that puts five frames of a face and 0.2 s of sound into one space of 1,024 axes.

J. S. Chung and A. Zisserman, "Out of time: automated lip sync in the wild", 2016. The modules are named so that the
published state (`syncnet_v2.model`, a flat table of tensors) fits them. Weights come from a path; none are bundled.
Knows tensors; neither files of clips nor how crops and coefficients are made.
"""

from pathlib import Path

from jaxtyping import Float
from torch import Tensor, nn

from livetalk.evaluation.sync.published_state import fill
from livetalk.published.files import read_checkpoint

DIMENSIONS = 1024
FRAMES, ROWS = 5, 20  # of a window: pictures at 25 a second, rows of coefficients at 100
SIDE, COEFFICIENTS = 224, 13


class SyncNet(nn.Module):
    """The published network; how its layers are numbered is the published state's."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *_flat(1, 64, (3, 3), 1), nn.MaxPool2d(1, 1),
            *_flat(64, 192, (3, 3), 1), nn.MaxPool2d(3, (1, 2)),
            *_flat(192, 384, (3, 3), 1), *_flat(384, 256, (3, 3), 1),
            *_flat(256, 256, (3, 3), 1), nn.MaxPool2d(3, 2),
            *_flat(256, 512, (5, 4), 0),
        )  # fmt: skip
        self.netfcaud = _head()
        self.netfclip = _head()
        self.netcnnlip = nn.Sequential(
            *_deep(3, 96, (5, 7, 7), 0, 2), nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_deep(96, 256, (1, 5, 5), 1, 2), nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_deep(256, 256, (1, 3, 3), 1), *_deep(256, 256, (1, 3, 3), 1),
            *_deep(256, 256, (1, 3, 3), 1), nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_deep(256, 512, (1, 6, 6), 0),
        )  # fmt: skip

    def embed_sound(self, rows: Float[Tensor, "b 1 13 20"]) -> Float[Tensor, "b 1024"]:
        """Places of coefficients, not of length 1."""
        return self.netfcaud(self.netcnnaud(rows).flatten(1))

    def embed_video(self, frames: Float[Tensor, "b 3 5 224 224"]) -> Float[Tensor, "b 1024"]:
        """Places of pictures (blue, green, red; 0 to 255), not of length 1."""
        return self.netfclip(self.netcnnlip(frames).flatten(1))


def load_syncnet(path: Path) -> SyncNet:
    """The network with weights from a file, ready to measure. Raises ValueError that names what does not fit."""
    if not path.is_file():
        raise ValueError(f"there is no SyncNet at {path}: give the path of syncnet_v2.model")
    network = SyncNet()
    fill(network, read_checkpoint(path), path, "SyncNet v2")
    return network.eval().requires_grad_(False)


def _flat(ins: int, outs: int, kernel: tuple[int, int], padding: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(ins, outs, kernel, padding=padding), nn.BatchNorm2d(outs), nn.ReLU(inplace=True)


def _deep(ins: int, outs: int, kernel: tuple[int, int, int], padding: int, stride: int = 1) -> tuple[nn.Module, ...]:
    """A convolution that pads and strides over pictures only, never over time."""
    convolution = nn.Conv3d(ins, outs, kernel, (1, stride, stride), (0, padding, padding))
    return convolution, nn.BatchNorm3d(outs), nn.ReLU(inplace=True)


def _head() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, DIMENSIONS))
