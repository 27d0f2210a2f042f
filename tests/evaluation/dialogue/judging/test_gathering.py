"""Evidence comes from files only, in one size for all; no name of a file or system gets into it."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from livetalk.evaluation.dialogue.judging import requests
from livetalk.evaluation.dialogue.judging.gathering import Gatherer, chosen
from livetalk.evaluation.dialogue.judging.options import FrameSampling
from livetalk.evaluation.dialogue.records import TurnRecord
from livetalk.evaluation.dialogue.scenarios import Dimension
from tests.helpers import judged

HEARING = judged.FakeHearing(dict(zip(judged.LENGTHS, judged.ANSWERS, strict=True)))
GATHERER = Gatherer(FrameSampling(6, 100), HEARING)


def test_frames_are_the_first_of_equal_stretches() -> None:
    assert chosen(8, 4) == [0, 2, 4, 6]
    assert chosen(72, 32)[:3] == [0, 2, 4]
    assert chosen(3, 32) == [0, 1, 2]
    assert chosen(0, 32) == []


def test_a_dialogue_is_gathered(tmp_path: Path) -> None:
    record = judged.hold(tmp_path)
    found = GATHERER.evidence(tmp_path, record, judged.SCENARIO)
    assert [turn.heard for turn in found.turns] == list(judged.ANSWERS)
    assert [len(turn.frames) for turn in found.turns] == [6, 6, 6]
    assert found.turns[0].frames[1].time_s == pytest.approx(2 / 16)
    assert {Image.open(io.BytesIO(frame.jpeg)).size for turn in found.turns for frame in turn.frames} == {(100, 100)}
    assert found.turns[2].expected.remembers == ("the visitor is called Peter",)


def test_no_name_reaches_a_judge(tmp_path: Path) -> None:
    secret = "identity_swap_of_oursystem"
    record = judged.hold(tmp_path, secret)
    record = replace(record, turns=tuple(replace(turn, answered="What I claim to say.") for turn in record.turns))
    found = GATHERER.evidence(tmp_path, record, judged.SCENARIO)
    for dimension in Dimension:
        text = str(requests.score_request(dimension, found))
        for name in (secret, judged.SCENARIO.name, "answer_1", "What I claim", str(tmp_path), "a machine"):
            assert name not in text


def test_an_answer_that_never_came_shows_nothing(tmp_path: Path) -> None:
    record = judged.hold(tmp_path)
    lost = TurnRecord("Hello", "en", failed="it was silent")
    found = GATHERER.evidence(tmp_path, replace(record, turns=(lost, *record.turns[1:])), judged.SCENARIO)
    assert (found.turns[0].frames, found.turns[0].sound, found.turns[0].heard) == ((), b"", "")


def test_another_scenario_is_told(tmp_path: Path) -> None:
    record = judged.hold(tmp_path)
    with pytest.raises(ValueError, match="has 2 turns, its scenario 3: hold it again"):
        GATHERER.evidence(tmp_path, replace(record, turns=record.turns[:2]), judged.SCENARIO)
