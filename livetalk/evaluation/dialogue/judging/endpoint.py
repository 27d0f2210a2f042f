"""Endpoint of a judge: a server of chat completions in OpenAI's protocol, with pictures and, where it hears, sound.

A server that is busy is waited for, one that cannot be reached ends the judging in one sentence; what was judged until
then is kept by others. Knows the protocol; no dialogues.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

from livetalk.evaluation.dialogue.judging.requests import Json, Sampling, response_format
from livetalk.evaluation.dialogue.judging.verdicts import TokenChoice

if TYPE_CHECKING:
    import httpx

CONNECT = 10.0  # seconds to reach the server
BUSY = (429, 500, 502, 503, 504)  # answers after which to try again
LONGEST_WAIT = 60.0  # seconds between two tries
TOP = 20  # alternatives of a token that are asked for: the most that the protocol allows


class EndpointError(ValueError):
    """A server that gives no answer, in one sentence that says what to do."""


class JudgeRefusal(Exception):
    """One request that the server does not take; others may go well."""


@dataclass(frozen=True)
class Endpoint:
    """Where a judge is. url: ends before /chat/completions; patience: seconds for one answer; tries: while busy.

    probabilities, schema: whether it is asked for those of tokens, and to enforce the schema of the answer.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    patience: float = 300.0
    tries: int = 6
    probabilities: bool = True
    schema: bool = True


@dataclass(frozen=True)
class Reply:
    """A judge's text, its tokens with their alternatives if the server tells them, and how many tokens it counted."""

    text: str
    tokens: tuple[TokenChoice, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0


class EndpointClient:
    """Asks one endpoint, from any number of threads. Use it as a context manager."""

    def __init__(self, endpoint: Endpoint, sampling: Sampling = Sampling()) -> None:  # noqa: B008 - frozen
        try:
            import httpx
        except ImportError as error:
            raise ValueError("a judge is asked with httpx: pip install 'livetalk[talk]'") from error
        self.endpoint, self.sampling = endpoint, sampling
        headers = {} if endpoint.key is None else {"Authorization": f"Bearer {endpoint.key}"}
        try:
            self._client = httpx.Client(headers=headers, timeout=httpx.Timeout(endpoint.patience, connect=CONNECT))
            httpx.URL(endpoint.url)
        except (httpx.InvalidURL, UnicodeEncodeError, ValueError) as error:
            raise EndpointError(f"{endpoint.url} is no address of a server, or its key has odd letters") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def body(self, messages: Sequence[Json], schema: Json, seed: int) -> Json:
        """The request for one answer; what it holds decides the answer, and nothing else does."""
        asked = self.sampling
        drawn = {"temperature": asked.temperature, "top_p": asked.top_p, "max_tokens": asked.longest, "seed": seed}
        shares = {"logprobs": True, "top_logprobs": TOP} if self.endpoint.probabilities else {}
        form = {"response_format": response_format(schema)} if self.endpoint.schema else {}
        return {"model": self.endpoint.model, "messages": [*messages], **drawn, **shares, **form}

    def ask(self, body: Json) -> Reply:
        """Raises EndpointError if no answer is to be had, JudgeRefusal if this request is not taken."""
        import httpx

        where, patience = f"{self.endpoint.url.rstrip('/')}/chat/completions", self.endpoint.patience
        try:
            answer = self._answered(where, body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise EndpointError(f"{where} cannot be reached: check the address and that a server runs there") from error
        except httpx.TimeoutException as error:
            raise EndpointError(f"{where} was silent for {patience:.0f} s: try again, or give it longer") from error
        except httpx.HTTPError as error:
            raise EndpointError(f"{where} dropped the line: try again") from error
        if answer.status_code in (401, 403):
            raise EndpointError(f"{where} does not take the key: name the variable of a valid one with --key-variable")
        if answer.status_code == 404:
            raise EndpointError(f"{where} does not know the model {self.endpoint.model!r}: check --model and address")
        if answer.status_code in BUSY:
            raise EndpointError(f"{where} was busy {self.endpoint.tries} times ({answer.status_code}): try again later")
        if answer.status_code != 200:
            raise JudgeRefusal(f"it answers {answer.status_code}: {answer.text[:200]}")
        return _reply(answer)

    def _answered(self, where: str, body: Json) -> "httpx.Response":
        """The first answer that is not that of a busy server, or the last one."""
        wait = 1.0
        for left in reversed(range(self.endpoint.tries)):
            answer = self._client.post(where, json=body)
            if answer.status_code not in BUSY or not left:
                return answer
            time.sleep(min(_seconds(answer.headers.get("retry-after")) or wait, LONGEST_WAIT))
            wait *= 2
        raise AssertionError("there is at least one try")


def _seconds(header: str | None) -> float | None:
    """Of a Retry-After header in seconds; its other form, a date, is passed over."""
    try:
        return None if header is None else max(0.0, float(header))
    except ValueError:
        return None


def _reply(answer: "httpx.Response") -> Reply:
    try:
        held = cast("Mapping[str, list[Mapping[str, Mapping[str, object]]]]", answer.json())
        choice = held["choices"][0]
        text = choice["message"]["content"]
        if not isinstance(text, str):
            raise JudgeRefusal("it sends no text")
        rows = cast("Mapping[str, list[Mapping[str, object]]]", choice.get("logprobs") or {}).get("content") or []
        usage = cast("Mapping[str, int]", held.get("usage") or {})
        tokens = tuple(_choice(row) for row in rows)
        return Reply(text, tokens, int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0)))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise JudgeRefusal("it sends what is no chat completion of OpenAI's kind") from error


def _choice(row: Mapping[str, object]) -> TokenChoice:
    tops = cast("list[Mapping[str, object]]", row.get("top_logprobs") or [])
    return TokenChoice(str(row["token"]), {str(one["token"]): float(cast("float", one["logprob"])) for one in tops})
