"""Prices are known, or given, or asked for."""

import pytest

from livetalk.evaluation.dialogue.prices import PRICES, given_prices, price_of


def test_a_given_price_comes_first() -> None:
    assert price_of("sora-2", {}) == PRICES["sora-2"]
    given = given_prices(["sora-2=0.05", "next=1"])
    assert (price_of("sora-2", given).a_second, price_of("next", given).a_second) == (0.05, 1.0)
    with pytest.raises(ValueError, match="price of next is not known here: give it with --price next=DOLLARS"):
        price_of("next", {})


@pytest.mark.parametrize("word", ["sora-2", "sora-2=cheap", "=1", "sora-2=-1", "sora-2=nan"])
def test_what_is_no_price_is_told(word: str) -> None:
    with pytest.raises(ValueError, match="is no price: give MODEL=DOLLARS"):
        given_prices([word])
