"""Alpha is the published one on the published example, 1 for agreement, 0 for chance, undefined where it says so."""

import numpy as np
import pytest

from livetalk.evaluation.dialogue.judging.agreement import ordinal_alpha

# K. Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", section C to E: four observers, twelve units.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)


def test_the_published_example() -> None:
    assert ordinal_alpha(list(zip(*OBSERVERS, strict=True))) == pytest.approx(0.815, abs=5e-4)


def test_agreement_and_chance() -> None:
    assert ordinal_alpha([(1, 1), (3, 3), (5, 5)]) == 1
    drawn = np.random.default_rng(0).integers(1, 6, (4000, 2)).astype(float)
    assert abs(ordinal_alpha(drawn.tolist())) < 0.05


def test_a_near_miss_costs_less_than_a_far_one() -> None:
    others = [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]
    assert ordinal_alpha([*others, (1, 2)]) > ordinal_alpha([*others, (1, 5)])


@pytest.mark.parametrize("units", [[], [(3,)], [(3, 3), (3, 3)], [(3, None), (float("nan"), 4)]])
def test_where_it_is_undefined(units: list[tuple[float | None, ...]]) -> None:
    assert np.isnan(ordinal_alpha(units))
