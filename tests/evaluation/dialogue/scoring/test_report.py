"""The report says what was measured, what was not and why, and which protocol it is."""

import json
from dataclasses import replace

from livetalk.evaluation.dialogue.scenarios import Dimension
from livetalk.evaluation.dialogue.scoring import report
from livetalk.evaluation.dialogue.scoring.results import ComparedSystems, FaultEffect
from livetalk.evaluation.estimates import Estimate
from tests.helpers import judged

JUDGING = judged.judging({"ours": (5, 4), "theirs": (2, 3)})
TRUSTED = replace(JUDGING, unmeasured={})


def test_our_own_protocol_is_said_everywhere() -> None:
    assert report.PROTOCOL in report.markdown(TRUSTED)
    assert json.loads(report.as_json(TRUSTED))["protocol"] == report.PROTOCOL


def test_a_judge_that_was_not_tried_gives_no_percentiles() -> None:
    text = report.markdown(JUDGING)
    assert text.count("| not measured ") == 2 * len(Dimension)
    assert "EA is not measured: the judge was not tried on planted faults." in text
    assert "| ours | 2 | 0.50 [0.50, 0.50] | " in report.markdown(TRUSTED)
    assert "| not measured " not in report.markdown(TRUSTED)


def test_one_dimension_that_is_not_believed() -> None:
    judging = replace(TRUSTED, unmeasured={"conversational_naturalness": "shifted lips lowers it by 0.07 only"})
    text = report.markdown(judging)
    assert text.count("| not measured ") == 2
    assert "CN is not measured: shifted lips lowers it by 0.07 only." in text


def test_controls_missing_verdicts_and_pairs_are_shown() -> None:
    lost = replace(JUDGING.dialogues[0], unchecked="it is not JSON")
    judging = replace(
        TRUSTED,
        dialogues=(lost, *JUDGING.dialogues[1:]),
        faults=(
            FaultEffect("shifted_lips", "conversational_naturalness", "must", Estimate(1.5, 1, 2, 8), True),
            FaultEffect("shifted_lips", "semantic_relevance", "untouched", Estimate(0.75, 0.5, 1, 8), True),
        ),
        pairs=(ComparedSystems("semantic_relevance", "ours", "theirs", 2, 0, 1, 1, 0),),
    )
    text = report.markdown(judging)
    assert "**1.50**" in text
    assert "0.75 !" in text
    assert "| semantic relevance | ours | theirs | 2 | 0 | 1 | 1 | 0 |" in text
    assert "ours, scenario_0, checklist: it is not JSON" in text


def test_one_system_is_told_that_percentiles_say_nothing() -> None:
    assert "With one system they are near 50" in report.markdown(judged.judging({"ours": (5, 4)}))
    assert "With one system they are near 50" not in report.markdown(JUDGING)
