"""Tracks: one face is followed through gaps and beside others, as the published tracker does."""

import numpy as np

from livetalk.evaluation.sync.tracks import longest_track, overlap

BOX = np.array([40.0, 30.0, 100.0, 110.0])
NONE = np.zeros((0, 4))


def _found(frames: int) -> list[np.ndarray]:
    return [BOX[None] for _ in range(frames)]


def test_one_face_is_followed() -> None:
    found = _found(90)
    found[10:20] = [NONE] * 10  # lost, and found again
    found[60:] = [BOX[None] + 300] * 30  # another face
    face = longest_track(found)
    assert face is not None
    assert (face.frames, face.found) == (slice(0, 60), 50)
    assert np.isnan(face.boxes[10:20]).all()
    assert (face.boxes[20:] == BOX).all()
    assert longest_track([NONE] * 5) is None


def test_a_face_that_is_away_for_too_long_is_another() -> None:
    for gone, frames in ((24, slice(0, 60)), (25, slice(0, 25))):
        found = _found(25) + [NONE] * gone + _found(35 - gone)
        face = longest_track(found)
        assert face is not None
        assert face.frames == frames


def test_a_track_takes_one_box_of_a_frame_and_leaves_the_others() -> None:
    """Two people: the surer one changes from frame to frame, one of them is there for longer."""
    other = BOX + 200
    found = [np.stack([BOX, other] if t % 2 else [other, BOX]) if t < 30 else other[None] for t in range(40)]
    face = longest_track(found)
    assert face is not None
    assert (face.frames, face.found) == (slice(0, 40), 40)
    assert (face.boxes == other).all()


def test_a_false_box_does_not_end_a_track() -> None:
    found = _found(20)
    found[8] = BOX[None] + 500
    face = longest_track(found)
    assert face is not None
    assert (face.frames, face.found) == (slice(0, 20), 19)


def test_a_face_may_move_but_not_jump() -> None:
    """A box of 60 pixels that moves 19 overlaps itself by 41 / 79, one that moves 20 by 40 / 80: not more than half."""
    for step, frames in ((19.0, 5), (20.0, 1)):
        face = longest_track([(BOX + step * t * np.array([1, 0, 1, 0]))[None] for t in range(5)])
        assert face is not None
        assert face.found == frames


def test_overlap_is_intersection_over_union() -> None:
    assert overlap(BOX, BOX) == 1
    assert overlap(BOX, BOX + 200) == 0
    assert overlap(np.array([0.0, 0, 2, 2]), np.array([1.0, 1, 3, 3])) == 1 / 7
