"""A panel asks everything as often as it should and nothing twice; what stays unusable is missing, with its reason."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from livetalk.evaluation.dialogue.judging import panel
from livetalk.evaluation.dialogue.judging.answer_log import AnswerLog
from livetalk.evaluation.dialogue.judging.endpoint import Endpoint, EndpointClient, EndpointError, JudgeRefusal, Reply
from livetalk.evaluation.dialogue.judging.panel import Missing, Panel
from livetalk.evaluation.dialogue.judging.verdicts import JudgeVerdict
from livetalk.evaluation.dialogue.scenarios import Dimension
from tests.helpers import judged

GOOD = '{"score": 3, "reason": "fine"}'


class Client(EndpointClient):
    """Answers by a function of the request."""

    def __init__(self, answer: Callable[[Mapping[str, object]], str]) -> None:
        super().__init__(Endpoint("http://host/v1", "a-model"))
        self.answer, self.asked, self.lock = answer, [], threading.Lock()

    def ask(self, body: Mapping[str, object]) -> Reply:
        with self.lock:
            self.asked.append(body)
        return Reply(self.answer(body))


def _ask(client: Client, log: AnswerLog, repeats: int = 3) -> list[JudgeVerdict | Missing]:
    task = panel.score(Dimension.SEMANTIC_RELEVANCE, judged.evidence())
    with Panel(client, log, "a") as asked:
        return [future.result() for future in asked.ask_all(task, repeats)]


def test_repeats_have_seeds_of_their_own_and_are_asked_once(tmp_path: Path) -> None:
    client = Client(lambda body: GOOD)
    assert [one.score for one in _ask(client, AnswerLog(tmp_path / "log")) if isinstance(one, JudgeVerdict)] == [
        3,
        3,
        3,
    ]
    assert sorted(body["seed"] for body in client.asked) == [0, 1, 2]
    assert len(_ask(client, AnswerLog(tmp_path / "log"), 4)) == 4
    assert len(client.asked) == 4, "three of them were known"


def test_an_unusable_answer_is_asked_for_again(tmp_path: Path) -> None:
    client = Client(lambda body: GOOD if body["seed"] >= 1000 else "Four, I think.")
    (found,) = _ask(client, AnswerLog(tmp_path / "log"), 1)
    assert isinstance(found, JudgeVerdict)
    assert [body["seed"] for body in client.asked] == [0, 1000]


def test_what_stays_unusable_is_missing_and_not_kept(tmp_path: Path) -> None:
    log = AnswerLog(tmp_path / "log")
    (found,) = _ask(Client(lambda body: '{"score": 9, "reason": "great"}'), log, 1)
    assert found == Missing("score is 9 in place of a whole number from 1 to 5")
    assert len(log) == 0


def test_a_refusal_is_missing_at_once(tmp_path: Path) -> None:
    def refuse(body: Mapping[str, object]) -> str:
        raise JudgeRefusal("it answers 400: too long")

    client = Client(refuse)
    assert _ask(client, AnswerLog(tmp_path / "log"), 1) == [Missing("it answers 400: too long")]
    assert len(client.asked) == 1


def test_a_lost_endpoint_ends_it_and_keeps_what_was_answered(tmp_path: Path) -> None:
    def lost(body: Mapping[str, object]) -> str:
        if body["seed"] > 1:
            raise EndpointError("it cannot be reached")
        return GOOD

    log = AnswerLog(tmp_path / "log")
    with pytest.raises(EndpointError, match="cannot be reached"):
        _ask(Client(lost), log, 8)
    assert 1 <= len(AnswerLog(tmp_path / "log")) <= 2
