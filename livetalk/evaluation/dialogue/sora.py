"""Sora 2 as a maker of clips, by OpenAI's Videos API.

Written against the API of October 2025 (`POST /v1/videos`, `GET /v1/videos/ID`, `GET /v1/videos/ID/content`), which
OpenAI has announced to end on 24 September 2026; services that speak it are named in LIVETALK_SORA_URL.
"""

import asyncio
import os
import time
from dataclasses import dataclass, field

from livetalk.evaluation.dialogue.api_calls import ApiCalls, ClipEndpoint, Json, Waits, error_of, mapping, sentence
from livetalk.evaluation.dialogue.clip_context import save_canvas
from livetalk.evaluation.dialogue.clip_maker import ClipFailed, ClipRequest, JobLost
from livetalk.evaluation.dialogue.prices import PRICES, ClipPrice
from livetalk.evaluation.dialogue.systems import SystemUnavailable

HOME = "https://api.openai.com/v1"
SIZE = (720, 1280)
SECONDS = 8  # of a clip: 4, 8 or 12
REFUSALS = ("moderation", "content_policy", "safety")  # in the codes of errors
SET_KEY = "set OPENAI_API_KEY, or LIVETALK_SORA_KEY for a service of LIVETALK_SORA_URL"


@dataclass(frozen=True)
class SoraOptions:
    """model: sora-2 or sora-2-pro. OpenAI's key goes to OpenAI only."""

    model: str = "sora-2"
    price: ClipPrice = PRICES["sora-2"]
    url: str = HOME
    key: str | None = field(default=None, repr=False)
    waits: Waits = field(default_factory=Waits)

    @classmethod
    def of_environment(cls, model: str, price: ClipPrice) -> "SoraOptions":
        url = os.environ.get("LIVETALK_SORA_URL", HOME).rstrip("/")
        key = os.environ.get("LIVETALK_SORA_KEY") or (os.environ.get("OPENAI_API_KEY") if url == HOME else None)
        return cls(model, price, url, key)


class SoraClips:
    """A `ClipMaker`. What is refused, or fails, is a turn that failed."""

    parallel = 4
    wait_seconds = 122.0  # as the paper measured

    def __init__(self, options: SoraOptions) -> None:
        self._options = options
        self._calls = ApiCalls(
            ClipEndpoint(
                f"Sora ({options.url})",
                options.url,
                {"Authorization": f"Bearer {options.key}"},
                SET_KEY,
                "it does not know the model or the API, which OpenAI has announced to end on 24 September 2026: name a "
                "service that speaks it in LIVETALK_SORA_URL",
                options.waits,
            )
        )

    @property
    def machine(self) -> str:
        return f"{self._options.model}, Videos API of October 2025"

    @property
    def price(self) -> float:
        return self._options.price.a_second * SECONDS

    @property
    def pricing(self) -> str:
        return str(self._options.price)

    def check(self) -> None:
        if not self._options.key:
            raise SystemUnavailable(f"there is no key for {self._options.url}: {SET_KEY}")

    async def begin(self, order: ClipRequest) -> str:
        canvas = order.out.with_name(f"{order.out.stem}_reference.png")
        await asyncio.to_thread(save_canvas, order.first_frame, canvas, *SIZE)
        picture = canvas.read_bytes()
        fields = {"model": self._options.model, "prompt": order.prompt, "seconds": str(SECONDS)}
        answer = await self._calls.ask(
            "POST",
            "videos",
            data={**fields, "size": f"{SIZE[0]}x{SIZE[1]}"},
            files={"input_reference": (canvas.name, picture, "image/png")},
        )
        if answer.status_code == 400:
            raise _refused(error_of(answer)) or SystemUnavailable(f"Sora refuses the order: {sentence(answer)}")
        name = mapping(answer.json()).get("id")
        if not isinstance(name, str):
            raise SystemUnavailable("Sora names no job in its answer: look whether the address is that of its API")
        return name

    async def finish(self, job: str, order: ClipRequest) -> None:
        end = time.monotonic() + self._options.waits.job
        while True:
            answer = await self._calls.ask("GET", f"videos/{job}", known=(400, 404))
            if answer.status_code >= 400:
                raise JobLost(f"the job is not known any more: {sentence(answer)}")
            state = mapping(answer.json())
            if state.get("status") == "completed":
                return await self._calls.download(f"videos/{job}/content", order.out)
            if state.get("status") == "failed":
                error = mapping(state.get("error"))
                raise _refused(error) or ClipFailed(f"the job failed: {error.get('message') or 'without a reason'}")
            if time.monotonic() > end:
                raise ClipFailed(f"the job was not done after {self._options.waits.job:g} s")
            await asyncio.sleep(self._options.waits.poll)


def _refused(error: Json) -> ClipFailed | None:
    """The failure of an order that the service's rules forbid; None for another error."""
    code = f"{error.get('code')} {error.get('type')}"
    if not any(word in code for word in REFUSALS):
        return None
    return ClipFailed(f"refused: {error.get('message') or error.get('code')}")
