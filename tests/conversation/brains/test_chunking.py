"""Promises of cutting: soon at first, nothing lost, abbreviations whole."""

from hypothesis import given
from hypothesis import strategies as st

from livetalk.conversation.brains.chunking import LONGEST, ClauseChunker


def _cut(text: str, size: int, eager: bool = False) -> list[str]:
    clauses = ClauseChunker(eager)
    pieces = [piece for i in range(0, len(text), size) for piece in clauses.add(text[i : i + size])]
    return pieces + clauses.rest()


def test_the_first_piece_may_end_at_a_comma_the_next_may_not():
    text = "Good morning, my friend. I am glad, really glad, to see you. Bye"
    assert _cut(text, 3) == ["Good morning,", "my friend.", "I am glad, really glad, to see you.", "Bye"]


def test_a_slow_voice_is_given_shorter_pieces():
    text = "I am glad, really. We had, as you know, a long and rainy summer, and a dry autumn."
    pieces = ["I am glad,", "really.", "We had, as you know,", "a long and rainy summer,", "and a dry autumn."]
    assert _cut(text, 100, eager=True) == pieces


def test_an_abbreviation_ends_nothing():
    assert _cut("Ask Dr. Smith about it. He knows.", 4) == ["Ask Dr. Smith about it.", "He knows."]


@given(st.text("ab,. !", max_size=800), st.integers(1, 50), st.booleans())
def test_nothing_is_lost_or_said_twice_and_pieces_stay_short(text: str, size: int, eager: bool):
    pieces = _cut(text, size, eager)
    letters = "".join(c for c in text if c.isalnum())
    assert "".join(c for piece in pieces for c in piece if c.isalnum()) == letters
    assert all(any(c.isalnum() for c in piece) for piece in pieces)
    assert all(len(piece) <= LONGEST + size for piece in pieces)


def test_a_first_piece_without_a_comma_ends_at_a_breath_where_a_voice_is_slow():
    text = "The capital of France is Paris and it is a lovely city. It has many people in it."
    pieces = _cut(text, 3, eager=True)
    assert pieces[:2] == ["The capital of France", "is Paris and it is a lovely city."]
    assert " ".join(pieces) == text
    assert _cut(text, 3)[0] == "The capital of France is Paris and it is a lovely city."
    assert (
        _cut("I love green apples very much indeed yes truly. ", 3, eager=True)[0]
        == "I love green apples very much indeed"
    )
    assert _cut("My name is Ada Lovelace. ", 3, eager=True) == ["My name is Ada Lovelace."], "a short one is one piece"
