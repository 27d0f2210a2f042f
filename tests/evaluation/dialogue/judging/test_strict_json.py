"""Strict reading says what is wrong in a sentence."""

import pytest

from livetalk.evaluation.dialogue.judging import strict_json
from livetalk.evaluation.dialogue.judging.strict_json import UnusableAnswer


def test_reasons_name_what_was_found() -> None:
    with pytest.raises(UnusableAnswer, match="not JSON: 'no'"):
        strict_json.parse("no")
    with pytest.raises(UnusableAnswer, match="names a key twice"):
        strict_json.parse('{"a": 1, "a": 2}')
    with pytest.raises(UnusableAnswer, match="NaN"):
        strict_json.parse('{"a": NaN}')
    with pytest.raises(UnusableAnswer, match="its keys are a in place of a, b"):
        strict_json.exactly({"a": 1}, ("a", "b"))


def test_true_is_no_number() -> None:
    with pytest.raises(UnusableAnswer, match="score is True"):
        strict_json.whole({"score": True}, "score", 1, 5)
