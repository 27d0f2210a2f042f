"""What is read out of a request is what was put into it: the small judge knows nothing else."""

from dataclasses import replace

import pytest

from livetalk.evaluation.dialogue.judging import requests
from livetalk.evaluation.dialogue.judging.evidence import Evidence, Expectations, shown
from livetalk.evaluation.dialogue.scenarios import Dimension
from livetalk.evaluation.dialogue.small_judge.reading import read_question
from tests.helpers import judged

FRAMES = judged.swaying(frames=2)
WHOLE = judged.evidence(("Fine.", "", None), [FRAMES, (), FRAMES])
WHOLE = replace(WHOLE, turns=(replace(WHOLE.turns[0], sound=judged.tone(), broken_into=True), *WHOLE.turns[1:]))


def _stripped(evidence: Evidence, *kept: str) -> Evidence:
    """Without what the dimension's judge is not told of a good answer."""
    return replace(
        evidence,
        turns=tuple(
            replace(turn, expected=replace(Expectations(""), **{name: getattr(turn.expected, name) for name in kept}))
            for turn in evidence.turns
        ),
    )


@pytest.mark.parametrize("dimension", Dimension)
def test_evidence_comes_back(dimension: Dimension) -> None:
    sent = WHOLE.only(shown(dimension, sound=True))
    question = read_question({"messages": requests.score_request(dimension, sent)})
    assert question.dimension is dimension
    kept: tuple[str, ...] = ("must", "must_not", "remembers") if list(Dimension).index(dimension) > 3 else ()
    kept = ("emotion",) if dimension is Dimension.EMOTIONAL_APPROPRIATENESS else kept
    assert question.dialogues == (_stripped(sent, *kept),)


def test_pairs_and_checklists_come_back() -> None:
    dimension = Dimension.SEMANTIC_RELEVANCE
    first, second = judged.evidence(("One.",) * 3), judged.evidence(("Two.", "", "Two."))
    pair = read_question({"messages": requests.pair_request(dimension, first, second)})
    assert pair.compares
    assert [[turn.heard for turn in one.turns] for one in pair.dialogues] == [["One."] * 3, ["Two.", "", "Two."]]
    items = requests.checklist(first)
    found = read_question({"messages": requests.checklist_request(items, first)})
    assert found.dimension is None
    assert [(one.name, one.turn, one.kind) for one in found.items] == [(one.name, one.turn, one.kind) for one in items]


@pytest.mark.parametrize(
    "body",
    [{}, {"messages": []}, {"messages": [{"content": "x"}, {"content": []}]}, {"messages": "ab"}],
)
def test_other_requests_are_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        read_question(body)
