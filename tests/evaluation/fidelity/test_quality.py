"""Pictures are rated by a server that speaks the real protocol; one that does not costs its own figures only."""

import base64
import io
import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from livetalk.evaluation.fidelity.measure import find
from livetalk.evaluation.fidelity.options import FidelityOptions
from livetalk.evaluation.fidelity.quality import QualityEndpoint, Unreachable, score_of
from tests.evaluation.fidelity.film_files import blurred, film, noisy, write
from tests.helpers.loopback import answering

PICTURE = film(0, 1)[0]
WORDS = ("excellent", "good", "fair", "poor", "bad")


def unlikeness(picture: np.ndarray) -> float:
    """What the server sees: 0 for the fine structure of the clean picture, 1 for far more of it, or far less."""
    clean, seen = (np.abs(np.diff(one.mean(2), 2, axis=0)).mean() for one in (PICTURE, picture))
    return float(np.clip(abs(np.log(seen / clean)) / 3, 0, 1))


@dataclass
class Rater:
    """A server of vLLM's kind (continues: takes answers that are begun) or OpenAI's, that rates by fine structure."""

    continues: bool = True
    model: str = "q-future/one-align"
    failing: int = 0  # answers of 503 before it works
    key: str = ""
    word: str = ""  # says this instead of a rating
    bare: bool = False  # without logprobs
    asked: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, path: str, body: dict[str, Any] | None, key: str | None) -> tuple[int, dict[str, Any]]:
        if self.failing:
            self.failing -= 1
            return 503, {}
        if self.key and key != f"Bearer {self.key}":
            return 401, {"error": {"message": "no"}}
        if body is None:
            return 200, {"object": "list", "data": [{"id": self.model, "object": "model"}]}
        self.asked.append(body)
        begun = body["messages"][-1]["role"] == "assistant"
        if begun and not self.continues:
            return 400, {"error": {"message": "unknown parameter add_generation_prompt"}}
        assert begun == (body.get("continue_final_message") is True)
        url = body["messages"][0]["content"][0]["image_url"]["url"]
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))
        place = 4 * unlikeness(picture)
        weights = [math.exp(-((place - level) ** 2)) for level in range(5)]
        top = [
            {"token": f" {word.title()}", "logprob": math.log(0.9 * weight / sum(weights) + 1e-9)}
            for word, weight in zip(WORDS, weights, strict=True)
        ]
        top.append({"token": " the", "logprob": math.log(0.1)})
        if self.word:
            top = [{"token": self.word, "logprob": 0.0}]
        said = {"content": [{"token": top[0]["token"], "top_logprobs": top}]}
        return 200, {"choices": [{"message": {"content": "x"}, "logprobs": None if self.bare else said}]}


@pytest.fixture
def serve() -> Iterator[Callable[[Rater], str]]:
    servers = ExitStack()

    def start(rater: Rater) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply(None)

            def do_POST(self) -> None:
                self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def _reply(self, body: dict[str, Any] | None) -> None:
                status, document = rater.answer(self.path, body, self.headers.get("Authorization"))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            def log_message(self, *_: object) -> None:
                pass

        return f"{servers.enter_context(answering(Handler))}/v1"

    with servers:
        yield start


def test_the_answer_is_begun_as_q_align_does(serve: Callable[[Rater], str]) -> None:
    rater = Rater()
    rating = QualityEndpoint(serve(rater)).rate(PICTURE, "aesthetics")
    assert 1 <= rating <= 5
    body = rater.asked[0]
    assert body["model"] == "q-future/one-align"
    assert (body["logprobs"], body["top_logprobs"], body["max_tokens"]) == (True, 20, 1)
    assert body["messages"][0]["content"][1]["text"] == "How would you rate the aesthetics of this image?"
    assert body["messages"][1]["content"] == "The aesthetics of the image is"


def test_a_server_of_openais_kind_is_asked_for_one_word(serve: Callable[[Rater], str]) -> None:
    rater = Rater(continues=False)
    endpoint = QualityEndpoint(serve(rater), "gpt")
    both = [endpoint.rate(PICTURE, "quality") for _ in range(2)]
    assert both[0] == both[1] == QualityEndpoint(serve(Rater()), "x").rate(PICTURE, "quality")
    assert [len(body["messages"]) for body in rater.asked] == [2, 1, 1]
    assert "excellent, good, fair, poor or bad" in rater.asked[1]["messages"][0]["content"][1]["text"]


