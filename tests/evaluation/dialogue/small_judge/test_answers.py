"""Answers are the JSON that was asked for; probabilities give the exact level."""

import json
import math

import pytest

from livetalk.evaluation.dialogue.judging import requests
from livetalk.evaluation.dialogue.judging.verdicts import read_checklist, read_preference, read_verdict
from livetalk.evaluation.dialogue.scenarios import Dimension
from livetalk.evaluation.dialogue.small_judge.answers import answer, level_shares
from livetalk.evaluation.dialogue.small_judge.reading import JudgeQuestion
from livetalk.evaluation.dialogue.small_judge.seeing import FaceMeter
from tests.helpers import judged

GOOD, BAD = judged.evidence(), judged.evidence(("Trains leave.",) * 3)


@pytest.mark.parametrize("value", [1.0, 1.3, 2.5, 4.0, 4.9, 5.0])
def test_shares_have_the_level_as_their_mean(value: float) -> None:
    shares = level_shares(value)
    assert sum(shares.values()) == pytest.approx(1)
    assert sum(int(level) * share for level, share in shares.items()) == pytest.approx(value)
    assert set(shares) <= set("12345")


def test_a_score_is_read_as_a_verdict() -> None:
    pieces, value = answer(JudgeQuestion(Dimension.SEMANTIC_RELEVANCE, (GOOD,)), FaceMeter())
    assert read_verdict("".join(pieces)).level == round(value)


def test_pairs_follow_the_levels_in_both_orders() -> None:
    for dialogues, better in (((GOOD, BAD), "first"), ((BAD, GOOD), "second"), ((GOOD, GOOD), "tie")):
        pieces, value = answer(JudgeQuestion(Dimension.SEMANTIC_RELEVANCE, dialogues), FaceMeter())
        assert read_preference("".join(pieces)).better == better
        assert math.isnan(value)


def test_a_checklist_has_every_item() -> None:
    items = requests.checklist(GOOD)
    pieces, _ = answer(JudgeQuestion(None, (GOOD,), items), FaceMeter())
    assert len(json.loads(pieces[0])["items"]) == len(items)
    assert len(read_checklist(pieces[0], [item.name for item in items])) == len(items)
