"""Panel: one judge that is asked everything several times over, in parallel, and never the same thing twice.

What was answered before is read from a log. An answer that cannot be used is asked for again with another seed; what
stays unusable is a missing verdict with its reason, never a zero. Knows requests and answers; no systems.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

from livetalk.evaluation.dialogue.judging import requests, verdicts
from livetalk.evaluation.dialogue.judging.answer_log import AnswerLog, key_of
from livetalk.evaluation.dialogue.judging.endpoint import EndpointClient, EndpointError, JudgeRefusal, Reply
from livetalk.evaluation.dialogue.judging.evidence import Evidence
from livetalk.evaluation.dialogue.judging.requests import ChecklistItem, Json
from livetalk.evaluation.dialogue.judging.strict_json import UnusableAnswer
from livetalk.evaluation.dialogue.judging.verdicts import CheckedItem, JudgeVerdict, Preference
from livetalk.evaluation.dialogue.scenarios import Dimension

TRIES = 3  # of an answer that cannot be used
ANOTHER_SEED = 1_000  # added to the seed of each further try

T = TypeVar("T")


@dataclass(frozen=True)
class Missing:
    """A verdict that is not there, and why."""

    why: str


@dataclass(frozen=True)
class JudgeTask(Generic[T]):
    """A question to the judge, the form of its answer, and how it is read."""

    messages: tuple[Json, ...]
    schema: Json
    read: Callable[[Reply], T]


def score(dimension: Dimension, evidence: Evidence) -> JudgeTask[JudgeVerdict]:
    """The level of a dialogue in a dimension."""
    messages = requests.score_request(dimension, evidence)
    return JudgeTask(messages, requests.SCORE_SCHEMA, lambda reply: verdicts.read_verdict(reply.text, reply.tokens))


def check(items: Sequence[ChecklistItem], evidence: Evidence) -> JudgeTask[tuple[CheckedItem, ...]]:
    """A scenario's statements about the answers."""
    names = [item.name for item in items]
    messages = requests.checklist_request(items, evidence)
    return JudgeTask(messages, requests.CHECK_SCHEMA, lambda reply: verdicts.read_checklist(reply.text, names))


def compare(dimension: Dimension, first: Evidence, second: Evidence) -> JudgeTask[Preference]:
    """Which of two dialogues is better."""
    messages = requests.pair_request(dimension, first, second)
    return JudgeTask(messages, requests.PAIR_SCHEMA, lambda reply: verdicts.read_preference(reply.text))


class Panel:
    """See the module docstring. Use it as a context manager: leaving it gives up what was not asked yet."""

    def __init__(
        self,
        client: EndpointClient,
        log: AnswerLog,
        name: str,
        at_once: int = 4,
        tell: Callable[[], None] = lambda: None,
    ) -> None:
        """name: what the judge's answers are kept under; tell: called when an answer is there."""
        self._client, self._log, self._name, self._tell = client, log, name, tell
        self._threads = ThreadPoolExecutor(at_once, "judge")
        self._lost: EndpointError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def ask(self, task: JudgeTask[T], repeat: int) -> "Future[T | Missing]":
        """One answer, later. It raises EndpointError where the endpoint is lost."""
        return self._threads.submit(self._answer, task, repeat)

    def ask_all(self, task: JudgeTask[T], repeats: int) -> "list[Future[T | Missing]]":
        """As many answers as repeats, by their seeds."""
        return [self.ask(task, repeat) for repeat in range(repeats)]

    def _answer(self, task: JudgeTask[T], repeat: int) -> T | Missing:
        why = ""
        for attempt in range(TRIES):
            if self._lost is not None:  # one sentence is enough, and nobody waits for all the others
                raise self._lost
            body = self._client.body(task.messages, task.schema, repeat + attempt * ANOTHER_SEED)
            key = key_of(body, self._name)
            try:
                known = self._log.get(key)
                reply = known or self._client.ask(body)
                found = task.read(reply)
            except UnusableAnswer as error:
                why = str(error)
            except JudgeRefusal as error:
                why = str(error)
                break
            except EndpointError as error:
                self._lost = error
                raise
            else:
                if known is None:
                    self._log.keep(key, reply)
                self._tell()
                return found
        self._tell()
        return Missing(why)
