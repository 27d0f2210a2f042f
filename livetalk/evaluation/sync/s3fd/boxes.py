"""Boxes of S3FD: prior boxes of a grid, boxes from offsets to them, and overlapping boxes suppressed.

Numbers of S3FD (arXiv:1708.05237) and of SSD (arXiv:1512.02325), whose encoding it uses. Pure functions of arrays.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from livetalk.evaluation.sync.tracks import Boxes

PRIOR = 4  # strides that a prior box is wide and high: 16 to 512 pixels
VARIANCES = 0.1, 0.2  # of offsets of centres and of sides


def prior_boxes(height: int, width: int, stride: int) -> Float[np.ndarray, "n 4"]:
    """Centres (x, y) and sides (w, h) in pixels, row by row: one box in the middle of each place of a grid."""
    down, across = (np.indices((height, width)).reshape(2, -1) + 0.5) * stride
    sides = np.full(height * width, float(PRIOR * stride))
    return np.stack([across, down, sides, sides], axis=1)


def decoded(offsets: Float[np.ndarray, "n 4"], priors: Float[np.ndarray, "n 4"]) -> Boxes:
    """Boxes: the centre is moved by 0.1 of the prior's sides, the sides grow by exp(0.2 of the offset)."""
    centres = priors[:, :2] + VARIANCES[0] * offsets[:, :2] * priors[:, 2:]
    half = priors[:, 2:] * np.exp(VARIANCES[1] * offsets[:, 2:]) / 2
    return np.concatenate([centres - half, centres + half], axis=1)


def suppressed(boxes: Boxes, most: float) -> Float[np.ndarray, "m 4"]:
    """Boxes, the surest first, less those that share more than `most` of the union with a surer one that stays."""
    stay = list[int]()
    left: Int[np.ndarray, " n"] = np.arange(len(boxes))
    while len(left):
        stay.append(int(left[0]))
        left = left[1:][~_overlapping(boxes[left[0]], boxes[left[1:]], most)]
    return boxes[stay]


def _overlapping(one: Float[np.ndarray, " 4"], others: Boxes, most: float) -> Bool[np.ndarray, " n"]:
    sides = np.minimum(one[2:], others[:, 2:]) - np.maximum(one[:2], others[:, :2])
    shared = np.prod(np.maximum(sides, 0), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    return shared > most * (np.prod(one[2:] - one[:2]) + areas - shared)
