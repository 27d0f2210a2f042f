"""Face crops: the published arithmetic of boxes, gaps bridged."""

import numpy as np

from livetalk.evaluation.sync.face_crops import bridged, crop_faces

BOX = np.array([40.0, 30.0, 100.0, 110.0])


def _boxes(frames: int) -> np.ndarray:
    return np.tile(BOX, (frames, 1))


def test_a_crop_shows_the_box_and_below_it() -> None:
    """s = 40, so rows 30 .. 70 + 72 and columns 70 -+ 56, as the formula has it."""
    frames = np.zeros((20, 200, 200, 3), np.uint8)
    frames[:, 30:142, 14:126] = 200
    crops = crop_faces(frames, _boxes(20))
    assert crops.shape == (20, 224, 224, 3)
    assert (crops[10] == 200).all()


def test_beyond_the_picture_it_is_grey() -> None:
    crops = crop_faces(np.zeros((20, 120, 200, 3), np.uint8), _boxes(20))
    assert (crops[10, -20:] == 110).all()
    assert (crops[10, :100] == 0).all()


def test_boxes_do_not_shiver() -> None:
    shaken = _boxes(31)
    shaken[15] += 9
    frames = np.random.default_rng(0).integers(0, 255, (1, 200, 200, 3), np.uint8).repeat(31, 0)
    crops = crop_faces(frames, shaken)
    assert (crops[15] == crops[14]).all()


def test_gaps_are_bridged_by_straight_lines() -> None:
    boxes = np.array([BOX, np.full(4, np.nan), BOX + 10])
    assert np.allclose(bridged(boxes)[1], BOX + 5)
