"""Tallies: sums over sums of weights, and dialogues in which there was nothing to count."""

import math

import pytest

from livetalk.evaluation.turn_taking.tally import Tally, estimate


def test_long_dialogues_count_for_more() -> None:
    assert estimate([Tally(1, 1), Tally(0, 3)]).value == pytest.approx(0.25)


def test_dialogues_without_anything_to_count_are_left_out() -> None:
    found = estimate([Tally(2, 1), Tally(0, 0), Tally(4, 1)])
    assert (found.value, found.n) == (3, 2)
    assert found.low < 3 < found.high
    nothing = estimate([Tally(0, 0)])
    assert math.isnan(nothing.value)
    assert nothing.n == 0
