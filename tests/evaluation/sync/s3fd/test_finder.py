"""Finding by S3FD: boxes lie where faces are, sure ones only, in pixels of the frame; too small a frame is told."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from livetalk.evaluation.sync.s3fd.finder import find_boxes
from livetalk.evaluation.sync.s3fd.network import STRIDES, FaceGrid, S3fd
from tests.helpers.planted_faces import box_at, planted_s3fd, with_squares


class _Sure(torch.nn.Module):
    """Stands in for the network: sure of places that are told, and remembers what it was shown."""

    def __init__(self, places: Sequence[tuple[int, int, int, float]]) -> None:
        super().__init__()
        self.places = places  # grid, row, column, probability
        self.seen = torch.zeros(0)

    def forward(self, pictures: torch.Tensor) -> list[FaceGrid]:
        self.seen = pictures
        height, width = pictures.shape[2:]
        sizes = [(max(1, height // stride), max(1, width // stride)) for stride in STRIDES]
        grids = [FaceGrid(torch.zeros(1, *size), torch.zeros(1, 4, *size)) for size in sizes]
        for grid, row, column, probability in self.places:
            grids[grid].faces[0, row, column] = probability
        return grids


def _found(network: torch.nn.Module, frame: np.ndarray) -> list[list[float]]:
    return find_boxes(network, frame).tolist()  # pyright: ignore[reportArgumentType]


def test_planted_faces_are_found() -> None:
    network = planted_s3fd()
    assert np.allclose(_found(network, with_squares([(1, 2)])), [box_at(1, 2)], atol=1e-3)
    assert np.allclose(_found(network, with_squares([(0, 0), (2, 3)])), [box_at(0, 0), box_at(2, 3)], atol=1e-3)
    assert find_boxes(network, with_squares([])).shape == (0, 4)
    blue = np.ascontiguousarray(with_squares([(1, 2)])[..., ::-1])
    assert _found(network, blue) == []


def test_random_weights_give_boxes_of_their_shape() -> None:
    torch.manual_seed(0)
    network = S3fd().eval()
    with torch.no_grad():
        for head in network.conf:
            head.get_parameter("bias")[-1] = 9
    boxes = find_boxes(network, np.random.default_rng(0).integers(0, 255, (120, 161, 3), np.uint8))
    assert len(boxes) > 1
    assert boxes.shape[1] == 4
    assert (boxes[:, 2:] > boxes[:, :2]).all()


def test_sure_faces_come_first_and_unsure_ones_not_at_all() -> None:
    """Prior boxes of 16 x 4 pixels around (4 column + 2) x 4, and of 32 x 4 around (8 column + 4) x 4."""
    network = _Sure([(0, 5, 5, 0.95), (1, 10, 10, 0.99), (0, 28, 28, 0.9)])
    assert _found(network, np.zeros((512, 512, 3), np.uint8)) == [[272, 272, 400, 400], [56, 56, 120, 120]]


def test_boxes_are_thinned_twice_as_in_the_published_code() -> None:
    """Boxes one place apart share 12 / 20, three apart 4 / 28 = 0.14, four apart nothing.

    A box between two faces stays at 0.3, takes the second face's box with it, and goes itself at 0.1.
    """
    one, two, between = (0, 9, 10, 0.99), (0, 9, 14, 0.91), (0, 9, 13, 0.92)
    frame = np.zeros((256, 256, 3), np.uint8)
    left = [(column * 4 + 2 - 8) * 4 for column in (10, 14)]
    assert [box[0] for box in _found(_Sure([one, (0, 9, 9, 0.95), two]), frame)] == left
    assert [box[0] for box in _found(_Sure([one, two, between]), frame)] == left[:1]


def test_pictures_are_a_quarter_and_less_their_means() -> None:
    network = _Sure([(2, 0, 0, 0.95)])
    frame = np.full((270, 334, 3), (223, 17, 4), np.uint8)
    boxes = _found(network, frame)
    assert network.seen.shape == (1, 3, 68, 84)  # 67.5 and 83.5, which OpenCV rounds to even
    assert network.seen[0, :, 0, 0].tolist() == [100, -100, -100]
    assert np.allclose(boxes, [[-24 * 334 / 84, -24 * 270 / 68, 40 * 334 / 84, 40 * 270 / 68]])


def test_small_frames_are_told() -> None:
    with pytest.raises(ValueError, match="S3FD cannot look at frames of 90 x 400 pixels: give videos of 112 pixels"):
        _found(_Sure([]), np.zeros((400, 90, 3), np.uint8))
