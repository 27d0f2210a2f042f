"""A server on loopback that speaks OpenAI's HTTP protocol for speech, chat and transcription, and can misbehave."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import web

from tests.helpers.loopback import serving


@dataclass
class OpenAI:
    """What it says and how it misbehaves; what it was asked is kept."""

    heard: str = "hello there"
    words: list[str] = field(default_factory=lambda: ["Nice ", "to ", "meet ", "you. ", "How ", "are ", "you?"])
    first_token: float = 0.0  # seconds
    drop_after: int | None = None  # words, then the socket is cut
    nonsense: int = 0  # malformed events between words
    status: int = 200
    key: str | None = None
    asked: list[tuple[str, Any]] = field(default_factory=list)
    url: str = ""

    def messages(self, turn: int = -1) -> list[dict[str, str]]:
        return [body for path, body in self.asked if path == "chat"][turn]["messages"]

    async def transcribe(self, request: web.Request) -> web.Response:
        form = await request.post()
        sound = form["file"].file.read()
        assert sound[:4] == b"RIFF"
        self.asked.append(("transcription", {"model": form["model"], "seconds": (len(sound) - 44) / 32_000}))
        return self._refused(request) or web.json_response({"text": self.heard})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(("chat", await request.json()))
        if (refused := self._refused(request)) is not None:
            return refused
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await asyncio.sleep(self.first_token)
        for i, word in enumerate(self.words):
            if i == self.drop_after:
                assert request.transport is not None
                request.transport.abort()
                return answer
            for bad in (b"data: {not json\n\n", b"data: 7\n\n", b'data: {"choices": "x"}\n\n', b": comment\n\n")[
                : self.nonsense
            ]:
                await answer.write(bad)
            chunk = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": word}}]}
            await answer.write(f"data: {json.dumps(chunk)}\n\n".encode())
        await answer.write(b'data: {"choices": []}\n\ndata: [DONE]\n\n')
        return answer

    async def speech(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(("speech", body))
        if (refused := self._refused(request)) is not None:
            return refused
        time = np.arange(24_000 * len(body["input"]) // 20) / 24_000
        pcm = (8_000 * np.sin(2 * np.pi * 200 * time)).astype("<i2").tobytes()
        answer = web.StreamResponse(headers={"Content-Type": "audio/pcm"})
        await answer.prepare(request)
        for start in range(0, len(pcm), 1_001):  # odd pieces: samples are cut apart
            await answer.write(pcm[start : start + 1_001])
        return answer

    def _refused(self, request: web.Request) -> web.Response | None:
        if self.key is not None and request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({"error": {"message": "no"}}, status=401)
        return None if self.status == 200 else web.json_response({}, status=self.status)


@asynccontextmanager
async def openai_server(server: OpenAI) -> AsyncIterator[OpenAI]:
    """Serve on a free port of the loopback; `url` is set."""
    app = web.Application()
    app.router.add_post("/v1/audio/transcriptions", server.transcribe)
    app.router.add_post("/v1/chat/completions", server.chat)
    app.router.add_post("/v1/audio/speech", server.speech)
    async with serving(app) as url:
        server.url = f"{url}/v1"
        yield server
