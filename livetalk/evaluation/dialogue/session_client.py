"""Client of a served session: the visitor's side of its WebSocket, in real time, without a browser.

Speaks the protocol that pages speak (docs/reference/protocol.md). Its microphone never stops: who says nothing sends
silence. Keeps all that comes, with the time at which it came. Knows no dialogues and no files.
"""

import asyncio
import base64
import contextlib
import json
import struct
import time
from bisect import bisect_left
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import numpy as np

from livetalk.evaluation.dialogue.systems import Pcm, SystemUnavailable
from livetalk.geometry import SAMPLE_RATE

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

TICK = SAMPLE_RATE // 50  # samples sent at a time
LOUD = 0.02 * 32768  # peak from which on something is heard
SOUND, PICTURE = 1, 2  # kinds of binary messages
LOOK = 0.01  # seconds between two looks for what is waited for
LATE = 1.0  # seconds after which what was to be sent is not caught up with
BUSY = 10  # times that a server which is full is asked
LOCAL = ("127.0.0.1", "localhost", "::1")

Message = dict[str, object]


class SessionEnded(Exception):
    """The session is over before the dialogue is. One sentence says why."""


@dataclass(frozen=True)
class Moment:
    """Point in time. now: on the monotonic clock; clock: seconds of the session, as far as its sound had come."""

    now: float
    clock: float


@dataclass(frozen=True)
class HeardPiece:
    """Sound that came; `pts`: samples of the session before it."""

    pts: int
    pcm: Pcm
    at: Moment


@dataclass(frozen=True)
class SeenPicture:
    """Picture that came, as a JPEG; `pts`: seen from that sample of the session on."""

    pts: int
    jpeg: bytes
    now: float


