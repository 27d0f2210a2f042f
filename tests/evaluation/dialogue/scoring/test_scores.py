"""Percentiles are those of pooled z-scores; every dialogue counts the same, and what is missing is no zero."""

import math
from dataclasses import replace

import numpy as np
import pytest

from livetalk.evaluation.dialogue.scenarios import Dimension
from livetalk.evaluation.dialogue.scoring.results import CheckedStatement, JudgedDialogue
from livetalk.evaluation.dialogue.scoring.scores import percentiles, score_table, spearman
from tests.helpers import judged


def test_percentiles_are_of_the_normal_distribution() -> None:
    found = percentiles([1.0, 2.0, 3.0])
    z = 1 / math.sqrt(2 / 3)
    assert found == pytest.approx([50 * (1 - math.erf(z / math.sqrt(2))), 50, 50 * (1 + math.erf(z / math.sqrt(2)))])
    assert percentiles([4.0, 4.0]) == pytest.approx([50, 50])


def test_a_better_system_is_above_and_the_pool_is_at_the_middle() -> None:
    good, bad = score_table(judged.judging({"good": (5, 4, 5), "bad": (2, 3, 2)})).systems[::-1]
    for one in Dimension:
        assert good.scores[one.value].percentile.value > 75 > 25 > bad.scores[one.value].percentile.value
    assert good.scores["semantic_relevance"].raw.value == pytest.approx(14 / 3)
    assert good.scores["semantic_relevance"].raw.n == 3
    both = good.scores["semantic_relevance"].percentile.value + bad.scores["semantic_relevance"].percentile.value
    assert both == pytest.approx(100, abs=3)


def test_a_missing_verdict_leaves_its_dialogue_out_and_is_told() -> None:
    judging = judged.judging({"ours": (5, 1)})
    last = judging.dialogues[1]
    row = replace(last.scores[0], scores=(None, 1.0), reasons=("it is not JSON", "because"))
    judging = replace(judging, dialogues=(judging.dialogues[0], replace(last, scores=(row, *last.scores[1:]))))
    score = score_table(judging).systems[0].scores[row.dimension]
    assert (score.raw.value, score.raw.n, score.missing) == (5, 1, 1)
    assert judging.missing == ["ours, scenario_1, emotional_appropriateness, repeat 1: it is not JSON"]


def test_statements_weigh_by_dialogue_not_by_number() -> None:
    def checked(dialogue: JudgedDialogue, *scores: float | None) -> JudgedDialogue:
        return replace(
            dialogue, checklist=tuple(CheckedStatement(0, "must", "It does this: hello", one, "so") for one in scores)
        )

    judging = judged.judging({"ours": (3, 3)})
    one, other = judging.dialogues
    judging = replace(judging, dialogues=(checked(one, 1, 1, 1, 1), checked(other, 0, None)))
    statements = score_table(judging).systems[0].statements
    assert statements["must"].value == 0.5
    assert statements["remembers"].n == 0


def test_latency_is_the_mean_over_dialogues_of_their_turns() -> None:
    judging = judged.judging({"ours": (3, 3)})
    one, other = judging.dialogues
    turn = one.turns[0]
    slow = replace(one, turns=(turn, replace(turn, latency_s=1.5), replace(turn, latency_s=None, failed="silent")))
    row = score_table(replace(judging, dialogues=(slow, other))).systems[0]
    assert (row.latency_s.value, row.failed_turns) == (pytest.approx(0.75), 1)


def test_agreement_and_length() -> None:
    table = score_table(judged.judging({"ours": (1, 2, 3, 4, 5)}))
    assert {one.alpha for one in table.agreement} == {1.0}
    assert [one.length_r for one in table.agreement] == pytest.approx([1.0] * 9), "longer answers scored higher"


def test_spearman_is_of_ranks() -> None:
    assert spearman([1, 2, 3, 4], [1, 10, 100, 1000]) == pytest.approx(1)
    assert spearman([1, 2, 2, 3], [3, 2, 2, 1]) == pytest.approx(-1)
    assert np.isnan(spearman([1, 1, 1], [1, 2, 3]))
