"""Answers are found by what was asked, and by nothing else; a file that was cut off goes on."""

import math
from pathlib import Path

from livetalk.evaluation.dialogue.judging.answer_log import AnswerLog, key_of
from livetalk.evaluation.dialogue.judging.endpoint import Reply
from livetalk.evaluation.dialogue.judging.verdicts import TokenChoice, expected_level

BODY = {"model": "m", "messages": [{"content": "picture A"}], "seed": 0}


def test_a_key_is_of_all_that_is_asked() -> None:
    others = [BODY | {"seed": 1}, BODY | {"model": "n"}, BODY | {"messages": [{"content": "picture B"}]}]
    assert len({key_of(BODY, "e"), key_of(BODY, "f"), *(key_of(one, "e") for one in others)}) == 5
    assert key_of(dict(reversed(BODY.items())), "e") == key_of(BODY, "e")


def test_answers_are_found_again_with_their_probabilities(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    tokens = (TokenChoice("so", {"so": 0.0}), TokenChoice("4", {"4": math.log(0.5), "5": math.log(0.5)}))
    AnswerLog(path).keep("a", Reply("text", tokens, 3, 1))
    found = AnswerLog(path).get("a")
    assert found is not None
    assert (found.text, found.tokens_in, expected_level(found.tokens)) == ("text", 3, 4.5)


def test_a_line_that_was_cut_off_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    AnswerLog(path).keep("a", Reply("first"))
    path.write_text(path.read_text() + '{"key": "b", "te')
    log = AnswerLog(path)
    assert (len(log), log.get("b")) == (1, None)
    log.keep("b", Reply("second"))
    log.keep("c", Reply("third"))
    assert [AnswerLog(path).get(key) is not None for key in "abc"] == [True, True, True]
