"""What services have in common: prices, keys, the name of a job, and waiting until it is over."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from livetalk.evaluation.dialogue.api_calls import ApiCalls, ClipEndpoint, Waits
from livetalk.evaluation.dialogue.clip_maker import ClipFailed, JobLost
from livetalk.evaluation.dialogue.prices import ClipPrice
from livetalk.evaluation.dialogue.service_clips import SECONDS, ServiceClips, ServiceOptions
from livetalk.evaluation.dialogue.systems import SystemUnavailable

PRICE, HASTY = ClipPrice(0.25, "2026-01"), Waits(poll=0, job=0)


OPTIONS = ServiceOptions("any", PRICE, "http://127.0.0.1:1", "secret", HASTY)


class Clips(ServiceClips):
    """A service whose answers are written beforehand."""

    def __init__(self, *answers: httpx.Response, options: ServiceOptions = OPTIONS) -> None:
        endpoint = ClipEndpoint("Any", options.url, {}, "set ANY_KEY", "gone", options.waits)
        super().__init__("Any", options, ApiCalls(endpoint))
        self._answers = list(answers)

    async def _look(self, job: str) -> httpx.Response:
        return self._answers.pop(0)

    def ended(self) -> Any:
        return asyncio.run(self._ended("job", lambda state: bool(state.get("over"))))

    def ordered(self, answer: httpx.Response, refused: ClipFailed | None = None) -> str:
        return self._ordered(answer, "id", refused)


def test_a_clip_costs_what_its_seconds_cost_and_needs_a_key() -> None:
    assert Clips().price == SECONDS * 0.25
    Clips().check()
    with pytest.raises(SystemUnavailable, match=r"no key for http://127.0.0.1:1: set ANY_KEY"):
        Clips(options=replace(OPTIONS, key=None)).check()


def test_an_order_begins_a_job_or_says_why_not() -> None:
    assert Clips().ordered(httpx.Response(200, json={"id": "7"})) == "7"
    with pytest.raises(SystemUnavailable, match="names no job"):
        Clips().ordered(httpx.Response(200, json={}))
    wrong = httpx.Response(400, json={"error": {"message": "too long."}})
    with pytest.raises(SystemUnavailable, match=r"refuses the order: too long$"):
        Clips().ordered(wrong)
    with pytest.raises(ClipFailed, match="not that face"):
        Clips().ordered(wrong, ClipFailed("not that face"))


def test_a_job_is_waited_for_until_it_is_over_lost_or_late() -> None:
    under_way, over = httpx.Response(200, json={}), httpx.Response(200, json={"over": True})
    patient = replace(OPTIONS, waits=Waits(poll=0, job=60))
    assert Clips(under_way, under_way, over, options=patient).ended() == {"over": True}
    with pytest.raises(JobLost, match="not known any more: what job"):
        Clips(httpx.Response(404, json={"error": {"message": "what job"}})).ended()
    with pytest.raises(ClipFailed, match="not done after 0 s"):
        Clips(under_way).ended()
