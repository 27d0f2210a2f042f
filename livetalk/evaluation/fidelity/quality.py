"""Quality and aesthetics of pictures (IQA, ASE), rated by a vision-language model behind OpenAI's HTTP protocol.

As Q-Align (Wu et al. 2023, arXiv:2312.17090): the model is asked to rate, its answer is begun for it, and the score is
the mean of 5, 4, 3, 2, 1 under the probabilities of the next word being excellent, good, fair, poor or bad, normalised
over these five. That is the scale that papers quote; Q-Align's own scorer gives (score - 1) / 4. Figures are
`iqa_qalign` only if the model's name says that it is OneAlign or Q-Align, else `iqa_vlm`. Knows frames and an address.
"""

import base64
import hashlib
import io
import json
import math
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, cast

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from livetalk.evaluation.estimates import Estimate, mean
from livetalk.evaluation.fidelity.views import ClipView
from livetalk.evaluation.json_lines import JsonLines

KEY_VARIABLE = "OPENAI_API_KEY"
SCORES = {"excellent": 5, "good": 4, "fair": 3, "poor": 2, "bad": 1}
ASKED = {"iqa": "quality", "ase": "aesthetics"}
TOP = 20  # probable words that are asked for; most servers give no more
TIMEOUT = 120.0  # seconds
TRIES = 3
BUSY = (429, 500, 502, 503, 504)
LEAST_PIECE = 3  # letters by which a piece of a word is known

Picture = UInt8[np.ndarray, "h w 3"]
Json = Mapping[str, object]


class Likely(TypedDict):
    """A word that could come next, and the logarithm of its probability."""

    token: str
    logprob: float


class Unreachable(Exception):
    """The endpoint cannot be asked; its text says why and what to do."""


@dataclass
class QualityEndpoint:
    """A server that rates pictures. model: its name there; the first that the server lists, if none is given."""

    url: str
    model: str = ""
    patience: float = 1.0  # seconds before the second try
    continues: bool = True  # the server lets an answer be begun for it (vLLM, SGLang)

    def name(self) -> str:
        """The model's name. Raises Unreachable."""
        if not self.model:
            listed = cast("dict[str, list[dict[str, str]]]", self._ask("models")).get("data", [])
            if not listed:
                raise Unreachable(f"{self.url} lists no model: name one with --quality-model")
            self.model = listed[0]["id"]
        return self.model

    def rate(self, picture: Picture, noun: str) -> float:
        """A picture's score from 1 to 5. noun: what is rated. Raises Unreachable."""
        body: Json = {"model": self.name(), "max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": TOP}
        try:
            answer = self._ask("chat/completions", {**body, **asked(picture, noun, self.continues)})
        except urllib.error.HTTPError as error:
            if error.code not in (400, 422) or not self.continues:
                raise Unreachable(self._refusal(error)) from error
            self.continues = False  # OpenAI's own takes no answer that is begun: it is asked for one word
            return self.rate(picture, noun)
        return score_of(likely_words(answer))

    def _ask(self, path: str, body: Json | None = None) -> Json:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url.rstrip('/')}/{path}", data, {"Content-Type": "application/json"})
        if key := os.environ.get(KEY_VARIABLE):
            request.add_unredirected_header("Authorization", f"Bearer {key}")
        reason = ""
        for attempt in range(TRIES):
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                    return cast("Json", json.load(answer))
            except urllib.error.HTTPError as error:
                if error.code in (400, 422):
                    raise
                reason, again = self._refusal(error), error.code in BUSY
            except (OSError, ValueError) as error:
                reason, again = f"{self.url} cannot be reached ({getattr(error, 'reason', error)}): start it", True
            if not again:
                break
            if attempt + 1 < TRIES:
                time.sleep(self.patience * 2**attempt)
        raise Unreachable(reason)

    def _refusal(self, error: urllib.error.HTTPError) -> str:
        with error:
            hint = f"set {KEY_VARIABLE}" if error.code in (401, 403) else "check the address and --quality-model"
            return f"{self.url} answers {error.code} {error.reason}: {hint}"


