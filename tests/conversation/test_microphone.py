"""Promises of the microphone's check: it tells a voice that is too quiet, once, and never says anything of silence."""

from pathlib import Path

import numpy as np
import pytest

from livetalk.conversation.microphone import MicrophoneCheck
from livetalk.geometry import SAMPLE_RATE
from livetalk.media import read_speech

HERE = Path(__file__).parents[2]
VOICES = (HERE / "livetalk/assets/speech/welcome.ogg", HERE / "livetalk/assets/speech/hello.ogg")
PACKET = SAMPLE_RATE // 50


def voice(path: Path, level: float) -> np.ndarray:
    """Speech of that root mean square, in dBFS."""
    sound = np.resize(np.concatenate(list(read_speech(path))), 12 * SAMPLE_RATE)
    return (sound * 10 ** (level / 20) / np.sqrt((sound**2).mean())).astype(np.float32)


def told(sound: np.ndarray, noticed: bool = False, alone: bool = True) -> list[str]:
    found: list[str] = []
    check = MicrophoneCheck(lambda doubt: found.append(doubt.message))
    if noticed:
        check.noticed()
    for start in range(0, len(sound), PACKET):
        check.push(sound[start : start + PACKET], alone)
    return found


@pytest.mark.parametrize("path", VOICES, ids=lambda path: path.stem)
def test_a_quiet_voice_is_told_once(path: Path):
    (sentence,) = told(np.tile(voice(path, -55), 2))
    assert "come closer" in sentence


@pytest.mark.parametrize("path", VOICES, ids=lambda path: path.stem)
def test_a_usual_voice_is_not_told_nor_any_once_a_turn_was_noticed_or_while_the_avatar_speaks(path: Path):
    assert told(voice(path, -28)) == []
    assert told(voice(path, -55), noticed=True) == []
    assert told(voice(path, -55), alone=False) == []


@pytest.mark.parametrize("level", [-95, -75, -60, -45, -25])
@pytest.mark.parametrize("kind", ["white", "brown", "hum", "typing"])
def test_silence_and_noise_are_never_told(level: float, kind: str):
    rng = np.random.default_rng(5)
    times = np.arange(60 * SAMPLE_RATE) / SAMPLE_RATE
    sound = rng.normal(0, 1, len(times))
    if kind == "brown":
        sound = np.cumsum(sound) - np.cumsum(sound).mean()
    elif kind == "hum":
        sound = sum(np.sin(2 * np.pi * 50 * k * times) / k for k in range(1, 9)) + 0.05 * sound
    elif kind == "typing":
        sound *= np.repeat(rng.random(len(times) // 800) < 0.1, 800) + 0.01
    sound *= 10 ** (level / 20) / sound.std()
    assert told(sound.astype(np.float32)) == []
    assert told(np.zeros(60 * SAMPLE_RATE, np.float32)) == []
