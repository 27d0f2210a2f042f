"""Calibration dialogues are good by their own scenarios, and are made once."""

from pathlib import Path

import numpy as np

from livetalk.evaluation.dialogue.judging import calibration
from livetalk.evaluation.dialogue.judging.calibration import StudentStage, calibration_scenarios, good_answers, hold
from livetalk.evaluation.dialogue.judging.controls import FEWEST
from livetalk.evaluation.dialogue.judging.words import content, facts


def test_answers_say_what_their_scenarios_ask_for() -> None:
    answers, scenarios = good_answers(), calibration_scenarios()
    assert {one.name for one in scenarios} == set(answers)
    assert len(scenarios) >= 2 * FEWEST
    for scenario in scenarios:
        given = answers[scenario.name].answers
        for i, (turn, answer) in enumerate(zip(scenario.turns, given, strict=True)):
            for must in turn.must:
                assert content(must) & content(answer), (scenario.name, must)
            for fact in turn.remembers:
                keys = facts(fact, [one.says for one in scenario.turns[:i]], turn.says)
                assert keys and keys <= content(answer), (scenario.name, fact)  # noqa: PT018


def test_each_has_a_sad_turn_a_name_and_a_neighbour_with_the_same_face() -> None:
    scenarios, answers = calibration_scenarios(), good_answers()
    for one in scenarios:
        assert "sad" in {turn.emotion for turn in one.turns}
        assert any(turn.remembers for turn in one.turns)
    faces = [answers[one.name].avatar for one in scenarios]
    assert faces[::2] == faces[1::2]
    assert len(set(faces)) > 2


def test_dialogues_are_held_once(tmp_path: Path) -> None:
    class Stage(StudentStage):
        spoken = 0

        def speak(self, text: str, voice: str) -> np.ndarray:
            Stage.spoken += 1
            return np.zeros(4000, np.float32)

        def perform(self, portrait: np.ndarray, sound: np.ndarray, mood: str) -> np.ndarray:
            assert mood in calibration.PROMPTS
            return np.zeros((4, 64, 64, 3), np.uint8)

    first = list(hold(tmp_path, Stage()))
    assert [one.system for one in first] == ["calibration"] * len(calibration_scenarios())
    assert Stage.spoken == sum(len(one.turns) for one in first)
    assert list(hold(tmp_path, Stage())) == first
    assert Stage.spoken == sum(len(one.turns) for one in first)
