"""Clips and their truth are brought to one rate and size, and what was done is said."""

from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.fidelity import views
from livetalk.evaluation.fidelity.views import ClipView, paired, resized
from tests.evaluation.fidelity.film_files import film, write


def test_resizing_is_that_of_opencv() -> None:
    cv2 = pytest.importorskip("cv2")
    frame = film(0, 1, size=96)[0]
    for height, width in ((48, 48), (64, 120), (150, 96)):
        theirs = cv2.resize(frame, (width, height)).astype(int)
        assert np.abs(resized(frame, height, width).astype(int) - theirs).max() <= 1


def test_views_have_one_rate_and_the_first_seconds(tmp_path: Path) -> None:
    pair = (write(tmp_path / "r", "a", film(0, 50), rate=25), write(tmp_path / "g", "a", film(0, 24, size=80)))
    view = next(views.views([pair], 16, 1.0))
    assert view.real is not None
    assert (len(view.real), len(view.generated), len(view.native)) == (16, 16, 16)
    assert view.matched.shape == view.real.shape
    assert view.native_rate == 16
    back = next(views.views([pair[::-1]], 16, 1.0))
    assert (len(back.native), back.native_rate, back.common) == (25, 25, 16)


def test_rounding_of_rates_lacks_no_frame(tmp_path: Path) -> None:
    real = write(tmp_path / "r", "a", film(0, 25), rate=25)
    for frames, expected in ((16, 16), (15, 15), (13, 17), (20, 17)):
        view = next(views.views([(real, write(tmp_path / f"{frames}", "a", film(0, frames)))], 16, None))
        assert view.real is not None
        assert len(view.real) == expected


def test_alike_clips_leave_nothing_to_say(tmp_path: Path) -> None:
    clip = write(tmp_path, "a", film(0, 4))
    assert views.remarks(paired([clip], [clip]), 16) == []
    assert "25" in views.remarks(paired([clip], [clip]), 25)[0]


def test_a_view_of_its_own_size_is_not_resized() -> None:
    frames = film(0, 2)
    assert ClipView("a", frames, frames, frames, 16).matched is frames
