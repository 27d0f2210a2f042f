"""What is said when: turns, interruptions, silence, and what goes wrong with them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.dialogue.live_dialogue import NOT_HELD
from tests.helpers.dialogues import QUICK, held, noise, times, turn
from tests.helpers.session_server import Script


def test_turns_interruption_and_silence(tmp_path: Path) -> None:
    asked = (turn("Hello.", "greeting", interrupts_after=0.2), turn("Wait!", "interruption"), turn(), turn("Bye."))
    record = held(tmp_path, Script(answer=40), *asked)
    assert [each.interrupted for each in record.turns] == [True, False, False, False]
    assert [each.failed for each in record.turns] == [None] * 4
    assert [each.answered for each in record.turns] == ["Answer 1.", "Answer 2.", None, "Answer 3."]
    assert [each.latency_s is not None for each in record.turns] == [True, True, False, True]
    assert all(0 <= each.latency_s < 0.2 for each in record.turns if each.latency_s is not None)
    assert all(each.first_frame_s is not None and each.first_frame_s < 0.3 for each in record.turns if each.latency_s)
    began, ended = times(record, "answer_began"), times(record, "answer_ended")
    assert ended[0] - began[0] == pytest.approx(0.25, abs=0.12), "it was cut off after 0.2 s"
    assert ended[1] - began[1] == pytest.approx(0.8, abs=0.1), "it was heard out"
    assert times(record, "interrupting") == times(record, "turn")[1:2]
    assert record.turns[2].video is not None


def test_an_answer_to_half_a_turn_is_none(tmp_path: Path) -> None:
    """The visitor draws breath, the server takes the turn for over, begins to answer, and is talked over."""
    breath = np.concatenate([noise(0.2), np.zeros(3_200, np.int16), noise(0.2)])
    record = held(tmp_path, Script(answer=30), turn("One, and two."), turn("Three."), speech=breath)
    assert [each.answered for each in record.turns] == ["Answer 2.", "Answer 4."]
    assert all(0 < (each.latency_s or 0) < 0.2 for each in record.turns)
    for began, ended in zip(times(record, "answer_began"), times(record, "answer_ended"), strict=True):
        assert ended - began == pytest.approx(0.6, abs=0.12)


def test_what_goes_wrong_with_a_turn_stands_in_its_record(tmp_path: Path) -> None:
    record = held(tmp_path, Script(silent=(1,), fails=(2,)), turn("One."), turn("Two."), turn("Three."))
    assert [each.failed for each in record.turns] == [
        "nothing was heard within 0.8 s",
        "the answer failed: say it again",
        None,
    ]
    assert record.turns[0].video is None


def test_a_session_that_the_server_ends_fails_the_rest(tmp_path: Path) -> None:
    record = held(tmp_path, Script(ends=(2,)), turn("One."), turn("Two."), turn("Three."))
    assert [each.failed for each in record.turns] == [None, "the server ended the session: It broke down.", NOT_HELD]


def test_an_avatar_that_speaks_up_in_silence_is_heard(tmp_path: Path) -> None:
    record = held(tmp_path, Script(speaks_up=True), turn("One."), turn(), patience=replace(QUICK, pause=0.05))
    assert record.turns[1].latency_s is None
    assert len(times(record, "answer_began")) == 2
