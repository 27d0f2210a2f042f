"""Promises of the script: every word once, in order, not before its time."""

from hypothesis import given
from hypothesis import strategies as st

from livetalk.conversation.word_timing import WordTimeline


@given(
    st.lists(st.tuples(st.text("ab ", max_size=20), st.integers(0, 40_000)), max_size=8),
    st.lists(st.integers(0, 200_000), max_size=20),
)
def test_every_word_comes_once_and_in_order(pieces: list[tuple[str, int]], moments: list[int]):
    script, words, heard = WordTimeline(16_000), [], []
    for text, samples in pieces:
        words += text.split()
        script.text(text)
        script.audio(samples)
    script.end()
    for moment in sorted(moments):
        heard += script.heard(moment)
        assert heard == words[: len(heard)]
    assert heard + script.heard(10**9) == words


def test_words_come_when_half_of_them_is_heard():
    script = WordTimeline(16_000)
    script.text("one two")
    script.audio(16_000)
    script.end()
    assert script.heard(3_000) == []
    assert script.heard(5_000) == ["one"]
    assert script.heard(11_000) == []
    assert script.heard(13_000) == ["two"]


def test_a_sound_that_goes_on_is_guessed():
    script = WordTimeline(16_000)
    script.text("hello")
    script.audio(100)
    assert script.heard(0) == []
    assert script.heard(16_000) == ["hello"]


def test_a_number_takes_as_long_as_its_words():
    script = WordTimeline(16_000)
    script.text("pay $3,500,000.50 now")
    script.audio(64_000)
    script.end()
    assert script.heard(8_000) == ["pay"]
    assert script.heard(20_000) == [], "three million five hundred thousand dollars and fifty cents"
    assert script.heard(40_000) == ["$3,500,000.50"]
    assert script.heard(63_500) == ["now"]
