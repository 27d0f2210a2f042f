"""Voice of the visitor: their lines as sound, spoken by the local voice before a dialogue begins, and kept.

A line in another language is read as an English voice reads it. Knows no systems; silence is no sound here.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from livetalk.evaluation.dialogue.scenarios import Scenario
from livetalk.evaluation.dialogue.systems import Pcm
from livetalk.media import read_speech
from livetalk.media.files import part_of
from livetalk.media.sound import trimmed
from livetalk.media.wav import write_wav

VOICE = "am_michael"  # the avatar's is af_heart
QUIET = 0.005  # below it a line has not begun, or is over


class VisitorVoice:
    """Lines of visitors in a folder, one wav each. speak: makes a line's sound (samples in [-1, 1], rate)."""

    def __init__(self, folder: Path, speak: "Callable[[str], tuple[np.ndarray, int]] | None" = None) -> None:
        self._folder, self._speak = folder, speak

    def prepare(self, scenarios: Sequence[Scenario], tell: Callable[[int], None]) -> None:
        """Speak all lines that are not there yet; tell: called with 1 for each. Raises ValueError without a voice."""
        for line in self.missing(scenarios):
            self._speak = self._speak or _kokoro()
            sound, rate = self._speak(line)
            path = self._path(line)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_wav(part_of(path), sound, rate).rename(path)
            tell(1)

    def missing(self, scenarios: Sequence[Scenario]) -> list[str]:
        """Lines that are still to be spoken."""
        lines = dict.fromkeys(turn.says for scenario in scenarios for turn in scenario.turns if turn.says)
        return [line for line in lines if not self._path(line).is_file()]

    def lines(self, scenario: Scenario) -> tuple[Pcm, ...]:
        """The sound of each turn, without silence around it; empty where the visitor says nothing."""
        return tuple(self._line(turn.says) if turn.says else np.zeros(0, np.int16) for turn in scenario.turns)

    def _line(self, text: str) -> Pcm:
        sound = trimmed(np.concatenate(list(read_speech(self._path(text)))), QUIET)
        return (sound.clip(-1, 1) * 32767).astype(np.int16)

    def _path(self, text: str) -> Path:
        return self._folder / f"{hashlib.sha256(f'{VOICE} {text}'.encode()).hexdigest()[:16]}.wav"


def _kokoro() -> "Callable[[str], tuple[np.ndarray, int]]":
    from livetalk.voice.kokoro import RATE, Kokoro

    kokoro = Kokoro()

    def speak(text: str) -> tuple[np.ndarray, int]:
        return kokoro.speak(text, VOICE).audio, RATE

    return speak
