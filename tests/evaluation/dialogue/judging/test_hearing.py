"""Sounds are heard once, long ones in pieces that are cut where it is quiet."""

import json
from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.dialogue.judging.hearing import PIECE, AnswerHearing, pieces
from livetalk.geometry import SAMPLE_RATE
from livetalk.media import read_speech

HELLO = Path(__file__).parents[4] / "livetalk" / "assets" / "speech" / "hello.ogg"


def test_a_long_sound_is_cut_where_it_is_quiet() -> None:
    sound = np.random.default_rng(0).standard_normal(60 * SAMPLE_RATE).astype(np.float32)
    sound[22 * SAMPLE_RATE : 23 * SAMPLE_RATE] = 0
    found = list(pieces(sound))
    assert np.array_equal(np.concatenate(found), sound)
    assert 22 <= len(found[0]) / SAMPLE_RATE <= 23
    assert all(len(one) <= PIECE * SAMPLE_RATE for one in found)
    assert list(pieces(np.zeros(0, np.float32))) == []


def test_what_was_heard_is_not_heard_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Reader:
        calls = 0

        def transcribe(self, sound: np.ndarray) -> str:
            Reader.calls += 1
            return "hello"

    monkeypatch.setattr(AnswerHearing, "_reader", lambda self, language: Reader())
    sound = np.ones(1000, np.float32)
    path = tmp_path / "heard.jsonl"
    assert AnswerHearing(path).words(sound) == "hello"
    path.write_text(path.read_text() + '{"sound": "cut of')
    assert AnswerHearing(path).words(sound) == "hello"
    assert AnswerHearing(path).words(2 * sound) == "hello"
    assert Reader.calls == 2
    assert json.loads(path.read_text().splitlines()[0])["words"] == "hello"


@pytest.mark.slow
def test_whisper_hears_words_and_when_they_are_said() -> None:
    sound = np.concatenate(list(read_speech(HELLO)))
    hearing = AnswerHearing()
    words = hearing.words(sound)
    assert len(words.split()) > 3
    timed = hearing.timed(sound)
    assert [one.word for one in timed][:2] == words.split()[:2]
    assert all(0 <= one.begin <= one.end <= len(sound) / SAMPLE_RATE + 0.5 for one in timed)
    assert hearing.words(np.zeros(16_000, np.float32)) == ""
