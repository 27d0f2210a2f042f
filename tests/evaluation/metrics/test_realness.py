"""The kernel distance is 0 between draws of one distribution and grows with what separates two."""

import numpy as np
import pytest

from livetalk.evaluation.metrics.realness import SUBSETS, kernel_distance, subset_distances


def rows(count: int, seed: int, moved: float = 0.0, spread: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(moved, spread, (count, 16))


def test_the_estimate_is_unbiased_and_equals_its_definition() -> None:
    one, other = rows(4, 0), rows(3, 1)

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 16 + 1) ** 3)

    within = sum(kernel(a, b) for i, a in enumerate(one) for j, b in enumerate(one) if i != j) / 12
    beyond = sum(kernel(a, b) for i, a in enumerate(other) for j, b in enumerate(other) if i != j) / 6
    across = sum(kernel(a, b) for a in one for b in other) / 12
    assert kernel_distance(one, other) == pytest.approx(within + beyond - 2 * across)
    same = [kernel_distance(rows(20, 2 * i), rows(20, 2 * i + 1)) for i in range(200)]
    assert abs(np.mean(same)) < 4 * np.std(same) / np.sqrt(200)
    assert np.isnan(kernel_distance(one[:1], other))


def test_what_is_farther_away_measures_more() -> None:
    real = rows(100, 0)
    near, far, narrow = (subset_distances(rows(300, 1, *how), real).mean() for how in ((0.1,), (1.0,), (0.0, 0.2)))
    assert abs(near) < 0.1 < narrow < far


def test_subsets_are_drawn_anew_and_the_same_each_time() -> None:
    found = subset_distances(rows(80, 0), rows(90, 1))
    assert len(found) == SUBSETS == len(set(found))
    assert (found == subset_distances(rows(80, 0), rows(90, 1))).all()


def test_rows_without_a_face_are_left_out() -> None:
    made, real = rows(80, 0), rows(90, 1)
    holed = np.concatenate([made, np.full((5, 16), np.nan)])
    assert (subset_distances(holed, real) == subset_distances(made, real)).all()
    assert np.isnan(subset_distances(np.full((50, 16), np.nan), real)).all()
