"""Sora 2 as a maker of clips, by OpenAI's Videos API.

Written against the API of October 2025 (`POST /v1/videos`, `GET /v1/videos/ID`, `GET /v1/videos/ID/content`), which
OpenAI has announced to end on 24 September 2026; services that speak it are named in LIVETALK_SORA_URL.
"""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livetalk.evaluation.dialogue.api_calls import ApiCalls, ClipEndpoint, Json, error_of, mapping
from livetalk.evaluation.dialogue.clip_maker import ClipFailed, ClipRequest
from livetalk.evaluation.dialogue.prices import PRICES, ClipPrice
from livetalk.evaluation.dialogue.service_clips import SECONDS, SIZE, ServiceClips, ServiceOptions

if TYPE_CHECKING:
    import httpx

HOME = "https://api.openai.com/v1"
REFUSALS = ("moderation", "content_policy", "safety")  # in the codes of errors
GONE = (
    "it does not know the model or the API, which OpenAI has announced to end on 24 September 2026: name a service "
    "that speaks it in LIVETALK_SORA_URL"
)
SET_KEY = "set OPENAI_API_KEY, or LIVETALK_SORA_KEY for a service of LIVETALK_SORA_URL"


@dataclass(frozen=True)
class SoraOptions(ServiceOptions):
    """model: sora-2 or sora-2-pro. OpenAI's key goes to OpenAI only."""

    model: str = "sora-2"
    price: ClipPrice = PRICES["sora-2"]
    url: str = HOME

    @classmethod
    def of_environment(cls, model: str, price: ClipPrice) -> "SoraOptions":
        url = os.environ.get("LIVETALK_SORA_URL", HOME).rstrip("/")
        key = os.environ.get("LIVETALK_SORA_KEY") or (os.environ.get("OPENAI_API_KEY") if url == HOME else None)
        return cls(model, price, url, key)


class SoraClips(ServiceClips):
    """A `ClipMaker`. What is refused, or fails, is a turn that failed."""

    parallel = 4
    wait_seconds = 122.0  # as the paper measured

    def __init__(self, options: SoraOptions) -> None:
        headers = {"Authorization": f"Bearer {options.key}"}
        endpoint = ClipEndpoint(f"Sora ({options.url})", options.url, headers, SET_KEY, GONE, options.waits)
        super().__init__("Sora", options, ApiCalls(endpoint))

    @property
    def machine(self) -> str:
        return f"{self._options.model}, Videos API of October 2025"

    async def begin(self, order: ClipRequest) -> str:
        canvas = await self._reference(order)
        fields = {"model": self._options.model, "prompt": order.prompt, "seconds": str(SECONDS)}
        answer = await self._calls.ask(
            "POST",
            "videos",
            data={**fields, "size": f"{SIZE[0]}x{SIZE[1]}"},
            files={"input_reference": (canvas.name, canvas.read_bytes(), "image/png")},
        )
        return self._ordered(answer, "id", _refused(error_of(answer)))

    async def finish(self, job: str, order: ClipRequest) -> None:
        state = await self._ended(job, lambda state: state.get("status") in ("completed", "failed"))
        if state["status"] == "failed":
            error = mapping(state.get("error"))
            raise _refused(error) or ClipFailed(f"the job failed: {error.get('message') or 'without a reason'}")
        await self._calls.download(f"videos/{job}/content", order.out)

    async def _look(self, job: str) -> "httpx.Response":
        return await self._calls.ask("GET", f"videos/{job}", known=(400, 404))


def _refused(error: Json) -> ClipFailed | None:
    """The failure of an order that the service's rules forbid; None for another error."""
    code = f"{error.get('code')} {error.get('type')}"
    if not any(word in code for word in REFUSALS):
        return None
    return ClipFailed(f"refused: {error.get('message') or error.get('code')}")
