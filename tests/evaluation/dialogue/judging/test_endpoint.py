"""An endpoint is asked in OpenAI's protocol; a busy one is waited for, and whatever else goes wrong is one sentence."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from livetalk.evaluation.dialogue.judging import endpoint as endpoints
from livetalk.evaluation.dialogue.judging.endpoint import Endpoint, EndpointClient, EndpointError, JudgeRefusal
from livetalk.evaluation.dialogue.judging.requests import SCORE_SCHEMA, Sampling
from tests.helpers.loopback import answering

GOOD = {"choices": [{"message": {"content": "fine"}}], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}


@contextmanager
def _server(*answers: tuple[int, object]) -> Generator[tuple[str, list[dict[str, object]]]]:
    """Gives these answers in turn, the last one for ever; keeps what it was asked."""
    asked: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body | {"path": self.path, "key": self.headers.get("Authorization")})
            status, content = answers[min(len(asked), len(answers)) - 1]
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Retry-After", "0.01")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None: ...

    with answering(Handler) as url:
        yield f"{url}/v1", asked


def _ask(url: str, **options: object):
    with EndpointClient(Endpoint(url, "a-model", **options), Sampling()) as client:  # type: ignore[arg-type]
        return client.ask(client.body([{"role": "user", "content": "?"}], SCORE_SCHEMA, seed=3))


def test_a_request_is_the_papers_sampling_with_a_schema() -> None:
    with _server((200, GOOD)) as (url, asked):
        reply = _ask(url, key="secret")
    assert (reply.text, reply.tokens_in, reply.tokens_out) == ("fine", 7, 2)
    body = asked[0]
    assert (body["path"], body["key"], body["model"]) == ("/v1/chat/completions", "Bearer secret", "a-model")
    assert (body["temperature"], body["top_p"], body["seed"], body["logprobs"]) == (0.1, 0.9, 3, True)
    assert body["response_format"]["json_schema"]["strict"] is True  # type: ignore[index]


def test_probabilities_and_schema_can_be_left_out() -> None:
    with _server((200, GOOD)) as (url, asked):
        _ask(url, probabilities=False, schema=False)
    assert "logprobs" not in asked[0]
    assert "response_format" not in asked[0]


def test_token_probabilities_are_read() -> None:
    row = {
        "token": "4",
        "logprob": -0.1,
        "top_logprobs": [{"token": "4", "logprob": -0.1}, {"token": "5", "logprob": -3}],
    }
    choice = GOOD["choices"][0] | {"logprobs": {"content": [row]}}  # type: ignore[index]
    with _server((200, {"choices": [choice]})) as (url, _):
        (token,) = _ask(url).tokens
    assert (token.token, dict(token.top)) == ("4", {"4": -0.1, "5": -3.0})


def test_a_busy_server_is_waited_for() -> None:
    with _server((429, {}), (503, {}), (200, GOOD)) as (url, asked):
        assert _ask(url).text == "fine"
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "does not take the key"), (404, "does not know the model 'a-model'"), (429, "was busy 2 times")],
)
def test_what_no_request_can_mend_ends_in_a_sentence(status: int, words: str) -> None:
    with _server((status, {})) as (url, _), pytest.raises(EndpointError, match=words):
        _ask(url, tries=2)


def test_nobody_there() -> None:
    with pytest.raises(EndpointError, match=r"http://127\.0\.0\.1:9/v1/chat/completions cannot be reached: check"):
        _ask("http://127.0.0.1:9/v1")
    with pytest.raises(EndpointError):
        _ask("http://[bad/v1")


def test_one_request_that_is_refused_is_no_end() -> None:
    with _server((400, {"error": "too many pictures"})) as (url, _), pytest.raises(JudgeRefusal, match="too many"):
        _ask(url)
    for nonsense in (b"<html>", b"7", b"{}", b'{"choices": []}', b'{"choices": [{"message": {"content": null}}]}'):
        with _server((200, nonsense)) as (url, _), pytest.raises(JudgeRefusal):
            _ask(url)


def test_waits_grow_and_obey_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(endpoints.time, "sleep", waited.append)
    with _server((429, {})) as (url, _), pytest.raises(EndpointError):
        _ask(url, tries=3)
    assert waited == [0.01, 0.01]


def test_a_key_is_not_shown() -> None:
    assert "secret" not in repr(Endpoint("http://host/v1", "a-model", "secret"))
