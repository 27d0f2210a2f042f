"""Work is told before it begins: answers, tokens of pictures, and dollars where prices are known."""

import pytest

from livetalk.evaluation.dialogue.judging.estimate import estimate
from livetalk.evaluation.dialogue.judging.options import ControlOptions, FrameSampling, JudgeOptions, Prices

PLAIN = ControlOptions(faults=False, ablation=False)
JUDGE, SAMPLING = JudgeOptions(repeats=5), FrameSampling(32, 784)


def test_two_dialogues() -> None:
    found = estimate([3, 5], [], 0, JUDGE, PLAIN, SAMPLING, Prices(1.0, 2.0))
    assert found.answers == 2 * (9 * 5 + 1)
    pictures = 4 * 5 * 8 * 32 * 784  # visual dimensions, repeats, turns, pictures, tokens of one
    assert found.tokens_in == pytest.approx(pictures + 92_000)
    assert found.price == pytest.approx((found.tokens_in + 2 * found.tokens_out) / 1e6)
    assert "92 answers at most" in str(found)


def test_controls_and_pairs_are_counted_and_prices_are_optional() -> None:
    plain = estimate([3], [3] * 8, 0, JUDGE, PLAIN, SAMPLING, Prices())
    more = estimate([3], [3] * 8, 1, JUDGE, ControlOptions(), SAMPLING, Prices())
    assert plain.price is None
    assert "dollars" not in str(plain)
    assert more.answers > plain.answers + 8 * 9 * 3
