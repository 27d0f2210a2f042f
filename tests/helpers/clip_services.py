"""Servers on loopback that speak the APIs of Sora (OpenAI) and Veo (Gemini API, Google Cloud), and can misbehave."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web
from PIL import Image

from livetalk.evaluation.dialogue.api_calls import Waits
from livetalk.evaluation.dialogue.clip_maker import ClipMaker, ClipRequest
from livetalk.media.video import Mp4Writer
from tests.helpers.loopback import serving

KEY = "secret"
QUICK = Waits(poll=0.01, job=30.0, limited=30.0, again=0.01, tries=3)
HASTY = Waits(poll=0.01, job=0.2, limited=30.0, again=0.01, tries=3)


def film(path: Path, seconds: float = 1.0, brightness: int = 120, silent: float = 0.2) -> Path:
    """A small clip with a tone that begins after a moment."""
    time = np.arange(round(seconds * 16_000)) / 16_000
    with Mp4Writer(path, size=(64, 36), frame_rate=24) as writer:
        writer.write_frames(np.full((round(24 * seconds), 64, 36, 3), brightness, np.uint8))
        writer.write_audio((0.5 * np.sin(2 * np.pi * 300 * time) * (time > silent)).astype(np.float32))
    return path


@dataclass
class ClipService:
    """clip: what every job gives. refusals: answers to the first orders, (status, body, headers), in order.

    looks: at a job until it is done. ends: how jobs end, by number from 1: a message and a code of a failure, or a
    refusal. broken: downloads that break off. away: the download is at another host.
    """

    clip: bytes
    refusals: list[tuple[int, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    looks: int = 2
    ends: dict[int, dict[str, Any]] = field(default_factory=dict)
    broken: int = 0
    away: bool = False
    forgets: bool = False
    orders: list[dict[str, Any]] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    keys_elsewhere: list[str] = field(default_factory=list)
    url: str = ""

    def _refused(self) -> web.Response | None:
        if not self.refusals:
            return None
        status, body, headers = self.refusals.pop(0)
        return web.json_response(body, status=status, headers=headers)

    def _done(self, name: str) -> bool:
        self.asked[name] = self.asked.get(name, 0) + 1
        return self.asked[name] > self.looks

    def _known(self, name: str) -> bool:
        return not self.forgets and 0 < int(name.rpartition("_")[2]) <= len(self.orders)

    async def sora_order(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}, status=401)
        if (refused := self._refused()) is not None:
            return refused
        form = await request.post()
        picture = Image.open(io.BytesIO(form["input_reference"].file.read()))
        assert f"{picture.width}x{picture.height}" == form["size"], "the API takes no other size"
        assert form["seconds"] in ("4", "8", "12")
        self.orders.append({"prompt": form["prompt"], "model": form["model"], "picture": np.asarray(picture)})
        name = f"video_{len(self.orders)}"
        return web.json_response({"id": name, "object": "video", "status": "queued", "progress": 0})

    async def sora_look(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if not self._known(name):
            return web.json_response({"error": {"message": "Video not found"}}, status=404)
        if not self._done(name):
            return web.json_response({"id": name, "status": "in_progress", "progress": 30})
        ended = self.ends.get(int(name.rpartition("_")[2]))
        if ended is not None:
            return web.json_response({"id": name, "status": "failed", "error": ended})
        return web.json_response({"id": name, "status": "completed", "progress": 100})

    async def veo_order(self, request: web.Request) -> web.Response:
        body = await request.json()
        name = request.match_info["call"]
        if name.endswith(":fetchPredictOperation"):
            return await self._veo_state(body["operationName"], True)
        assert name.endswith(":predictLongRunning")
        cloud = "Authorization" in request.headers
        given = request.headers.get("Authorization") if cloud else request.headers.get("x-goog-api-key")
        if given not in (KEY, f"Bearer {KEY}"):
            return web.json_response({"error": {"code": 403, "status": "PERMISSION_DENIED"}}, status=403)
        if (refused := self._refused()) is not None:
            return refused
        instance, parameters = body["instances"][0], body["parameters"]
        picture = Image.open(io.BytesIO(base64.b64decode(instance["image"]["bytesBase64Encoded"])))
        assert (parameters["aspectRatio"], parameters["durationSeconds"]) == ("9:16", 8)
        self.orders.append({"prompt": instance["prompt"], "picture": np.asarray(picture), "parameters": parameters})
        return web.json_response({"name": f"models/{name.partition(':')[0]}/operations/op_{len(self.orders)}"})

    async def veo_look(self, request: web.Request) -> web.Response:
        return await self._veo_state(request.match_info["call"], False)

    async def _veo_state(self, name: str, cloud: bool) -> web.Response:
        if not self._known(name):
            return web.json_response({"error": {"code": 404, "message": "not found"}}, status=404)
        if not self._done(name):
            return web.json_response({"name": name})
        ended = self.ends.get(int(name.rpartition("_")[2]))
        if ended is not None and "message" in ended:
            return web.json_response({"name": name, "done": True, "error": ended})
        host = self.url.replace("127.0.0.1", "localhost") if self.away else self.url
        made: dict[str, Any] = {"generatedSamples": [{"video": {"uri": f"{host}/files/x:download?alt=media"}}]}
        if cloud:
            made = {"videos": [{"bytesBase64Encoded": base64.b64encode(self.clip).decode(), "mimeType": "video/mp4"}]}
        made = made if ended is None else ended
        return web.json_response(
            {"name": name, "done": True, "response": made if cloud else {"generateVideoResponse": made}}
        )

    async def content(self, request: web.Request) -> web.StreamResponse:
        if request.host.startswith("localhost"):
            self.keys_elsewhere.append(request.headers.get("x-goog-api-key", "none"))
        elif KEY not in f"{request.headers.get('Authorization')}{request.headers.get('x-goog-api-key')}":
            return web.Response(status=401)
        if self.broken:
            self.broken -= 1
            answer = web.StreamResponse(headers={"Content-Length": str(len(self.clip))})
            await answer.prepare(request)
            await answer.write(self.clip[: len(self.clip) // 2])
            assert request.transport is not None
            request.transport.close()
            return answer
        return web.Response(body=self.clip, content_type="video/mp4")


@asynccontextmanager
async def clip_service(service: ClipService) -> AsyncIterator[ClipService]:
    """Serve on a free port of the loopback; `url` is set."""
    app = web.Application(client_max_size=20_000_000)
    app.router.add_post("/videos", service.sora_order)
    app.router.add_get("/videos/{name}", service.sora_look)
    app.router.add_get("/videos/{name}/content", service.content)
    for base in ("", "/v1/projects/p/locations/l/publishers/google"):
        app.router.add_post(base + "/models/{call}", service.veo_order)
        app.router.add_get(base + "/models/{call:.*}", service.veo_look)
    app.router.add_get("/files/{name}", service.content)
    async with serving(app) as service.url:
        yield service


def order(folder: Path) -> ClipRequest:
    """An order whose picture is square."""
    portrait = folder / "portrait.png"
    Image.new("RGB", (64, 64), (200, 10, 10)).save(portrait)
    return ClipRequest("say hello", portrait, portrait, folder / "said.wav", folder / "said.txt", folder / "clip.mp4")


def made(folder: Path, service: ClipService, maker: Callable[[str], ClipMaker], orders: int = 1) -> Path:
    """The last of so many clips of a maker that is given the service's address."""

    async def run() -> Path:
        async with clip_service(service):
            asked, clips = order(folder), maker(service.url)
            for _ in range(orders):
                await clips.finish(await clips.begin(asked), asked)
            return asked.out

    return asyncio.run(run())
