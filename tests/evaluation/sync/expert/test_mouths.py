"""Mouth crops: of one size and upright, steady where the lips move, and bridged where a face is lost."""

import numpy as np

from livetalk.evaluation.sync.expert.mouths import HEIGHT, WIDTH, FacePlaces, mouth_crops


def _places(frames: int, eyes: float = 60.0, tilt: float = 0.0) -> FacePlaces:
    """A face in the middle of 200 pixels, its mouth one inter-ocular distance below its eyes."""
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    points = np.array([[-eyes / 2, -eyes], [eyes / 2, -eyes], [0, 0]]) @ turn.T + 100
    return FacePlaces(np.tile(points[:2], (frames, 1, 1)), np.tile(points[2], (frames, 1)))


def _picture(frames: int, eyes: float = 60.0, tilt: float = 0.0) -> np.ndarray:
    """White where the face's own x is below its mouth's middle, black elsewhere."""
    y, x = np.mgrid[:200, :200] - 100.0
    left = x * np.cos(tilt) + y * np.sin(tilt) < 0
    return np.tile((left * 255).astype(np.uint8)[None, :, :, None], (frames, 1, 1, 3))


def test_crops_are_upright_and_of_one_size() -> None:
    plain = mouth_crops(_picture(3), _places(3))
    assert plain.shape == (3, HEIGHT, WIDTH)
    assert (plain[:, :, :31] == 255).all()
    assert (plain[:, :, 33:] == 0).all()
    for eyes, tilt in ((60.0, 0.5), (25.0, -0.3), (150.0, 0.2)):
        other = mouth_crops(_picture(3, eyes, tilt), _places(3, eyes, tilt))
        assert np.abs(other.astype(int) - plain).mean() < 8


def test_crops_do_not_follow_a_single_frame() -> None:
    places = _places(21)
    places.mouth[10] += 12  # as when the lips part
    crops = mouth_crops(_picture(21), places)
    assert (crops == crops[0]).all()


def test_lost_frames_are_bridged_and_counted() -> None:
    places = _places(20)
    places.mouth[5:10] = places.eyes[5:10] = np.nan
    assert places.lost == 0.25
    assert (mouth_crops(_picture(20), places) == mouth_crops(_picture(20), _places(20))).all()
