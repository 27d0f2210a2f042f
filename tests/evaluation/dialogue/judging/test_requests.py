"""A request holds the rubric and the evidence of its dimension, and nothing that tells who made it."""

import json

from livetalk.evaluation.dialogue.judging import requests
from livetalk.evaluation.dialogue.judging.evidence import Modality, shown
from livetalk.evaluation.dialogue.judging.rubrics import rubric
from livetalk.evaluation.dialogue.scenarios import Dimension
from tests.helpers import judged


def _text(messages: object) -> str:
    return json.dumps(messages, ensure_ascii=False)


def test_content_is_asked_without_pictures_and_the_visual_without_words() -> None:
    whole = judged.evidence(frames=[judged.swaying(frames=2)] * 3)
    for dimension in Dimension:
        text = _text(requests.score_request(dimension, whole.only(shown(dimension, sound=True))))
        assert json.dumps(rubric(dimension))[1:-1] in text.replace("\\n", "\\n")
        assert ("image_url" in text) == (Modality.FRAMES in shown(dimension, sound=True))
        assert (judged.ANSWERS[0] in text) == (Modality.TRANSCRIPT in shown(dimension, sound=True))


def test_the_feeling_that_fits_is_told_to_one_dimension() -> None:
    whole = judged.evidence()
    told = [one for one in Dimension if "Feeling that fits" in _text(requests.score_request(one, whole))]
    assert told == [Dimension.EMOTIONAL_APPROPRIATENESS]


def test_what_is_not_shown_is_said_so() -> None:
    text = _text(requests.score_request(Dimension.SEMANTIC_RELEVANCE, judged.evidence((None, None, None))))
    assert text.count(requests.UNTOLD) == 3
    assert requests.SILENT in _text(requests.score_request(Dimension.SEMANTIC_RELEVANCE, judged.evidence(("", "", ""))))


def test_a_checklist_has_every_statement_once() -> None:
    items = requests.checklist(judged.evidence())
    assert [item.name for item in items] == ["1.1", "1.2", "1.3", "2.1", "2.2", "3.1", "3.2", "3.3"]
    assert [item.kind for item in items].count("must_not") == 3
    text = _text(requests.checklist_request(items, judged.evidence(frames=[judged.swaying(frames=2)] * 3)))
    assert "3.3, answer 3: It remembers this: the visitor is called Peter" in text
    assert "image_url" not in text


def test_two_dialogues_are_shown_in_the_order_given() -> None:
    first, second = judged.evidence(("One.",) * 3), judged.evidence(("Two.",) * 3)
    text = _text(requests.pair_request(Dimension.SEMANTIC_RELEVANCE, first, second))
    assert (
        text.index("First conversation") < text.index("One.") < text.index("Second conversation") < text.index("Two.")
    )