def test_scores_are_means_over_five_words() -> None:
    def words(**logs: float) -> list[Any]:
        return [{"token": token, "logprob": log} for token, log in logs.items()]

    assert score_of(words(good=0.0)) == 4
    assert score_of(words(excellent=-1.0, bad=-1.0, other=0.0)) == 3
    assert score_of([{"token": "\u2581excell", "logprob": -2.0}, {"token": "Excellent", "logprob": -9.0}]) == 5
    with pytest.raises(Unreachable, match="answers 'the' instead of a rating"):
        score_of(words(the=0.0, ba=-1.0))


@pytest.mark.parametrize("spoil", [blurred, noisy])
def test_blur_and_noise_lower_what_a_seeing_model_says(serve: Callable[[Rater], str], spoil: Any) -> None:
    endpoint = QualityEndpoint(serve(Rater()))
    strengths = (0.01, 1, 2, 4) if spoil is blurred else (0.01, 10, 20, 40)
    found = [endpoint.rate(spoil(PICTURE[None], strength)[0], "quality") for strength in strengths]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 4


def _options(url: str, **changes: Any) -> FidelityOptions:
    return FidelityOptions(quality=url, every=99, quality_seconds=0.25, **changes)


def test_figures_are_named_by_the_model(serve: Callable[[Rater], str], tmp_path: Path) -> None:
    clip = write(tmp_path, "a", film(0, 8))
    found = find(None, [clip], _options(serve(Rater())))
    assert found.figures["iqa_qalign"].n == 1
    assert 1 <= found.figures["ase_qalign"].value <= 5
    assert any("one-align's, its answer begun" in remark for remark in found.remarks)
    other = find(None, [clip], _options(serve(Rater(continues=False, model="some-vlm"))))
    assert "iqa_vlm" in other.figures
    assert any("asked for one word" in remark for remark in other.remarks)


def test_ratings_are_kept_and_a_run_goes_on(serve: Callable[[Rater], str], tmp_path: Path) -> None:
    clip, rater = write(tmp_path, "a", film(0, 8)), Rater()
    options = _options(serve(rater), quality_log=tmp_path / "log.jsonl")
    first = find(None, [clip], options)
    asked = len(rater.asked)
    assert asked == 4
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"half')
    again = find(None, [clip], options)
    assert len(rater.asked) == asked
    assert again.figures["iqa_qalign"].value == first.figures["iqa_qalign"].value


def test_a_busy_server_is_asked_again(serve: Callable[[Rater], str]) -> None:
    endpoint = QualityEndpoint(serve(Rater(failing=2)), patience=0.001)
    assert endpoint.rate(PICTURE, "quality") > 1
    with pytest.raises(Unreachable, match="503"):
        QualityEndpoint(serve(Rater(failing=9)), patience=0.001).name()


@pytest.mark.parametrize(
    ("rater", "said"),
    [
        (Rater(key="k"), "answers 401 .*: set OPENAI_API_KEY"),
        (Rater(bare=True), "gives no logprobs"),
        (Rater(word="A"), "instead of a rating"),
    ],
)
def test_a_failing_server_costs_its_own_figures_only(
    serve: Callable[[Rater], str], tmp_path: Path, rater: Rater, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    found = find(None, [write(tmp_path, "a", film(0, 8))], _options(serve(rater)))
    assert math.isnan(next(one.value for name, one in found.figures.items() if name.startswith("iqa_")))
    assert found.figures["black_share"].value == 0
    (remark,) = [one for one in found.remarks if "no iqa and no ase" in one]
    assert re.search(said, remark)


def test_no_server_at_all_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"http://127.0.0.1:9/v1 cannot be reached .*: start it"):
        QualityEndpoint("http://127.0.0.1:9/v1", "x", patience=0.001).rate(PICTURE, "quality")


def test_the_key_is_sent(serve: Callable[[Rater], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert QualityEndpoint(serve(Rater(key="k"))).rate(PICTURE, "quality") > 1
