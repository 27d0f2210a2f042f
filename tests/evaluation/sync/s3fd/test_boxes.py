"""Boxes of S3FD against numbers worked out by hand."""

import math

import numpy as np

from livetalk.evaluation.sync.s3fd.boxes import decoded, prior_boxes, suppressed
from livetalk.evaluation.sync.s3fd.network import STRIDES


def test_prior_boxes_lie_in_the_middle_of_their_places() -> None:
    assert prior_boxes(2, 3, 8).tolist() == [
        [4, 4, 32, 32], [12, 4, 32, 32], [20, 4, 32, 32],
        [4, 12, 32, 32], [12, 12, 32, 32], [20, 12, 32, 32],
    ]  # fmt: skip
    assert [prior_boxes(1, 1, stride)[0, 2] for stride in STRIDES] == [16, 32, 64, 128, 256, 512]


def test_offsets_move_and_stretch_the_prior() -> None:
    """Centre 100 + 0.1 x 2 x 64 = 112.8 and 60 - 6.4 = 53.6; sides 64 x 2 and 64 / 4."""
    prior = np.array([[100.0, 60, 64, 64]])
    offset = np.array([[2.0, -1.0, math.log(2) / 0.2, -math.log(4) / 0.2]])
    assert np.allclose(decoded(offset, prior), [[112.8 - 64, 53.6 - 8, 112.8 + 64, 53.6 + 8]])
    assert decoded(np.zeros((1, 4)), prior).tolist() == [[68, 28, 132, 92]]
    assert decoded(np.zeros((0, 4)), np.zeros((0, 4))).shape == (0, 4)


def test_less_sure_boxes_of_the_same_face_go() -> None:
    """Unions with the first: 80 / 120 = 0.67, 20 / 180 = 0.11, 0."""
    boxes = np.array([[0.0, 0, 10, 10], [2, 0, 12, 10], [8, 0, 18, 10], [30, 0, 40, 10]])
    assert suppressed(boxes, 0.3).tolist() == boxes[[0, 2, 3]].tolist()
    assert suppressed(boxes, 0.1).tolist() == boxes[[0, 3]].tolist()
    assert suppressed(boxes, 0.7).tolist() == boxes.tolist()
    assert suppressed(boxes[:0], 0.3).shape == (0, 4)


def test_what_went_suppresses_nothing() -> None:
    """The second overlaps both others by 60 / 140 = 0.43; these overlap each other by 20 / 180 only."""
    boxes = np.array([[0.0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]])
    assert suppressed(boxes, 0.3).tolist() == boxes[[0, 2]].tolist()


def test_as_much_as_the_limit_stays() -> None:
    boxes = np.array([[0.0, 0, 3, 1], [1, 0, 4, 1]])  # 2 / 4
    assert len(suppressed(boxes, 0.5)) == 2
    assert len(suppressed(boxes, 0.49)) == 1
