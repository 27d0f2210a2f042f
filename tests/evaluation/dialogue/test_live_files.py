"""Files of a session lie on one clock: the visitor, the avatar's picture and its sound."""

from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.clip_files import ClipFile
from tests.helpers.dialogues import held, loud, times, turn
from tests.helpers.session_server import Script


def test_files_lie_on_one_clock(tmp_path: Path) -> None:
    record = held(tmp_path, Script(), turn("Hello."), turn("Bye."))
    visitor, avatar = loud(tmp_path / "visitor.wav"), loud(tmp_path / "session.mp4")
    assert visitor[0] == pytest.approx(times(record, "visitor_began")[0], abs=0.03)
    assert avatar[0] == pytest.approx(times(record, "answer_began")[0], abs=0.07), "AAC begins early"
    assert visitor[-1] < avatar[-1]
    frames = ClipFile("session", tmp_path / "session.mp4").frames(16)
    bright = np.flatnonzero(frames.mean((1, 2, 3)) > 130) / 16
    assert bright[0] == pytest.approx(avatar[0], abs=0.13), "picture and sound of an answer are together"
    answer = loud(tmp_path / "turn_1.mp4")
    assert answer[0] == pytest.approx(0.25, abs=0.13)
    assert answer[-1] - answer[0] == pytest.approx(0.3, abs=0.12), "nothing of the next answer"
