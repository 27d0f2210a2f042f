"""A server on loopback that speaks OpenAI's Realtime protocol (or vLLM-Omni's older one), and can misbehave."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
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
    first_token: float = 0.0  # seconds
    between: float = 0.0  # seconds between deltas
    drop_at: int | None = None  # the delta before which the socket is cut, once
    drop_while_hearing: int | None = None  # the append after which it is cut, once
    nonsense: bool = False
    refuse: str | None = None  # an error in place of an answer
    transcript_late: bool = False
    beta: bool = False  # the names of events before 2025
    lines: list[list[dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    def told(self, kind: str, line: int = -1) -> list[dict[str, Any]]:
        return [event for event in self.lines[line] if event["type"] == kind]

    def sound(self, line: int = -1) -> np.ndarray:
        parts = [base64.b64decode(event["audio"]) for event in self.told("input_audio_buffer.append", line)]
        return np.frombuffer(b"".join(parts), "<i2")

    async def attend(self, socket: ServerConnection) -> None:
        told: list[dict[str, Any]] = []
        self.lines.append(told)
        answering: asyncio.Task[None] | None = None
        number = 0
        try:
            await self._send(socket, {"type": "session.created", "session": {}})
            async for message in socket:
                told.append(event := json.loads(message))
                if event["type"] == "input_audio_buffer.append" and self.drop_while_hearing is not None:
                    self.drop_while_hearing -= 1
                    if self.drop_while_hearing < 0:
                        self.drop_while_hearing = None
                        socket.transport.abort()
                if event["type"] == "response.create":
                    number += 1
                    answering = asyncio.create_task(self._answer(socket, f"answer-{len(self.lines)}-{number}"))
                if event["type"] == "response.cancel" and answering is not None:
                    answering.cancel()
                if event["type"] == "input_audio_buffer.commit" and event.get("final"):
                    answering = asyncio.create_task(self._older(socket))
        except ConnectionClosed:
            pass
        finally:
            if answering is not None:
                answering.cancel()

    async def _send(self, socket: ServerConnection, event: dict[str, Any]) -> None:
        await socket.send(json.dumps(event))

    async def _answer(self, socket: ServerConnection, name: str) -> None:
        mark = {"response_id": name, "item_id": f"item-of-{name}"}
        heard = {"type": "conversation.item.input_audio_transcription.completed", "transcript": "hello there"}
        await asyncio.sleep(self.first_token)
        if self.refuse is not None:
            await self._send(socket, {"type": "error", "error": {"message": self.refuse, "code": "server_error"}})
            return
        await self._send(socket, {"type": "response.created", "response": {"id": name}})
        if not self.transcript_late:
            await self._send(socket, heard)
        for i, text in enumerate(self.deltas):
            if i == self.drop_at:
                self.drop_at = None
                socket.transport.abort()
                return
            for bad in (*NONSENSE, BAD_AUDIO) if self.nonsense else ():
                await socket.send(bad)
            prefix = "response.audio" if self.beta else "response.output_audio"
            await self._send(socket, {"type": f"{prefix}_transcript.delta", "delta": text, **mark})
            await self._send(socket, {"type": f"{prefix}.delta", "delta": self._tone(), **mark})
            await asyncio.sleep(self.between)
        await self._send(socket, {"type": "response.done", "response": {"id": name, "status": "completed"}})
        if self.transcript_late:
            await asyncio.sleep(0.2)
            await self._send(socket, heard)

    async def _older(self, socket: ServerConnection) -> None:
        for text in self.deltas:
            await self._send(socket, {"type": "transcription.delta", "delta": text})
            sound = {"audio": self._tone(), "format": "pcm16", "sample_rate_hz": 24_000}
            await self._send(socket, {"type": "response.output_audio.delta", **sound})
        await self._send(socket, {"type": "transcription.done", "text": "".join(self.deltas)})
        await self._send(socket, {"type": "response.output_audio.done", "has_audio": True})

    def _tone(self) -> str:
        samples = (8_000 * np.sin(2 * np.pi * 200 * np.arange(12_000) / 24_000)).astype("<i2")
        return base64.b64encode(samples.tobytes()).decode()


@asynccontextmanager
async def realtime_server(server: Realtime) -> AsyncIterator[Realtime]:
    """Serve on a free port of the loopback; `url` is set."""
    async with serve(server.attend, "127.0.0.1", 0, close_timeout=0.2) as running:
        server.url = f"ws://127.0.0.1:{next(iter(running.sockets)).getsockname()[1]}/v1/realtime"
        yield server
