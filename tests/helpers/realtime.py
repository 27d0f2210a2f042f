"""A server on loopback that speaks OpenAI's Realtime protocol (or vLLM-Omni's older one), and can misbehave."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

NONSENSE = ("{not json", "[]", '"text"', '{"type": 7}', '{"type": "response.output_audio.delta"}', b"\x00\xff")
BAD_AUDIO = '{"type": "response.output_audio.delta", "delta": "%%%", "response_id": "none"}'


@dataclass
class Realtime:
    """What it says and how it misbehaves; what it was told is kept, a list a connection."""

    deltas: tuple[str, ...] = ("Nice to", " meet you", ". How are", " you?")
    heard: tuple[str, ...] = ("hello there",)  # its transcripts, a turn each; the last is that of all further turns
    first_token: float = 0.0  # seconds
    between: float = 0.0  # seconds between deltas
    lag: float = 0.0  # seconds that all it sends is on its way
    transcribed_after: float = 0.0  # seconds from the end of a turn
    cancelled_after: float = 0.0  # seconds until an answer that is cancelled has ended
    drop_at: int | None = None  # the delta before which the socket is cut, once
    drop_while_hearing: int | None = None  # the append after which it is cut, once
    hang_up: bool = False  # on everybody who says something
    deaf_at: int | None = None  # the delta after which nothing more is read, not even a goodbye
    nonsense: bool = False
    refuse: str | None = None  # an error in place of an answer
    beta: bool = False  # the names of events before 2025
    lines: list[list[dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    def told(self, kind: str, line: int = -1) -> list[dict[str, Any]]:
        return [event for event in self.lines[line] if event["type"] == kind]

    def sound(self, line: int = -1) -> np.ndarray:
        parts = [base64.b64decode(event["audio"]) for event in self.told("input_audio_buffer.append", line)]
        return np.frombuffer(b"".join(parts), "<i2")

    async def attend(self, socket: ServerConnection) -> None:
        self.lines.append([])
        await _Call(self, socket, len(self.lines)).attend()


class _Call:
    """One connection."""

    def __init__(self, server: Realtime, socket: ServerConnection, number: int) -> None:
        self._server, self._socket, self._number = server, socket, number
        self._told = server.lines[-1]
        self._tasks: list[asyncio.Task[None]] = []
        self._mail: asyncio.Queue[tuple[float, str | bytes | None]] = asyncio.Queue()
        self._answer: asyncio.Task[None] | None = None
        self._active = ""  # the answer that has not ended
        self._answers = self._turns = 0

    async def attend(self) -> None:
        self._begin(self._post())
        self._say("session.created", session={})
        try:
            async for message in self._socket:
                self._told.append(event := json.loads(message))
                self._take(event)
        except ConnectionClosed:
            pass
        finally:
            for task in self._tasks:
                task.cancel()

    def _take(self, event: dict[str, Any]) -> None:
        server = self._server
        match event["type"]:
            case _ if server.hang_up:
                self._socket.transport.abort()
            case "input_audio_buffer.append" if server.drop_while_hearing is not None:
                server.drop_while_hearing -= 1
                if server.drop_while_hearing < 0:
                    server.drop_while_hearing = None
                    self._socket.transport.abort()
            case "input_audio_buffer.commit" if "final" in event:
                if event["final"]:
                    self._begin(self._speak_older())
            case "input_audio_buffer.commit":
                self._turns += 1
                self._say("input_audio_buffer.committed", item_id=f"turn-{self._number}-{self._turns}")
                self._begin(self._transcribe(self._turns))
            case "response.create" if self._active:
                self._refuse(event, "conversation_already_has_active_response", f"{self._active} has not ended")
            case "response.create" if server.refuse is not None:
                self._refuse(event, "server_error", server.refuse)
            case "response.create":
                self._answers += 1
                self._active = f"answer-{self._number}-{self._answers}"
                self._say("response.created", response={"id": self._active})
                self._answer = self._begin(self._speak(self._active))
            case "response.cancel" if self._active and self._answer is not None:
                self._answer.cancel()
                if server.cancelled_after:
                    self._begin(self._cancelled(self._active))
                else:
                    self._end(self._active, "cancelled")
            case "response.cancel":
                self._refuse(event, "invalid_request_error", "no answer is in progress")

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.append(task)
        return task

    def _say(self, kind: str, **body: Any) -> None:
        self._write(json.dumps({"type": kind, **body}))

    def _write(self, message: str | bytes | None) -> None:
        """Send it when its time has come; None cuts the line."""
        self._mail.put_nowait((asyncio.get_running_loop().time() + self._server.lag, message))

    async def _post(self) -> None:
        while True:
            when, message = await self._mail.get()
            await asyncio.sleep(when - asyncio.get_running_loop().time())
            if message is None:
                self._socket.transport.abort()
                return
            try:
                await self._socket.send(message)
            except ConnectionClosed:
                return

    def _refuse(self, event: dict[str, Any], code: str, message: str) -> None:
        self._say("error", error={"code": code, "message": message, "event_id": event.get("event_id")})

    async def _transcribe(self, turn: int) -> None:
        await asyncio.sleep(self._server.transcribed_after)
        text = self._server.heard[min(turn, len(self._server.heard)) - 1]
        item = f"turn-{self._number}-{turn}"
        self._say("conversation.item.input_audio_transcription.completed", transcript=text, item_id=item)

    async def _cancelled(self, name: str) -> None:
        await asyncio.sleep(self._server.cancelled_after)
        self._end(name, "cancelled")

    def _end(self, name: str, status: str) -> None:
        self._active = ""
        self._say("response.done", response={"id": name, "status": status})

    async def _speak(self, name: str) -> None:
        server, mark = self._server, {"response_id": name, "item_id": f"item-of-{name}"}
        await asyncio.sleep(server.first_token)
        for i, text in enumerate(server.deltas):
            if i == server.drop_at:
                server.drop_at = None
                self._write(None)
                return
            for bad in (*NONSENSE, BAD_AUDIO) if server.nonsense else ():
                self._write(bad)
            prefix = "response.audio" if server.beta else "response.output_audio"
            self._say(f"{prefix}_transcript.delta", delta=text, **mark)
            self._say(f"{prefix}.delta", delta=_tone(), **mark)
            await asyncio.sleep(server.between)
        self._end(name, "completed")

    async def _speak_older(self) -> None:
        for i, text in enumerate(self._server.deltas):
            self._say("transcription.delta", delta=text)
            self._say("response.output_audio.delta", audio=_tone(), format="pcm16", sample_rate_hz=24_000)
            if i == self._server.deaf_at:
                self._socket.transport.pause_reading()
            await asyncio.sleep(self._server.between)
        self._say("transcription.done", text="".join(self._server.deltas))
        self._say("response.output_audio.done", has_audio=True)


def _tone() -> str:
    samples = (8_000 * np.sin(2 * np.pi * 200 * np.arange(12_000) / 24_000)).astype("<i2")
    return base64.b64encode(samples.tobytes()).decode()


@asynccontextmanager
async def realtime_server(server: Realtime) -> AsyncIterator[Realtime]:
    """Serve on a free port of the loopback; `url` is set."""
    async with serve(server.attend, "127.0.0.1", 0, close_timeout=0.2) as running:
        server.url = f"ws://127.0.0.1:{next(iter(running.sockets)).getsockname()[1]}/v1/realtime"
        yield server
