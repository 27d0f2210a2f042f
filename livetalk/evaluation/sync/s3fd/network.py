"""S3FD: a network that tells at each place of six grids whether a face of one size is there, and where its box lies.

S. Zhang et al., "S3FD: Single Shot Scale-invariant Face Detector", 2017 (arXiv:1708.05237): VGG16 with its first two
dense layers as convolutions, four more layers, and a head on each of six of them. The modules are named so that the
published state (`sfd_face.pth`, a flat table of tensors) fits them. Weights come from a path; none are bundled. Knows
tensors; neither pictures nor boxes in pixels.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from livetalk.evaluation.sync.published_state import fill
from livetalk.published.files import read_checkpoint

STRIDES = (4, 8, 16, 32, 64, 128)  # pixels from one place of a grid to the next; a prior box is four times as wide
WIDTHS = (256, 512, 512, 1024, 512, 256)  # channels that each head sees
BACKGROUNDS = 3  # of the finest grid: the most likely of three counts (max-out), which costs less false small faces
LEAST_SIDE = 28  # pixels: below it nothing is left to the coarser grids
EPSILON = 1e-10  # added to a length, as the published code does
CONV3_3, CONV4_3, CONV5_3 = 16, 23, 30  # layers of `vgg` up to and with those and their ReLUs


@dataclass(frozen=True)
class FaceGrid:
    """What one head tells."""

    faces: Float[Tensor, "b h w"]  # probability of a face
    offsets: Float[Tensor, "b 4 h w"]  # of its box from the prior box, as `boxes.decoded` takes them


class ScaledDirection(nn.Module):
    """The channels of each place brought to length 1, then scaled one by one."""

    def __init__(self, width: int, scale: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((width,), scale))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Same places, other lengths."""
        return x / (x.square().sum(1, keepdim=True).sqrt() + EPSILON) * self.weight[:, None, None]


class S3fd(nn.Module):
    """The published network; how its layers are named and numbered is the published state's."""

    def __init__(self) -> None:
        super().__init__()
        self.vgg = nn.Sequential(
            *_convolutions(3, 64, 64), nn.MaxPool2d(2),
            *_convolutions(64, 128, 128), nn.MaxPool2d(2),
            *_convolutions(128, 256, 256, 256), nn.MaxPool2d(2, ceil_mode=True),
            *_convolutions(256, 512, 512, 512), nn.MaxPool2d(2),
            *_convolutions(512, 512, 512, 512), nn.MaxPool2d(2),
            nn.Conv2d(512, 1024, 3, padding=6, dilation=6), nn.ReLU(inplace=True),
            nn.Conv2d(1024, 1024, 1), nn.ReLU(inplace=True),
        )  # fmt: skip
        self.extras = nn.ModuleList([
            nn.Conv2d(1024, 256, 1), nn.Conv2d(256, 512, 3, 2, 1),
            nn.Conv2d(512, 128, 1), nn.Conv2d(128, 256, 3, 2, 1),
        ])  # fmt: skip
        self.L2Norm3_3 = ScaledDirection(256, 10.0)
        self.L2Norm4_3 = ScaledDirection(512, 8.0)
        self.L2Norm5_3 = ScaledDirection(512, 5.0)
        self.loc = nn.ModuleList([nn.Conv2d(width, 4, 3, padding=1) for width in WIDTHS])
        answers = (BACKGROUNDS + 1, 2, 2, 2, 2, 2)
        self.conf = nn.ModuleList([nn.Conv2d(w, n, 3, padding=1) for w, n in zip(WIDTHS, answers, strict=True)])

    def forward(self, pictures: Float[Tensor, "b 3 height width"]) -> list[FaceGrid]:
        """Grids from fine to coarse. pictures: red, green, blue, less their means; `LEAST_SIDE` pixels at least."""
        x3 = self.vgg[:CONV3_3](pictures)
        x4 = self.vgg[CONV3_3:CONV4_3](x3)
        x5 = self.vgg[CONV4_3:CONV5_3](x4)
        x7 = self.vgg[CONV5_3:](x5)
        x8 = torch.relu(self.extras[1](torch.relu(self.extras[0](x7))))
        x9 = torch.relu(self.extras[3](torch.relu(self.extras[2](x8))))
        seen = (self.L2Norm3_3(x3), self.L2Norm4_3(x4), self.L2Norm5_3(x5), x7, x8, x9)
        return [FaceGrid(_faces(conf(x)), loc(x)) for x, conf, loc in zip(seen, self.conf, self.loc, strict=True)]


def load_s3fd(path: Path) -> S3fd:
    """The network with weights from a file, ready to find. Raises ValueError that names what does not fit."""
    if not path.is_file():
        raise ValueError(f"there is no S3FD at {path}: give the path of sfd_face.pth")
    network = S3fd()
    fill(network, read_checkpoint(path), path, "the S3FD of the SyncNet scripts (sfd_face.pth)")
    return network.eval().requires_grad_(False)


def _faces(answers: Float[Tensor, "b n h w"]) -> Float[Tensor, "b h w"]:
    """Probability of a face: the last channel against the most likely background of those before it."""
    return torch.sigmoid(answers[:, -1] - answers[:, :-1].amax(1))


def _convolutions(ins: int, *outs: int) -> list[nn.Module]:
    """Convolutions of 3 x 3, each with its ReLU."""
    layers = list[nn.Module]()
    for before, after in zip((ins, *outs), outs, strict=False):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=True)]
    return layers