@dataclass
class QualityMeasure:
    """Mean ratings of clips. seconds: from one rated frame to the next; log: keeps ratings, so that a run goes on."""

    endpoint: QualityEndpoint
    frame_rate: int
    seconds: float = 1.0
    log: "RatingLog" = field(default_factory=lambda: RatingLog(None))
    _found: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in ASKED})
    _failure: str = ""

    def look(self, view: ClipView) -> None:
        """Takes in one clip; after a failure nothing more is asked."""
        if self._failure:
            return
        frames = view.generated[:: max(1, round(self.seconds * self.frame_rate))]
        try:
            rated = {name: [self._rate(frame, noun) for frame in frames] for name, noun in ASKED.items()}
        except Unreachable as failure:
            self._failure = str(failure)
            return
        for name, values in rated.items():
            self._found[name].append(float(np.mean(values)))

    def figures(self) -> dict[str, Estimate]:
        """Means over clips; not measured, if the endpoint failed on any of them."""
        kind = "qalign" if "align" in self.endpoint.model.lower() else "vlm"
        return {f"{name}_{kind}": mean([] if self._failure else values) for name, values in self._found.items()}

    def remarks(self) -> list[str]:
        """How ratings were asked for, or why there are none."""
        if self._failure:
            return [f"no iqa and no ase: {self._failure}, then run the same command again"]
        way = "its answer begun" if self.endpoint.continues else "asked for one word, as it takes no begun answer"
        return [f"iqa and ase are {self.endpoint.model}'s, {way}, of a frame every {self.seconds:g} s, from 1 to 5"]

    def _rate(self, frame: Picture, noun: str) -> float:
        key = hashlib.sha256(f"{self.endpoint.name()} {noun} {frame.shape}".encode() + frame.tobytes()).hexdigest()
        if (known := self.log.get(key)) is not None:
            return known
        rating = self.endpoint.rate(frame, noun)
        self.log.keep(key, rating)
        return rating


class RatingLog:
    """Ratings by the hash of what was rated, kept in a file; or in memory only."""

    def __init__(self, path: Path | None) -> None:
        self._file = JsonLines(path)
        self._known: dict[str, float] = {}
        for row in self._file.rows():
            self._known |= cast("dict[str, float]", row)

    def get(self, key: str) -> float | None:
        return self._known.get(key)

    def keep(self, key: str, rating: float) -> None:
        self._known[key] = rating
        self._file.append({key: rating})


def asked(picture: Picture, noun: str, begun: bool) -> Json:
    """The part of a request that holds picture and question. begun: with the beginning of the answer."""
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG")
    data = "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()
    question = f"How would you rate the {noun} of this image?"
    if not begun:
        question += f" Answer with one word: {', '.join(list(SCORES)[:-1])} or bad."
    parts = [{"type": "image_url", "image_url": {"url": data}}, {"type": "text", "text": question}]
    messages: list[Json] = [{"role": "user", "content": parts}]
    if not begun:
        return {"messages": messages}
    messages.append({"role": "assistant", "content": f"The {noun} of the image is"})
    return {"messages": messages, "add_generation_prompt": False, "continue_final_message": True}


def likely_words(answer: Json) -> list[Likely]:
    """The words that could have come first in an answer. Raises Unreachable for a server without probabilities."""
    try:
        choices = cast("list[dict[str, dict[str, list[dict[str, list[Likely]]]]]]", answer["choices"])
        return choices[0]["logprobs"]["content"][0]["top_logprobs"]
    except (KeyError, TypeError, IndexError) as error:
        raise Unreachable("the endpoint gives no logprobs: choose a server that does, such as vLLM") from error


def score_of(words: Sequence[Likely]) -> float:
    """Mean score under the probabilities of the five words; of several spellings of one the most probable counts.

    Raises Unreachable where none of them is probable: such a model does not rate.
    """
    best: dict[str, float] = {}
    for word in words:
        piece = word["token"].strip(" \u2581\u0120").lower()
        level = next((name for name in SCORES if len(piece) >= LEAST_PIECE and name.startswith(piece)), None)
        if level is not None:
            best[level] = max(best.get(level, -math.inf), word["logprob"])
    if not best:
        likeliest = words[0]["token"] if words else ""
        raise Unreachable(f"the model answers {likeliest!r} instead of a rating: choose one that rates pictures")
    weights = {level: math.exp(logprob) for level, logprob in best.items()}
    return sum(SCORES[level] * weight for level, weight in weights.items()) / sum(weights.values())