class SessionClient:
    """See the module docstring. Made by `session`."""

    def __init__(self, brain: str) -> None:
        self.brain = brain
        self.sound: list[HeardPiece] = []
        self.pictures: list[SeenPicture] = []
        self.messages: list[tuple[Moment, Message]] = []
        self.said: list[tuple[Moment, Pcm]] = []
        self.over: SessionEnded | SystemUnavailable | None = None  # why nothing more will come
        self._speech: deque[Pcm] = deque()
        self._states: list[tuple[Moment, str]] = []
        self._loud: list[Moment] = []

    @property
    def begin(self) -> int:
        """Samples of the server's clock at which this side began to hear."""
        return self.sound[0].pts if self.sound else 0

    @property
    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def moment(self) -> Moment:
        """Now, on both clocks."""
        now = self.now
        if not self.sound:
            return Moment(now, 0.0)
        newest = self.sound[-1]
        return Moment(now, newest.at.clock + min(now - newest.at.now, TICK / SAMPLE_RATE))

    def states(self, since: float = 0.0) -> list[tuple[Moment, str]]:
        """What the avatar was said to be doing, from a time of the monotonic clock on."""
        return self._states[bisect_left(self._states, since, key=lambda state: state[0].now) :]

    def loud(self, since: float = 0.0) -> list[Moment]:
        """When something was heard."""
        return self._loud[bisect_left(self._loud, since, key=lambda at: at.now) :]

    async def wait(self, true: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition; False when the time is over. Raises SessionEnded, or SystemUnavailable when cut off."""
        end = time.monotonic() + seconds
        while not true():
            if self.over is not None:
                raise self.over
            if time.monotonic() > end:
                return False
            await asyncio.sleep(LOOK)
        return True

    async def say(self, pcm: Pcm) -> tuple[Moment, Moment]:
        """Speak, in real time; returns when the first and the last sample were spoken. Raises as `wait`."""
        began = self.moment()
        self.said.append((began, pcm))
        self._speech.extend(pcm[start : start + TICK] for start in range(0, len(pcm), TICK))
        await self.wait(lambda: not self._speech, len(pcm) / SAMPLE_RATE + 10)
        return began, self.moment()

    def next_piece(self) -> Pcm:
        """The next 20 ms of the microphone."""
        piece = self._speech.popleft() if self._speech else np.zeros(0, np.int16)
        return np.concatenate([piece, np.zeros(TICK - len(piece), np.int16)])

    def receive(self, item: str | bytes) -> None:
        """A message of the server."""
        now = time.monotonic()
        if isinstance(item, str):
            message = cast("Message", json.loads(item))
            self.messages.append((self.moment(), message))
            if message["type"] == "state":
                self._states.append((self.moment(), str(message["state"])))
            if message["type"] == "ended":
                self.over = SessionEnded(f"the server ended the session: {message.get('message')}")
            return
        kind, pts = struct.unpack_from("<BQ", item)
        if kind == SOUND:
            pcm = np.frombuffer(item[9:], "<i2")
            begin = self.sound[0].pts if self.sound else pts
            self.sound.append(HeardPiece(pts, pcm, Moment(now, (pts - begin) / SAMPLE_RATE)))
            if np.abs(pcm.astype(np.int32)).max(initial=0) > LOUD:
                self._loud.append(self.sound[-1].at)
        elif kind == PICTURE:
            self.pictures.append(SeenPicture(pts, item[9:], now))

    def lost(self, why: str) -> None:
        """The connection is no more."""
        self.over = self.over or SystemUnavailable(f"{why}: look at the server's log, and run this again")


@contextlib.asynccontextmanager
async def session(url: str, portrait: bytes) -> AsyncGenerator[SessionClient]:
    """A session of a server, from its first sound on. Raises SystemUnavailable if there is none to be had."""
    import websockets

    body, token = await _asked(url, portrait)
    client = SessionClient(str(body["brain"]))
    address = f"{url.replace('http', 'ws', 1)}/v1/sessions/{body['id']}/socket"
    proxy = None if is_local(url) else True
    try:
        socket = await websockets.connect(
            address, subprotocols=[websockets.Subprotocol("livetalk"), websockets.Subprotocol(token)], proxy=proxy,
            max_size=None,
        )  # fmt: skip
    except (OSError, websockets.WebSocketException) as error:
        raise SystemUnavailable(f"{address} does not take a connection ({error}): look at the server's log") from error
    tasks = [asyncio.create_task(work) for work in (_read(socket, client), _speak(socket, client), _live(socket))]
    try:
        if not await client.wait(lambda: bool(client.sound), 30):
            raise SystemUnavailable(f"{url} sends no sound: look at the server's log")
        yield client
        with contextlib.suppress(websockets.WebSocketException):
            await socket.send(json.dumps({"type": "bye"}))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await socket.close()


async def _asked(url: str, portrait: bytes) -> tuple[Message, str]:
    """A new session as the server describes it, and its token. A server that is full is asked again for a while."""
    import httpx

    wish, left = {"portrait": base64.b64encode(portrait).decode()}, BUSY
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=not is_local(url)) as http:
        while True:
            try:
                answer = await http.post("/v1/sessions", json=wish)
            except httpx.HTTPError as error:
                raise SystemUnavailable(f"{url} cannot be reached ({error}): start `livetalk serve` there") from error
            if answer.status_code == 201:
                body = cast("Message", answer.json())
                return body, str(body["token"])
            left -= 1
            if answer.status_code != 503 or not left:
                raise SystemUnavailable(f"{url} opens no session ({answer.status_code}): {_told(answer.text)}")
            await asyncio.sleep(min(float(answer.headers.get("Retry-After", 5)), 5.0))


def _told(text: str) -> str:
    """The sentence in a server's refusal."""
    try:
        return str(json.loads(text)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return "it does not say why"


def is_local(url: str) -> bool:
    """True for an address of this machine."""
    return urlsplit(url).hostname in LOCAL


async def _read(socket: "ClientConnection", client: SessionClient) -> None:
    import websockets

    try:
        async for item in socket:
            client.receive(item)
        client.lost("the server closed the connection")
    except websockets.WebSocketException as error:
        client.lost(f"the connection to the server was lost ({error})")


async def _speak(socket: "ClientConnection", client: SessionClient) -> None:
    due = time.monotonic()
    while True:
        await socket.send(client.next_piece().tobytes())
        due += TICK / SAMPLE_RATE
        late = time.monotonic() - due
        due += late if late > LATE else 0.0
        await asyncio.sleep(max(0.0, -late))


async def _live(socket: "ClientConnection") -> None:
    while True:
        await socket.send(json.dumps({"type": "ping"}))
        await asyncio.sleep(1.0)
