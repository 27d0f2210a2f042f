"""Faces of a clip: boxes around them, mouths and eyes in them, nothing where nobody is."""

import numpy as np

from livetalk.cli.console import avatars
from livetalk.evaluation.sync.faces import find_faces
from livetalk.media.pictures import open_picture


def test_a_face_is_found_and_its_absence_too() -> None:
    face = open_picture(avatars()["ada"])[::2, ::2]
    frames = np.stack([face, face, np.full_like(face, 90), np.full_like(face, 90)])
    found = find_faces(frames)
    assert np.isfinite(found.boxes[:, 0]).tolist() == [True, True, False, False]
    assert found.places.lost == 0.5
    x0, y0, x1, y1 = found.boxes[0]
    for x, y in (*found.places.eyes[0], found.places.mouth[0]):
        assert x0 < x < x1
        assert y0 < y < y1
    assert found.places.eyes[0, 0, 0] < found.places.eyes[0, 1, 0]
    assert found.places.mouth[0, 1] > found.places.eyes[0, :, 1].max()
    seldom = find_faces(frames, every=2)
    assert np.array_equal(seldom.boxes, found.boxes, equal_nan=True)
