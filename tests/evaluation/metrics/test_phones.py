"""Recorded words are aligned with their sound, and the mouth they ask for closes where lips must close."""

import numpy as np
import pytest

from livetalk.data.acting.sounds import DIPHTHONGS, TARGETS
from livetalk.evaluation.metrics import held_out, phones
from livetalk.evaluation.metrics.lipsync import pearson
from livetalk.evaluation.metrics.phones import SOUNDS, AlignedSpeech, opening, words
from livetalk.evaluation.real import TRANSCRIPTS, follows
from livetalk.voice.timing import Phoneme


@pytest.fixture(scope="module")
def hello() -> tuple[AlignedSpeech, AlignedSpeech]:
    """A bundled recording aligned with its words, and the same with the times that its voice is known to have."""
    pytest.importorskip("pocketsphinx", reason="needs the eval extra")
    known = next(iter(held_out.bundled_speech()))
    return phones.align(known.audio, known.text.replace("LiveTalk", "live talk")), AlignedSpeech(
        known.audio, known.phonemes
    )


def test_every_sound_of_the_aligner_is_one_that_mouths_know() -> None:
    known = set("".join(TARGETS)) | set(DIPHTHONGS)
    assert set(SOUNDS.values()) <= known
    assert len(SOUNDS) == 39


def test_words_are_those_of_the_dictionary() -> None:
    assert words("Don’t — say “Bob”, 3 times!") == ["don't", "say", "bob", "times"]


def test_a_mouth_shuts_for_lips_and_opens_for_vowels() -> None:
    said = [Phoneme(" ", 0.0, 0.5), Phoneme("ɑ", 0.5, 1.0), Phoneme("m", 1.0, 1.2), Phoneme("ɑ", 1.2, 1.6)]
    curve = opening(said, 32)
    assert curve[3] < 0.02
    assert curve[12] > 0.1
    assert curve[17:19].min() < 0.03
    assert curve[22] > 0.1


def test_alignment_finds_the_times_that_are_known(hello: tuple[AlignedSpeech, AlignedSpeech]) -> None:
    found, known = hello
    r = pearson(opening(found.phonemes, found.frames), opening(known.phonemes, known.frames))
    assert r > 0.8


def test_neither_loudness_nor_other_words_nor_a_still_mouth_follow_a_voice(
    hello: tuple[AlignedSpeech, AlignedSpeech],
) -> None:
    found, _ = hello
    curve = opening(found.phonemes, found.frames)
    late = AlignedSpeech(found.audio, tuple(Phoneme(s, a + 0.4, b + 0.4) for s, a, b in found.phonemes))
    good = follows(curve, found, late)
    assert good.r == pytest.approx(1)
    assert good.loudness < 0.6
    assert good.swapped < 0.5
    assert follows(np.full(found.frames, 0.1), found).r == 0
    assert follows(np.full(found.frames, np.nan), found).r == 0
    loud = held_out.loudness(found.audio, found.frames)
    assert follows(loud, found).r == pytest.approx(good.loudness)


def test_a_text_that_cannot_be_aligned_is_one_sentence(hello: tuple[AlignedSpeech, AlignedSpeech]) -> None:
    found, _ = hello
    with pytest.raises(ValueError, match="not in the dictionary: zzyzzx"):
        phones.align(found.audio, "hello zzyzzx")
    with pytest.raises(ValueError, match="none were given"):
        phones.align(found.audio, "...")


def test_all_known_transcripts_are_in_the_dictionary() -> None:
    pocketsphinx = pytest.importorskip("pocketsphinx", reason="needs the eval extra")
    decoder = pocketsphinx.Decoder(lm=None, loglevel="FATAL")
    assert all(decoder.lookup_word(word) for text in TRANSCRIPTS.values() for word in words(text))
