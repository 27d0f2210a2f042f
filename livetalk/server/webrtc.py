"""WebRTC link to a visitor: pipecat's small connection, with tracks that keep the conversation's clock.

Pictures and sound carry the samples of one clock as their time stamps, so that a browser can play them in step. Knows
neither visits nor pipelines: it is told what to send and says what came.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any, Generic, TypeVar

import numpy as np
from aiortc import MediaStreamTrack, RTCDataChannel, RTCIceServer
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler, VideoFrame
from jaxtyping import Int16, UInt8
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection

from livetalk.geometry import SAMPLE_RATE

AUDIO = 0  # place of its transceiver in an offer, as pipecat has it
LEAST_LATE = 5  # pieces of sound (20 ms) and pictures that may wait for a slow encoder; then the oldest go
TOO_LONG = 64 * 1024  # characters of an offer
CANDIDATES = 40  # in an offer: more would have us knock at many doors
CONNECTING = 15.0  # seconds
SILENT = 6.0  # seconds without a word from the page, which pings every second: it is gone

Message = dict[str, Any]
Kind = TypeVar("Kind", AudioFrame, VideoFrame)


class Track(MediaStreamTrack, Generic[Kind]):
    """Media track of frames as they are handed over. The oldest are dropped where nobody fetches them."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.waiting: deque[Kind] = deque(maxlen=LEAST_LATE)
        self._wake = asyncio.Event()

    def give(self, frame: Kind) -> None:
        self.waiting.append(frame)
        self._wake.set()

    def stop(self) -> None:
        super().stop()
        self._wake.set()

    async def recv(self) -> Kind:
        while not self.waiting:
            if self.readyState != "live":
                raise MediaStreamError
            self._wake.clear()
            await self._wake.wait()
        return self.waiting.popleft()


class RtcLink:
    """One peer connection; a `Sink`. Made by `answer_offer`.

    heard: called with every piece of sound from the visitor (16 kHz). told: with every message of the page.
    lost: once, when the connection is gone, unless it was closed from here.
    """

    name = "webrtc"

    def __init__(
        self,
        ice_servers: Sequence[RTCIceServer],
        heard: Callable[[Int16[np.ndarray, " n"]], Awaitable[None]],
        told: Callable[[Any], None],
        lost: Callable[["RtcLink"], None],
    ) -> None:
        self._heard, self._told, self._lost = heard, told, lost
        self._sound, self._picture = Track[AudioFrame]("audio"), Track[VideoFrame]("video")
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False
        self._last_word = time.monotonic()
        self.connection = SmallWebRTCConnection(list(ice_servers), connection_timeout_secs=round(CONNECTING))
        self.connection.add_event_handler("connected", self._connected)
        for ending in ("disconnected", "closed", "failed"):
            self.connection.add_event_handler(ending, self._ended)

    async def answer_offer(self, sdp: str, kind: str) -> Message:
        """Our answer to the page's offer. Raises ValueError for one that cannot be used; the link is closed then."""
        if kind != "offer" or len(sdp) > TOO_LONG or sdp.count("a=candidate") > CANDIDATES:
            raise ValueError("this is not a WebRTC offer: reload the page")
        try:
            await self.connection.initialize(sdp, kind)
            self.connection.pc.on("datachannel", self._channel)
            kinds = [transceiver.kind for transceiver in self.connection.pc.getTransceivers()]
            if kinds != ["audio", "video"]:
                raise ValueError("an offer has one audio and one video section, in this order")
            self.connection.replace_audio_track(self._sound)
            self.connection.replace_video_track(self._picture)
            await self.connection.connect()
            answer = self.connection.get_answer()
            assert answer is not None
        except Exception as error:  # aiortc raises whatever it stumbles over
            await self.close()
            raise ValueError("this offer cannot be answered: reload the page") from error
        self._tasks.append(asyncio.create_task(self._watch()))
        return {"sdp": answer["sdp"], "type": answer["type"]}

    def play(self, pts: int, pcm: Int16[np.ndarray, " n"]) -> None:
        frame = AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, pts, Fraction(1, SAMPLE_RATE)
        self._sound.give(frame)

    def show(self, pts: int, picture: UInt8[np.ndarray, "h w 3"]) -> None:
        frame = VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = pts, Fraction(1, SAMPLE_RATE)
        self._picture.give(frame)

    def cut(self, pts: int) -> None:
        self._sound.waiting.clear()
        self.tell({"type": "cut", "pts": pts})

    def tell(self, message: Message) -> None:
        """To the page; waits for its channel, bounded."""
        if not self._closed:
            self.connection.send_app_message(message)

    async def close(self) -> None:
        """May be called twice."""
        if self._closed:
            return
        self._closed = True
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        self._sound.stop()
        self._picture.stop()
        with suppress(Exception):  # of a connection that broke half-way
            await self.connection.disconnect()
        await self.connection.cleanup()

    async def _connected(self, connection: SmallWebRTCConnection) -> None:
        if not self._closed and len(self._tasks) < 2:
            self._last_word = time.monotonic()
            self._tasks.append(asyncio.create_task(self._listen()))

    def _channel(self, channel: RTCDataChannel) -> None:
        """Messages come to us alone: pipecat drops what is not JSON, where it should end the visit, and logs it."""
        channel.remove_all_listeners("message")
        channel.on("message", self._message)

    def _message(self, text: str | bytes) -> None:
        self._last_word = time.monotonic()
        if self._closed:
            return
        try:
            message = json.loads(text) if isinstance(text, str) else None
        except (ValueError, RecursionError):
            message = None
        self._told(message)

    async def _ended(self, connection: SmallWebRTCConnection) -> None:
        self._gone()

    async def _watch(self) -> None:
        """A page that was closed, or a network that went, says nothing: notice."""
        limit = CONNECTING
        while time.monotonic() - self._last_word < limit:
            await asyncio.sleep(0.5)
            limit = SILENT if len(self._tasks) > 1 else CONNECTING
        self._gone()

    def _gone(self) -> None:
        if not self._closed:
            self._lost(self)

    async def _listen(self) -> None:
        """Hear the visitor, also one whose microphone is switched on long after the connection was made.

        The track is aiortc's own: pipecat's around it stops receiving for good after two seconds without a packet.
        """
        resampler = AudioResampler("s16", "mono", SAMPLE_RATE)
        track = self.connection.pc.getTransceivers()[AUDIO].receiver.track
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if isinstance(frame, AudioFrame):
                for piece in resampler.resample(frame):
                    await self._heard(piece.to_ndarray()[0].astype(np.int16))


def parse_ice(urls: Sequence[str]) -> list[RTCIceServer]:
    """Servers from `turn:host:port?...` urls with `user:password@` before the host, as `--turn` takes them.

    Raises ValueError for another kind of url.
    """
    servers = []
    for url in urls:
        scheme, colon, rest = url.partition(":")
        if not colon or scheme not in ("turn", "turns", "stun", "stuns") or not rest.strip("/"):
            raise ValueError(f"{url!r} is not an ICE server: write turn:USER:PASSWORD@HOST:PORT")
        login, at, host = rest.rpartition("@")
        user, _, password = login.partition(":")
        servers.append(RTCIceServer(f"{scheme}:{host}", user or None, password or None) if at else RTCIceServer(url))
    return servers


def ice_for_page(servers: Sequence[RTCIceServer]) -> list[Message]:
    """ICE servers as a browser's `RTCPeerConnection` takes them."""
    return json.loads(
        json.dumps([{"urls": s.urls, "username": s.username, "credential": s.credential} for s in servers])
    )
