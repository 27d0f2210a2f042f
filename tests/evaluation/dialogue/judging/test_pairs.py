"""A judge that prefers whatever comes first decides nothing."""

from itertools import product

from livetalk.evaluation.dialogue.judging.pairs import PairVerdict, both_orders, tally
from livetalk.evaluation.dialogue.judging.verdicts import Preference


def _both(forward: str, backward: str) -> PairVerdict:
    return both_orders(Preference(forward, "so"), Preference(backward, "so"))  # type: ignore[arg-type]


def test_orders() -> None:
    assert _both("first", "second") == PairVerdict("a", True)
    assert _both("second", "first") == PairVerdict("b", True)
    assert _both("tie", "tie") == PairVerdict("tie", True)
    assert _both("first", "first") == _both("second", "second") == PairVerdict("tie", False)


def test_only_one_combination_lets_a_win() -> None:
    every = [_both(one, other) for one, other in product(("first", "second", "tie"), repeat=2)]
    assert [one.winner for one in every].count("a") == 1
    assert sum(one.consistent for one in every) == 3


def test_counts() -> None:
    counts = tally([_both("first", "second"), _both("first", "first"), _both("second", "first"), _both("tie", "tie")])
    assert (counts.wins, counts.losses, counts.ties, counts.inconsistent, counts.share) == (1, 1, 2, 1, 0.5)
