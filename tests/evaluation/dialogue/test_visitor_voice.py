"""Lines are spoken once, kept, and read without the silence around them."""

from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.dialogue.visitor_voice import VisitorVoice
from tests.helpers.dialogues import scenario, turn

ASKED = scenario(turn("One."), turn(), turn("Two."), turn("One."))


def test_each_line_is_spoken_once_and_read_trimmed(tmp_path: Path) -> None:
    spoken: list[str] = []

    def speak(line: str) -> tuple[np.ndarray, int]:
        spoken.append(line)
        tone = 0.5 * np.sin(np.arange(24_000) * 0.1).astype(np.float32)
        return np.concatenate([np.zeros(12_000, np.float32), tone, np.zeros(12_000, np.float32)]), 24_000

    told: list[int] = []
    voice = VisitorVoice(tmp_path, speak)
    voice.prepare([ASKED], told.append)
    assert (spoken, told, voice.missing([ASKED])) == (["One.", "Two."], [1, 1], [])
    VisitorVoice(tmp_path).prepare([ASKED], told.append)
    lengths = [len(pcm) for pcm in voice.lines(ASKED)]
    assert lengths[1] == 0
    assert lengths[0] == lengths[3] == pytest.approx(16_000, abs=300)
