"""Numbers, times, money and abbreviations are written out the way people say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetalk.voice.numbers import cardinal, ordinal, year
from livetalk.voice.text.normalise import speakable


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Dr. Bell paid $3.50.", "doctor Bell paid three dollars and fifty cents."),
        ("at 7:30, not 8:05 or 9:00", "at seven thirty, not eight oh five or nine o'clock"),
        ("the 22nd of May, 1999", "the twenty second of May, nineteen ninety nine"),
        ("in 2005 and in 1900", "in two thousand and five and in nineteen hundred"),
        ("1,204 people", "one thousand two hundred and four people"),
        ("$1,204.50", "one thousand two hundred and four dollars and fifty cents"),
        ("25% of 2.5", "twenty five percent of two point five"),
        ("the 1980s", "the nineteen eighties"),
        ("call 007 & go", "call zero zero seven and go"),
        ("£1 or €2", "one pound or two euros"),
        ("-5 °", "minus five degrees"),
        ("fish, e.g. cod", "fish, for example cod"),
        ("16fps", "sixteen fps"),
    ],
)
def test_written_forms_become_words(written: str, said: str) -> None:
    assert speakable(written) == said


def test_ordinals_and_years() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 5, 8, 9, 12, 20, 41)] == [
        "first", "second", "third", "fifth", "eighth", "ninth", "twelfth", "twentieth", "forty first",
    ]  # fmt: skip
    assert year(1805) == "eighteen oh five"


@given(st.integers(-(10**17), 10**17))
def test_any_whole_number_has_words(number: int) -> None:
    words = cardinal(number)
    assert words
    assert not any(sign.isdigit() for sign in words)


@given(st.text(max_size=60))
def test_nothing_breaks_it(text: str) -> None:
    assert not any(sign in "0123456789" for sign in speakable(text))
