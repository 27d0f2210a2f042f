"""Faces of a clip: boxes around them, mouths and eyes in them, nothing where nobody is."""

from pathlib import Path

import numpy as np
import pytest
import torch

from livetalk.cli.console import avatars
from livetalk.evaluation.sync.faces import box_finder, find_faces
from livetalk.evaluation.sync.tracks import longest_track
from livetalk.media.pictures import open_picture
from tests.helpers.planted_faces import box_at, planted_s3fd, with_squares


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
    assert [len(boxes) for boxes in found.by_frame()] == [1, 1, 0, 0]
    assert all(np.array_equal(a, b) for a, b in zip(box_finder(None)(frames), found.by_frame(), strict=True))


def test_s3fd_finds_what_its_weights_say_and_the_tracker_follows_it(tmp_path: Path) -> None:
    """Two planted faces, one of them for longer and with a gap."""
    torch.save(planted_s3fd().state_dict(), tmp_path / "sfd_face.pth")
    stays, goes = (0, 0), (3, 3)
    shown = [[goes, stays], [goes, stays], [], [stays], [stays]]
    found = box_finder(tmp_path / "sfd_face.pth")(np.stack([with_squares(places) for places in shown]))
    assert [len(boxes) for boxes in found] == [2, 2, 0, 1, 1]
    face = longest_track(found)
    assert face is not None
    assert (face.frames, face.found) == (slice(0, 5), 4)
    assert np.allclose(face.boxes[[0, 1, 3, 4]], box_at(*stays), atol=1e-3)
    with pytest.raises(ValueError, match="there is no S3FD at"):
        box_finder(tmp_path / "nowhere")
