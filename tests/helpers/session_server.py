"""A server on loopback that speaks the protocol of a session, quickly and by a script, and can misbehave.

It hears a turn end at the first silent piece behind speech, thinks, and says so many pieces of 20 ms.
"""

import asyncio
import io
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
from aiohttp import WSMsgType, web
from PIL import Image

from tests.helpers.loopback import serving

TICK = 320
LOUD = np.full(TICK, 8_000, "<i2").tobytes()
STILL = bytes(2 * TICK)


@dataclass
class Script:
    """How it behaves. answer: pieces of each answer. full: times that it opens no session.

    silent, fails, ends, drops: numbers of turns, from 1, that are not answered, fail at a step, end the session, cut
    the connection.
    """

    answer: int = 15
    full: int = 0
    silent: tuple[int, ...] = ()
    fails: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()
    drops: tuple[int, ...] = ()
    speaks_up: bool = False  # when nobody says anything for 0.2 s after an answer
    portraits: list[str] = field(default_factory=list)
    url: str = ""


class _Talk:
    """One connection."""

    def __init__(self, script: Script, socket: web.WebSocketResponse, transport: asyncio.WriteTransport | None) -> None:
        self.script, self.socket, self.transport = script, socket, transport
        self.turn, self.left, self.speaking, self.hearing, self.still = 0, 0, False, False, 0

    async def tell(self, **message: object) -> None:
        await self.socket.send_str(json.dumps(message))

    async def play(self) -> None:
        """The clock: sound every 20 ms, a picture every 60, bright while it speaks."""
        pts, loop = 3_200, asyncio.get_running_loop()
        due = loop.time()
        while not self.socket.closed:
            loud = self.left > 0
            if pts % 960 == 640:
                await self.socket.send_bytes(struct.pack("<BQ", 2, pts) + _jpeg(220 if loud else 40))
            await self.socket.send_bytes(struct.pack("<BQ", 1, pts) + (LOUD if loud else STILL))
            self.left -= loud
            self.still = 0 if loud or self.hearing else self.still + 1
            if self.script.speaks_up and self.turn and self.still == 10:
                self.left = 5
            if self.speaking and not self.left:
                self.speaking = False
                await self.tell(type="state", state="listening")
            pts, due = pts + TICK, due + 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def hear(self, pcm: bytes) -> None:
        loud = any(pcm)
        if loud and not self.hearing and self.speaking:
            self.left, self.speaking = 0, False
            await self.tell(type="state", state="interrupted")
        if self.hearing and not loud:
            await self.answer()
        self.hearing = loud

    async def answer(self) -> None:
        self.turn += 1
        if self.turn in self.script.drops:
            assert self.transport is not None
            self.transport.abort()
            return
        if self.turn in self.script.ends:
            await self.tell(type="ended", reason="failed", message="It broke down.")
            return
        await self.tell(type="state", state="thinking")
        if self.turn in self.script.fails:
            await self.tell(type="problem", step="thinking", message="the answer failed: say it again")
            await self.tell(type="state", state="listening")
        elif self.turn not in self.script.silent:
            await self.tell(type="state", state="speaking")
            await self.tell(type="caption", turn=self.turn, role="assistant", text="Answer", final=False)
            await self.tell(type="caption", turn=self.turn, role="assistant", text=f"Answer {self.turn}.", final=True)
            self.left, self.speaking = self.script.answer, True


@asynccontextmanager
async def session_server(script: Script) -> AsyncIterator[Script]:
    """Serve on a free port of the loopback; `url` is set."""

    async def open_session(request: web.Request) -> web.Response:
        script.portraits.append((await request.json())["portrait"])
        if script.full:
            script.full -= 1
            refusal = {"error": {"step": "session", "message": "all places are taken"}}
            return web.json_response(refusal, status=503, headers={"Retry-After": "0"})
        return web.json_response({"id": "abc", "token": "secret", "brain": "script"}, status=201)

    async def socket(request: web.Request) -> web.WebSocketResponse:
        assert request.headers["Sec-WebSocket-Protocol"].replace(" ", "") == "livetalk,secret"
        answer = web.WebSocketResponse(protocols=["livetalk"])
        await answer.prepare(request)
        talk = _Talk(script, answer, request.transport)
        await talk.tell(type="state", state="listening")
        playing = asyncio.create_task(talk.play())
        async for message in answer:
            if message.type is WSMsgType.BINARY:
                await talk.hear(message.data)
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        return answer

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text="# HELP\nlivetalk_blocks_total 40\nlivetalk_blocks_late_total 1\n")

    app = web.Application()
    app.router.add_post("/v1/sessions", open_session)
    app.router.add_get("/v1/sessions/abc/socket", socket)
    app.router.add_get("/metrics", metrics)
    async with serving(app) as script.url:
        yield script


def _jpeg(brightness: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (32, 32), (brightness,) * 3).save(file, "jpeg")
    return file.getvalue()
