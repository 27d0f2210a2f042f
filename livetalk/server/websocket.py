"""WebSocket link to a visitor, for where UDP cannot pass: sound and pictures as they are.

Binary messages from here: one byte (1 sound, 2 picture), the clock as eight bytes (samples, little endian), then PCM
(16 bit, mono, 16 kHz) or a JPEG. From the page: PCM alike, without a head. Text messages are JSON either way. A page
plays sound by its own clock and shows each picture with the sound it belongs to, so nothing is muxed and nothing
drifts. Knows neither visits nor pipelines.
"""

import asyncio
import io
import json
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from jaxtyping import Int16, UInt8
from PIL import Image
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

SOUND, PICTURE = 1, 2
QUALITY = 88
BEHIND = 100  # messages that may wait for a slow network, two seconds; then everything that waits but text goes
LONGEST = 64 * 1024  # bytes of a message
SILENT = 6.0  # seconds without a word from the page
GOODBYE = 2.0  # seconds that what waits may take to be sent when it is closed from here

Message = dict[str, Any]


class SocketLink:
    """One accepted WebSocket; a `Sink`. `serve` runs until it ends. See `RtcLink` for the callbacks."""

    name = "websocket"

    def __init__(
        self,
        socket: WebSocket,
        heard: Callable[[Int16[np.ndarray, " n"]], Awaitable[None]],
        told: Callable[[Any], None],
    ) -> None:
        self._socket, self._heard, self._told = socket, heard, told
        self._waiting: deque[bytes | str | tuple[int, np.ndarray]] = deque()
        self._wake = asyncio.Event()
        self._closed = False
        self._over = asyncio.Event()

    def play(self, pts: int, pcm: Int16[np.ndarray, " n"]) -> None:
        self._send(struct.pack("<BQ", SOUND, pts) + pcm.astype("<i2").tobytes())

    def show(self, pts: int, picture: UInt8[np.ndarray, "h w 3"]) -> None:
        self._send((pts, picture))

    def cut(self, pts: int) -> None:
        self.tell({"type": "cut", "pts": pts})

    def tell(self, message: Message) -> None:
        self._send(json.dumps(message))

    async def close(self) -> None:
        self._closed = True
        self._wake.set()
        self._over.set()

    async def serve(self) -> None:
        """Send and receive until either side ends it, or the page falls silent."""
        tasks = {asyncio.create_task(work) for work in (self._write(), self._read(), self._leave())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._closed = True
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._socket.application_state is WebSocketState.CONNECTED:
                try:
                    await asyncio.wait_for(self._socket.close(), 2.0)
                except (TimeoutError, RuntimeError, OSError, WebSocketDisconnect):
                    return

    def _send(self, item: "bytes | str | tuple[int, np.ndarray]") -> None:
        if self._closed:
            return
        if len(self._waiting) >= BEHIND:
            self._waiting = deque(waiting for waiting in self._waiting if isinstance(waiting, str))
            if len(self._waiting) >= BEHIND:
                self._closed = True
                self._over.set()
        self._waiting.append(item)
        self._wake.set()

    async def _write(self) -> None:
        while not self._closed or self._waiting:
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            item = self._waiting.popleft()
            if isinstance(item, tuple):
                pts, picture = item
                item = struct.pack("<BQ", PICTURE, pts) + await asyncio.to_thread(jpeg, picture)
            if isinstance(item, str):
                await self._socket.send_text(item)
            else:
                await self._socket.send_bytes(item)

    async def _leave(self) -> None:
        """A page that takes nothing any more cannot keep us."""
        await self._over.wait()
        await asyncio.sleep(GOODBYE)

    async def _read(self) -> None:
        while True:
            message = await asyncio.wait_for(self._socket.receive(), SILENT)
            if message["type"] != "websocket.receive":
                return
            sound, text = message.get("bytes"), message.get("text")
            if max(len(sound or b""), len(text or "")) > LONGEST:
                self._told(None)  # which is no message, and ends the visit
            elif sound:
                await self._heard(np.frombuffer(sound[: len(sound) // 2 * 2], "<i2"))
            elif text is not None:
                try:
                    words = json.loads(text)
                except (ValueError, RecursionError):
                    words = None
                self._told(words)


def jpeg(picture: UInt8[np.ndarray, "h w 3"]) -> bytes:
    """A picture as every browser reads it."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "jpeg", quality=QUALITY)
    return file.getvalue()
