"""Veo 3 as a maker of clips, by the Gemini API or by Google Cloud.

Written against v1beta of the Gemini API (`models/MODEL:predictLongRunning`, `GET operations/...`, a download address)
and v1 of Google Cloud's (`...:predictLongRunning`, `...:fetchPredictOperation`, the clip in the answer), both as of
March 2026. Which it is shows in the address: LIVETALK_VEO_URL names Google Cloud's, up to `.../publishers/google`.
"""

import asyncio
import base64
import binascii
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from livetalk.evaluation.dialogue.api_calls import ApiCalls, ClipEndpoint, Json, is_film, mapping, sentence
from livetalk.evaluation.dialogue.clip_maker import ClipFailed, ClipRequest
from livetalk.evaluation.dialogue.prices import PRICES, ClipPrice
from livetalk.evaluation.dialogue.service_clips import SECONDS, ServiceClips, ServiceOptions

if TYPE_CHECKING:
    import httpx

HOME = "https://generativelanguage.googleapis.com/v1beta"
MODEL = "veo-3.1-generate-preview"
CLOUD_MODEL = "veo-3.1-generate-001"
SET_KEY = (
    "set GEMINI_API_KEY; for Google Cloud LIVETALK_VEO_URL and LIVETALK_VEO_TOKEN (`gcloud auth print-access-token`)"
)
GONE = "it does not know the model, which may have been retired: name another with veo:MODEL, or Google Cloud's address"
REFUSALS = ("responsible ai", "safety", "violate", "sensitive words", "usage guidelines")  # in errors' sentences


@dataclass(frozen=True)
class VeoOptions(ServiceOptions):
    """A key of the Gemini API, or an access token of Google Cloud."""

    model: str = MODEL
    price: ClipPrice = PRICES[MODEL]
    url: str = HOME

    @classmethod
    def of_environment(cls, model: str, price: ClipPrice) -> "VeoOptions":
        url = veo_url()
        named = "LIVETALK_VEO_TOKEN" if is_cloud(url) else "GEMINI_API_KEY"
        return cls(model, price, url, os.environ.get(named))


def veo_url() -> str:
    """The address that the environment names."""
    return os.environ.get("LIVETALK_VEO_URL", HOME).rstrip("/")


def is_cloud(url: str) -> bool:
    """True for the addresses of Google Cloud."""
    return url.endswith("/publishers/google")


class VeoClips(ServiceClips):
    """A `ClipMaker`. What is refused, or fails, is a turn that failed."""

    parallel = 2
    wait_seconds = 61.0  # as the paper measured

    def __init__(self, options: VeoOptions) -> None:
        self._cloud = is_cloud(options.url)
        headers = {"Authorization": f"Bearer {options.key}"} if self._cloud else {"x-goog-api-key": str(options.key)}
        endpoint = ClipEndpoint(f"Veo ({options.url})", options.url, headers, SET_KEY, GONE, options.waits)
        super().__init__("Veo", options, ApiCalls(endpoint))

    @property
    def machine(self) -> str:
        return f"{self._options.model}, {'Google Cloud v1' if self._cloud else 'Gemini API v1beta'} of March 2026"

    async def begin(self, order: ClipRequest) -> str:
        canvas = await self._reference(order)
        picture = {"bytesBase64Encoded": base64.b64encode(canvas.read_bytes()).decode(), "mimeType": "image/png"}
        parameters = {"aspectRatio": "9:16", "durationSeconds": SECONDS, "personGeneration": "allow_adult"}
        if self._cloud:
            parameters |= {"sampleCount": 1, "generateAudio": True}
        body = {"instances": [{"prompt": order.prompt, "image": picture}], "parameters": parameters}
        answer = await self._calls.ask("POST", f"models/{self._options.model}:predictLongRunning", json=body)
        return self._ordered(answer, "name", _refused(sentence(answer)))

    async def finish(self, job: str, order: ClipRequest) -> None:
        state = await self._ended(job, lambda state: bool(state.get("done")))
        if error := mapping(state.get("error")):
            words = str(error.get("message") or "without a reason")
            raise _refused(words) or ClipFailed(f"the job failed: {words}")
        response = mapping(state.get("response"))
        made = response if self._cloud else mapping(response.get("generateVideoResponse"))
        found = _first(made.get("videos" if self._cloud else "generatedSamples"))
        if not found:
            reasons = cast("list[object]", made.get("raiMediaFilteredReasons") or ["the answer holds no video"])
            raise ClipFailed(f"refused: {reasons[0]}")
        if self._cloud:
            return await asyncio.to_thread(_unpacked, found, order)
        await self._calls.download(str(mapping(found.get("video")).get("uri")), order.out)

    async def _look(self, job: str) -> "httpx.Response":
        if not self._cloud:
            return await self._calls.ask("GET", job, known=(400, 404))
        path, body = f"models/{self._options.model}:fetchPredictOperation", {"operationName": job}
        return await self._calls.ask("POST", path, json=body, known=(400, 404))


def _refused(words: str) -> ClipFailed | None:
    """The failure of an order that Google's rules forbid; None for another error."""
    return ClipFailed(f"refused: {words}") if any(word in words.lower() for word in REFUSALS) else None


def _first(values: object) -> Json:
    found = cast("list[object]", values) if isinstance(values, list) else []
    return mapping(found[0]) if found else {}


def _unpacked(found: Json, order: ClipRequest) -> None:
    """Write a clip that lies in the answer."""
    try:
        order.out.write_bytes(base64.b64decode(str(found.get("bytesBase64Encoded", "")), validate=True))
    except binascii.Error:
        order.out.unlink(missing_ok=True)
    if not order.out.is_file() or not is_film(order.out):
        raise ClipFailed("the clip in the answer cannot be read")
