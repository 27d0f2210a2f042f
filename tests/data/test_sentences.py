"""Sentences are deterministic, varied, cover the phonemes, and the held-out ones share nothing."""

import re

from livetalk.data.sentences import HELD_OUT_PATTERNS, PATTERNS, WORDS, sentences, vocabulary


def test_a_seed_gives_the_same_sentences() -> None:
    assert sentences(3, 20) == sentences(3, 20)
    assert sentences(3, 20) != sentences(4, 20)


def test_sentences_rarely_repeat() -> None:
    assert len(set(sentences(0, 1000))) > 900


def test_held_out_patterns_and_words_are_disjoint() -> None:
    assert not set(PATTERNS) & set(HELD_OUT_PATTERNS)
    for slot in WORDS:
        ours, theirs = set(vocabulary(slot)), set(vocabulary(slot, held_out=True))
        assert ours
        assert theirs
        assert not ours & theirs


def test_every_slot_is_filled_and_every_slot_word_is_used() -> None:
    text = " ".join(sentences(1, 3000))
    assert not re.search(r"[{}]", text)
    unused = [word for slot in WORDS for word in vocabulary(slot) if word.lower() not in text.lower()]
    assert not unused


def test_sentences_start_large_and_end_in_punctuation() -> None:
    for held_out in (False, True):
        for text in sentences(5, 300, held_out):
            assert text[0].isupper()
            assert text[-1] in ".!?"
            assert not re.search(r"\b[Aa] [aeio]", text)
