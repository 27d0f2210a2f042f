"""The expert on one clip: what it tells of matching, shifted and swapped sound, and of a mouth that stands still."""

import numpy as np
import pytest

from livetalk.evaluation.sync.expert.listening import expert_figures


def _means(at: int, deep: float = 0.4) -> np.ndarray:
    """Distances that are least at a lag."""
    lags = np.arange(-15, 16)
    return 1.3 - deep * np.exp(-((lags - at) ** 2) / 2)


@pytest.mark.parametrize("late", [-8, -3, 0, 2, 12])
def test_offsets_are_those_of_the_least_distance(late: int) -> None:
    assert expert_figures(_means(late)).offset == -late


def test_a_later_match_is_worth_less() -> None:
    worth = [expert_figures(_means(late)).confidence for late in range(10)]
    assert np.isclose(worth[0], worth[1])
    assert (np.diff(worth[1:9]) < 0).all()
    assert worth[8] < 0.1 * worth[0]
    assert np.allclose(worth, [expert_figures(_means(-late)).confidence for late in range(10)])


def test_distance_and_confidence_belong_together() -> None:
    for means in (_means(0), _means(4), _means(0, deep=0.1)):
        found = expert_figures(means)
        assert np.isclose(found.distance + found.confidence, np.median(means))
    assert expert_figures(np.full(31, 1.4)).confidence == 0
