"""Similarity of identity: cosines to the truth, lost faces counted, sets of embeddings compared."""

import numpy as np
import pytest

from livetalk.evaluation.fidelity.similarity import SimilarityMeasure, cosines
from livetalk.evaluation.fidelity.views import ClipView


def _embed(frames: np.ndarray) -> np.ndarray:
    """The first pixel as a direction; a black frame shows no face."""
    rows = frames[:, 0, 0].astype(float) / 100
    rows[(rows == 0).all(axis=1)] = np.nan
    return rows


def _frames(*pixels: tuple[int, int, int]) -> np.ndarray:
    return np.broadcast_to(np.array(pixels, np.uint8)[:, None, None], (len(pixels), 4, 4, 3))


RED, GREEN, BOTH, BLACK = (100, 0, 0), (0, 100, 0), (100, 100, 0), (0, 0, 0)


def _figures(made: np.ndarray, real: np.ndarray | None, every: int = 1) -> dict[str, float]:
    measure = SimilarityMeasure("x", _embed, every)
    measure.look(ClipView("a", made, real, made, 16))
    return {name: one.value for name, one in measure.figures().items()}


def test_both_references_are_the_truths() -> None:
    found = _figures(_frames(RED, RED), _frames(RED, GREEN))
    assert found["csim_x"] == pytest.approx(1)
    assert found["csim_mean_x"] == pytest.approx(np.sqrt(0.5))


@pytest.mark.parametrize("made", [_frames(RED, RED, BLACK, BLACK), _frames(RED, RED)])
def test_lost_and_lacking_faces_count_as_unlike(made: np.ndarray) -> None:
    found = _figures(made, _frames(RED, RED, RED, RED))
    assert found["csim_x"] == pytest.approx(0.5)
    assert found["faceless_x"] == pytest.approx(0.5)
    assert found["fd_x"] > 0.5


def test_frames_in_which_the_truth_has_no_face_are_not_asked_for() -> None:
    found = _figures(_frames(BLACK, RED), _frames(BLACK, RED))
    assert (found["csim_x"], found["faceless_x"]) == (pytest.approx(1), 0)


def test_a_truth_without_any_face_is_left_out_and_said() -> None:
    measure = SimilarityMeasure("x", _embed, 1)
    measure.look(ClipView("a", _frames(RED), _frames(BLACK), _frames(RED), 16))
    assert measure.figures() == {}
    assert "1 real clips show no face (a)" in measure.remarks()[0]


def test_without_a_truth_the_first_frame_is_the_reference() -> None:
    found = _figures(_frames(RED, GREEN, BLACK, RED), None)
    assert found == {"csim_self_x": pytest.approx(0.5), "faceless_x": pytest.approx(0.25)}
    assert _figures(_frames(BLACK), None) == {"csim_self_x": 0, "faceless_x": 1}


def test_only_some_frames_are_looked_at() -> None:
    assert _figures(_frames(RED, GREEN, RED, GREEN), _frames(*[RED] * 4), every=2)["csim_x"] == pytest.approx(1)


def test_cosines_of_nothing_are_zero() -> None:
    assert list(cosines(np.array([[1.0, 0], [0, 0], [np.nan, 0], [-2, 0]]), np.array([3.0, 0]))) == [1, 0, 0, -1]
