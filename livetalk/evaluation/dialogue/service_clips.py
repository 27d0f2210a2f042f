"""Makers of clips that are services: what ordering a clip, and waiting for its job, has in common among them.

Knows jobs and their answers; no service's addresses or fields.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from livetalk.evaluation.dialogue.api_calls import ApiCalls, Json, Waits, mapping, sentence
from livetalk.evaluation.dialogue.clip_context import save_canvas
from livetalk.evaluation.dialogue.clip_maker import ClipFailed, ClipRequest, JobLost
from livetalk.evaluation.dialogue.prices import ClipPrice
from livetalk.evaluation.dialogue.systems import SystemUnavailable

if TYPE_CHECKING:
    import httpx

SIZE = (720, 1280)  # width and height, pixels, that both services make
SECONDS = 8  # of a clip


@dataclass(frozen=True)
class ServiceOptions:
    """Which model of a service, where it is, who pays, and how long it is waited for."""

    model: str
    price: ClipPrice
    url: str
    key: str | None = field(default=None, repr=False)
    waits: Waits = field(default_factory=Waits)


class ServiceClips(ABC):
    """Part of a `ClipMaker` that all services share. name: of the service, for sentences."""

    def __init__(self, name: str, options: ServiceOptions, calls: ApiCalls) -> None:
        self._name, self._options, self._calls = name, options, calls

    @property
    def price(self) -> float:
        return self._options.price.a_second * SECONDS

    @property
    def pricing(self) -> str:
        return str(self._options.price)

    def check(self) -> None:
        if not self._options.key:
            raise SystemUnavailable(f"there is no key for {self._options.url}: {self._calls.service.key}")

    async def _reference(self, order: ClipRequest) -> Path:
        """The order's first frame as a picture of the clip's size."""
        canvas = order.out.with_name(f"{order.out.stem}_reference.png")
        return await asyncio.to_thread(save_canvas, order.first_frame, canvas, *SIZE)

    def _ordered(self, answer: "httpx.Response", field: str, refused: ClipFailed | None) -> str:
        """The name of the job that an order has begun. refused: by the service's rules, where its answer says so."""
        if answer.status_code == 400:
            raise refused or SystemUnavailable(f"{self._name} refuses the order: {sentence(answer)}")
        name = mapping(answer.json()).get(field)
        if not isinstance(name, str):
            raise SystemUnavailable(
                f"{self._name} names no job in its answer: look whether the address is that of its API"
            )
        return name

    async def _ended(self, job: str, is_over: Callable[[Json], bool]) -> Json:
        """The state of a job when it is over. Raises JobLost, and ClipFailed for one that takes too long."""
        waits, end = self._options.waits, time.monotonic() + self._options.waits.job
        while True:
            answer = await self._look(job)
            if answer.status_code >= 400:
                raise JobLost(f"the job is not known any more: {sentence(answer)}")
            if is_over(state := mapping(answer.json())):
                return state
            if time.monotonic() > end:
                raise ClipFailed(f"the job was not done after {waits.job:g} s")
            await asyncio.sleep(waits.poll)

    @abstractmethod
    async def _look(self, job: str) -> "httpx.Response":
        """The service's answer when it is asked for a job; 400 and 404 are let through."""
