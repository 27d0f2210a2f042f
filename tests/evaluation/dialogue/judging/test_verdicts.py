"""A judge's answer is taken only if it is exactly what was asked for; probabilities say more than the drawn level."""

import json
import math

import pytest

from livetalk.evaluation.dialogue.judging.strict_json import UnusableAnswer
from livetalk.evaluation.dialogue.judging.verdicts import (
    TokenChoice,
    expected_level,
    read_checklist,
    read_preference,
    read_verdict,
)


def test_a_verdict_is_read() -> None:
    verdict = read_verdict('{"score": 4, "reason": "Turn 2 is faint."}')
    assert (verdict.level, verdict.score, verdict.reason) == (4, 4, "Turn 2 is faint.")


@pytest.mark.parametrize(
    "text",
    [
        "4",
        "The score is 4.",
        '```json\n{"score": 4, "reason": "fine"}\n```',
        '{"score": true, "reason": "fine"}',
        '{"score": 4.0, "reason": "fine"}',
        '{"score": "4", "reason": "fine"}',
        '{"score": 0, "reason": "fine"}',
        '{"score": 6, "reason": "fine"}',
        '{"score": NaN, "reason": "fine"}',
        '{"score": 4, "reason": " "}',
        '{"score": 4}',
        '{"score": 4, "reason": "fine", "mood": 1}',
        '{"score": 1, "score": 4, "reason": "fine"}',
        '{"score": 4, "reason": "fine"} and more',
        "[" * 100_000,
    ],
)
def test_what_is_not_exactly_that_is_refused(text: str) -> None:
    with pytest.raises(UnusableAnswer):
        read_verdict(text)


def test_the_expected_level_is_that_of_the_score_token() -> None:
    shares = {"4": math.log(0.6), "5": math.log(0.2), " 4": math.log(0.1), "the": math.log(0.1)}
    tokens = [TokenChoice('{"score": ', {}), TokenChoice("4", shares), TokenChoice("2", {"2": 0.0})]
    assert expected_level(tokens) == pytest.approx((0.7 * 4 + 0.2 * 5) / 0.9)
    assert read_verdict('{"score": 4, "reason": "turn 2"}', tokens).score == pytest.approx(4.2222, abs=1e-4)


def test_probabilities_that_are_of_other_words_say_nothing() -> None:
    assert expected_level([TokenChoice("4", {"4": math.log(0.3), "four": math.log(0.7)})]) is None
    assert expected_level([]) is None


def _items(*rows: tuple[str, str | None]) -> str:
    return json.dumps({"items": [{"id": name, "verdict": verdict, "reason": "so"} for name, verdict in rows]})


def test_a_checklist_is_read_in_its_order() -> None:
    found = read_checklist(_items(("1.2", None), ("1.1", "partial")), ["1.1", "1.2"])
    assert [(one.item, one.score) for one in found] == [("1.1", 0.5), ("1.2", None)]


@pytest.mark.parametrize(
    "rows",
    [
        [("1.1", "yes")],
        [("1.1", "yes"), ("1.1", "yes")],
        [("1.1", "yes"), ("9.9", "yes")],
        [("1.1", "yes"), ("1.2", "maybe")],
    ],
)
def test_items_that_are_missing_unknown_or_twice_are_refused(rows: list[tuple[str, str]]) -> None:
    with pytest.raises(UnusableAnswer):
        read_checklist(_items(*rows), ["1.1", "1.2"])


def test_a_preference_is_one_of_three() -> None:
    assert read_preference('{"better": "second", "reason": "warmer"}').better == "second"
    with pytest.raises(UnusableAnswer):
        read_preference('{"better": "A", "reason": "warmer"}')
