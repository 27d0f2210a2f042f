"""Expressions are compared frame by frame, movement by its pace, and lost faces count against the system."""

import numpy as np
import pytest

from livetalk.evaluation.fidelity.expression import ExpressionMeasure, expression_distances, paces
from livetalk.evaluation.fidelity.views import ClipView, Frames
from livetalk.evaluation.metrics.landmarks import FaceTrack


def _track(scores: np.ndarray) -> FaceTrack:
    """A face whose 52 scores and lip gap are one curve; NaN where it is lost."""
    t, lost = len(scores), np.isnan(scores)
    pose = np.where(lost[:, None], np.nan, np.zeros((t, 3)))
    return FaceTrack(
        scores, scores, pose, scores, np.zeros((t, 2)), np.zeros((t, 2, 2)), np.tile(scores[:, None], 52), ("a",) * 52
    )


def _follow(frames: Frames) -> FaceTrack:
    """A face as open as the picture is bright; black shows none."""
    scores = frames.mean(axis=(1, 2, 3)) / 255
    return _track(np.where(scores > 0.02, scores, np.nan))


def _film(curve: np.ndarray) -> np.ndarray:
    return np.broadcast_to((curve * 255).astype(np.uint8)[:, None, None, None], (len(curve), 4, 4, 3))


TIME = np.arange(64)
CURVES = [0.5 + 0.3 * np.sin(0.4 * TIME + person) * (1 + 0.2 * person) for person in range(4)]


def _figures(change) -> dict[str, float]:
    measure = ExpressionMeasure(_follow)
    for curve in CURVES:
        measure.look(ClipView("a", _film(change(curve)), _film(curve), _film(curve), 16))
    return {name: one.value for name, one in measure.figures().items()}


def test_a_clip_is_at_no_distance_from_itself() -> None:
    assert _figures(lambda curve: curve) == {"expression_distance": 0, "fd_motion": pytest.approx(0, abs=1e-6)}


def test_shifts_in_time_are_seen_by_expressions_only() -> None:
    found = [_figures(lambda curve, by=by: np.roll(curve, by)) for by in (0, 1, 2, 4)]
    distances = [one["expression_distance"] for one in found]
    assert distances == sorted(distances)
    assert distances[1] > 0.05
    slow = _figures(lambda curve: np.repeat(curve, 2)[:64])
    assert max(one["fd_motion"] for one in found) < 0.2 * slow["fd_motion"]


def test_slower_faces_are_farther_in_motion() -> None:
    found = []
    for speed in (1, 0.75, 0.5, 0.25):
        found.append(_figures(lambda curve, s=speed: np.interp(s * TIME, TIME, curve))["fd_motion"])
    assert found == sorted(found)


def test_lost_and_lacking_faces_are_at_the_greatest_distance() -> None:
    real = np.full((4, 52), 0.5)
    made = np.array([[0.5] * 52, [np.nan] * 52])
    assert list(expression_distances(made, real, np.array([True] * 4))) == [0, 1, 1, 1]
    assert list(expression_distances(made, real, np.array([True, False, False, True]))) == [0, 1]
    assert _figures(lambda curve: np.where(TIME < 32, curve, 0))["expression_distance"] == pytest.approx(0.5, abs=0.01)
    assert _figures(lambda curve: curve[:48])["expression_distance"] == pytest.approx(0.25, abs=0.01)


def test_what_is_lacking_stands_still() -> None:
    moving = _track(np.arange(32) / 64)
    assert paces(moving, 32)[:, 0] == pytest.approx([1 / 64] * 3)
    assert paces(moving, 64)[-1, 0] == 0
    assert len(paces(_track(np.ones(1)), 1)) == 1


def test_a_truth_without_a_face_is_left_out_and_said() -> None:
    measure = ExpressionMeasure(_follow)
    black = np.zeros((8, 4, 4, 3), np.uint8)
    measure.look(ClipView("a", black, black, black, 16))
    assert measure.figures() == {}
    assert "1 real clips show no face (a)" in measure.remarks()[0]
