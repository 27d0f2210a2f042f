"""Promises of the speech checks: faults are named, good speech is left alone, pieces do not matter."""

from pathlib import Path

import numpy as np
import pytest

from livetalk.conditions.input_checks import SpeechCheck, check_speech
from livetalk.conditions.input_checks.voice_activity import WINDOW, voice_activity
from livetalk.geometry import SAMPLE_RATE
from livetalk.media import read_speech

HERE = Path(__file__).parents[3]
VOICES = [*sorted((HERE / "tests/real/voices").glob("*.ogg")), *sorted((HERE / "livetalk/assets/speech").glob("*.ogg"))]
TIMES = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
NOISE = np.random.default_rng(0).normal(0, 0.1, len(TIMES))
NO_SPEECH = {
    "silence": np.zeros(len(TIMES)),
    "noise": NOISE,
    "hum": sum(0.1 * np.sin(2 * np.pi * 50 * k * TIMES) / k for k in range(1, 9)),
    "tone": 0.3 * np.sin(2 * np.pi * 440 * TIMES),
    "chords": sum(0.1 * np.sin(2 * np.pi * f * TIMES) * np.exp(-(TIMES % 0.5) * 4) for f in (262, 330, 392)),
    "clapping": NOISE * np.exp(-(TIMES % 0.25) * 40),
}


def voice(path: Path) -> np.ndarray:
    return np.concatenate(list(read_speech(path)))


def kinds(sound: np.ndarray) -> list[str]:
    return [warning.kind for warning in check_speech([sound.astype(np.float32)])]


@pytest.mark.parametrize("path", VOICES, ids=lambda path: path.stem)
def test_good_speech_is_left_alone_and_faults_of_it_are_named(path: Path):
    sound = voice(path)
    loud = sound / np.abs(sound).max()
    assert kinds(sound) == []
    assert kinds(0.003 * loud) == ["quiet"]
    assert kinds(np.clip(8 * loud, -1, 1) * 0.7) == ["clipped"]
    assert kinds(sound[:0]) == ["no speech"]


@pytest.mark.parametrize("name", NO_SPEECH)
def test_what_nobody_says_is_no_speech(name: str):
    assert kinds(NO_SPEECH[name]) == ["no speech"]


def test_it_says_what_to_do():
    (warning,) = check_speech([np.zeros(SAMPLE_RATE, np.float32)])
    assert "somebody speaks" in warning.message


def test_a_running_check_says_each_thing_once_and_before_the_end():
    sound = np.tile(0.003 * voice(VOICES[-1]), 2)
    check, told = SpeechCheck(), []
    for start in range(0, len(sound), 1000):
        told += check.push(sound[start : start + 1000])
    assert [warning.kind for warning in told] == ["quiet"]
    assert check.end() == []
    assert check.push(sound) == [], "the next utterance is no better, and that has been said"


def test_another_rate_is_heard_alike():
    sound = voice(VOICES[-1])
    fine = np.interp(np.arange(3 * len(sound)) / 3, np.arange(len(sound)), sound).astype(np.float32)
    check = SpeechCheck()
    assert check.push(fine, 3 * SAMPLE_RATE) + check.end() == []


def test_an_interrupted_utterance_is_forgotten():
    check = SpeechCheck()
    check.push(np.zeros(2 * SAMPLE_RATE, np.float32))
    check.begin()
    assert check.push(voice(VOICES[0])) + check.end() == []


def test_lanes_and_one_stream_agree():
    sound = np.tile(voice(VOICES[-1]), 3)
    whole = voice_activity(sound)
    assert len(whole) == -(-len(sound) // WINDOW)
    piece = voice_activity(sound[: 90 * WINDOW])
    assert np.mean((piece > 0.5) == (whole[:90] > 0.5)) > 0.95
