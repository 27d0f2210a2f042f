"""A planted face finder: S3FD with weights set by hand, to which red squares are faces; and frames with them."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from livetalk.evaluation.sync.s3fd.network import S3fd

CELL = 64  # pixels of a frame that one place of the third grid (stride 16, seen at a quarter) stands for
SIDE = 128  # of a face's box: half of that grid's prior boxes


@torch.no_grad()
def planted_s3fd() -> S3fd:
    """Red light passes through all layers; where there is some, the third grid is sure of a face of `SIDE` pixels."""
    network = S3fd()
    for weights in network.parameters():
        weights.zero_()
    for layer in network.vgg:
        if isinstance(layer, nn.Conv2d):
            middle = layer.kernel_size[0] // 2
            layer.weight[0, 0, middle, middle] = 1
    for head in network.conf:
        assert isinstance(head, nn.Conv2d)
        assert head.bias is not None
        head.bias[-1] = -10
    third, place = network.conf[2], network.loc[2]
    assert isinstance(third, nn.Conv2d)
    assert isinstance(place, nn.Conv2d)
    assert place.bias is not None
    network.L2Norm5_3.weight[0] = 5
    third.weight[1, 0, 1, 1] = 4  # 4 x 5 - 10: a probability of 1 / (1 + exp(-10))
    place.bias[2:] = math.log(0.5) / 0.2
    return network.eval()


def with_squares(places: Sequence[tuple[int, int]], cells: int = 4) -> np.ndarray:
    """A black frame u8 [h w 3] with red squares. places: row and column of each, in cells."""
    frame = np.zeros((CELL * cells, CELL * cells, 3), np.uint8)
    for row, column in places:
        frame[CELL * row : CELL * (row + 1), CELL * column : CELL * (column + 1), 0] = 250
    return frame


def box_at(row: int, column: int) -> list[float]:
    """The box that the planted finder gives for a square."""
    x, y = CELL * (column + 0.5), CELL * (row + 0.5)
    return [x - SIDE / 2, y - SIDE / 2, x + SIDE / 2, y + SIDE / 2]
