"""Words are compared by their stems; what is remembered is what was said before and is not said now."""

from livetalk.evaluation.dialogue.judging.words import common_words, content, facts, stem


def test_words_are_compared_by_stems() -> None:
    assert content("The roses flower in June.") == content("A rose flowers, flowering: June's!")
    assert content("I am to be with you") == frozenset()
    assert content("at 9 o'clock") >= {"9"}
    assert stem("as") == "as"
    assert "the" in common_words()


def test_a_fact_is_what_was_said_before() -> None:
    before = ["Hello, I am Peter."]
    assert facts("the visitor's name is Peter", before, "Write a label.") == {"peter"}
    assert facts("the visitor's name is Peter", before, "Peter is my name, write it.") == frozenset()
