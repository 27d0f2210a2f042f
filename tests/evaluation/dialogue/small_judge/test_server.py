"""The small judge is asked over HTTP like any other; what it is not sent it cannot know."""

import urllib.error
import urllib.request

import pytest

from livetalk.evaluation.dialogue.judging import requests
from livetalk.evaluation.dialogue.judging.endpoint import Endpoint, EndpointClient, JudgeRefusal
from livetalk.evaluation.dialogue.judging.requests import SCORE_SCHEMA
from livetalk.evaluation.dialogue.judging.verdicts import read_verdict
from livetalk.evaluation.dialogue.scenarios import Dimension
from livetalk.evaluation.dialogue.small_judge.server import NAME, small_judge
from tests.helpers import judged


def test_a_dialogue_is_judged_over_http() -> None:
    with small_judge() as url, EndpointClient(Endpoint(url, NAME)) as client:
        messages = requests.score_request(Dimension.INFORMATION_COMPLETENESS, judged.evidence())
        reply = client.ask(client.body(messages, SCORE_SCHEMA, 0))
        verdict = read_verdict(reply.text, reply.tokens)
        assert verdict.expected is not None
        assert abs(verdict.expected - verdict.level) <= 0.5
        plain = client.ask({**client.body(messages, SCORE_SCHEMA, 0), "logprobs": False})
        assert plain.tokens == ()


def test_pictures_go_all_the_way() -> None:
    evidence = judged.evidence((None,) * 3, [judged.swaying(frames=2), judged.swaying("omar", 2), ()])
    with small_judge() as url, EndpointClient(Endpoint(url, NAME)) as client:
        messages = requests.score_request(Dimension.MULTI_VIDEO_COHERENCE, evidence)
        assert read_verdict(client.ask(client.body(messages, SCORE_SCHEMA, 0)).text).level == 1


def test_other_requests_are_refused() -> None:
    with small_judge() as url, EndpointClient(Endpoint(url, NAME)) as client:
        with pytest.raises(JudgeRefusal, match="two messages"):
            client.ask({"model": NAME, "messages": []})
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(urllib.request.Request(f"{url}/models", b"{}"), timeout=5)
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(urllib.request.Request(f"{url}/chat/completions", b"{"), timeout=5)
