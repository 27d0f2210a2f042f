"""Each content level falls for its own fault, on dialogues that are otherwise good."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from livetalk.evaluation.dialogue.judging import requests
from livetalk.evaluation.dialogue.judging.evidence import Evidence
from livetalk.evaluation.dialogue.small_judge import content
from livetalk.evaluation.dialogue.small_judge.visual import Level
from tests.helpers import judged

GOOD = judged.evidence()
OTHER = judged.evidence((judged.ANSWERS[0], "The train to Oxford leaves at noon.", judged.ANSWERS[2]))
CUT = judged.evidence(("Hello Peter.", "I am", "I"))
ORDER = judged.evidence((judged.ANSWERS[2], judged.ANSWERS[0], judged.ANSWERS[1]))
FORGOTTEN = judged.evidence((*judged.ANSWERS[:2], "I write a label for."))


@pytest.mark.parametrize(
    ("level", "damaged"),
    [
        (content.semantic_relevance, OTHER),
        (content.information_completeness, CUT),
        (content.logical_consistency, ORDER),
        (content.context_understanding, FORGOTTEN),
        (content.overall_experience, OTHER),
    ],
)
def test_a_fault_lowers_its_level(level: Callable[[Evidence], Level], damaged: Evidence) -> None:
    assert level(GOOD).value > 3.5
    assert level(damaged).value < level(GOOD).value - 0.5


def test_a_forgotten_name_leaves_relevance() -> None:
    assert content.semantic_relevance(FORGOTTEN).value == content.semantic_relevance(GOOD).value


def test_what_is_seen_is_not_checked_by_words() -> None:
    assert content.is_seen("waits with a friendly face")
    assert content.is_seen("smiles at it")
    assert not content.is_seen("says that eyes need days to adapt")


def test_an_answer_that_is_broken_into_need_not_be_whole() -> None:
    broken = replace(CUT, turns=tuple(replace(turn, broken_into=True) for turn in CUT.turns))
    assert content.information_completeness(broken).value == 5
    item = requests.checklist(broken)[0]
    assert content.check(item, broken)[0] is None


def test_a_shared_silence_is_no_bad_answer() -> None:
    silent = replace(GOOD.turns[1], says="", heard="")
    for level in (content.semantic_relevance, content.information_completeness, content.logical_consistency):
        quiet = level(replace(GOOD, turns=(GOOD.turns[0], silent, GOOD.turns[2])))
        lost = level(replace(GOOD, turns=(GOOD.turns[0], replace(silent, says="My cat died."), GOOD.turns[2])))
        assert quiet.value > lost.value + 0.5


def test_without_words_every_level_is_the_lowest() -> None:
    for silent in (judged.evidence((None,) * 3), judged.evidence(("",) * 3)):
        assert content.overall_experience(silent).value == 1
        assert content.semantic_relevance(silent).value == 1


def test_statements_are_checked_by_their_words() -> None:
    items = {
        item.name: replace(item, statement=item.statement.partition(": ")[2]) for item in requests.checklist(GOOD)
    }  # as they are read out of a request
    assert content.check(items["1.2"], GOOD)[0] == "yes"  # roses flower in June
    assert content.check(items["1.2"], CUT)[0] == "no"
    assert content.check(items["3.3"], GOOD)[0] == "yes"  # the visitor is called Peter
    assert content.check(items["3.3"], FORGOTTEN)[0] == "no"
    spoiled = judged.evidence(("Roses never flower, Peter.", *judged.ANSWERS[1:]))
    assert content.check(items["1.3"], spoiled)[0] == "no"
    assert content.check(items["1.3"], CUT)[0] == "yes"
