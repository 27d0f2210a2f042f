"""A visitor without a browser: the page's side of both transports, in a few lines."""

import asyncio
import io
import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import websockets
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError
from PIL import Image

from tests.helpers.house import House


class Peer:
    """What came: messages, (time stamp in samples, mean brightness) of pictures, (time stamp, peak) of sound."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.pictures: list[tuple[int, float]] = []
        self.sound: list[tuple[int, int]] = []

    def states(self) -> list[str]:
        return [message["state"] for message in self.messages if message["type"] == "state"]


class RtcPeer(Peer):
    """`turn`: servers as a session names them; then nothing but what they relay is used.

    mute: begins without a microphone; `unmute` switches one on.
    """

    def __init__(self, turn: Sequence[dict[str, Any]] = (), mute: bool = False) -> None:
        super().__init__()
        self.mute = mute
        self.relayed_only = bool(turn)
        servers = [RTCIceServer(each["urls"], each["username"], each["credential"]) for each in turn]
        bundled = RTCConfiguration(servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)  # as the page has it
        self.pc = RTCPeerConnection(bundled)
        self.tasks: list[asyncio.Task[None]] = []
        self.open = asyncio.Event()
        self.pc.on("track", lambda track: self.tasks.append(asyncio.ensure_future(self._read(track))))

    async def offer(self) -> dict[str, str]:
        self.pc.addTransceiver("audio" if self.mute else AudioStreamTrack(), "sendrecv")
        self.pc.addTransceiver("video", "recvonly")
        self.channel = self.pc.createDataChannel("messages")
        self.channel.on("open", self.open.set)
        self.channel.on("message", lambda text: self.messages.append(json.loads(text)))
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return {"sdp": self._passable(self.pc.localDescription.sdp), "type": "offer"}

    async def connect(self, house: House, path: str, owner: dict[str, str]) -> None:
        answer = await house.http.post(f"{path}/offer", json=await self.offer(), headers=owner)
        assert answer.status_code == 200, answer.text
        sdp = self._passable(answer.json()["sdp"])
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, answer.json()["type"]))
        await asyncio.wait_for(self.open.wait(), 10)

    def _passable(self, sdp: str) -> str:
        """Without the addresses that a strict network would not let through."""
        lines = sdp.splitlines(keepends=True)
        return "".join(x for x in lines if not (self.relayed_only and "a=candidate" in x and "typ relay" not in x))

    def unmute(self) -> None:
        self.pc.getTransceivers()[0].sender.replaceTrack(AudioStreamTrack())

    def send(self, message: object) -> None:
        self.channel.send(json.dumps(message))

    async def close(self) -> None:
        await self.pc.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _read(self, track: Any) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if track.kind == "video":
                seen = float(frame.to_ndarray(format="gray").mean())
                self.pictures.append((round(frame.pts * frame.time_base * 16_000), seen))
            else:
                self.sound.append((round(frame.pts * frame.time_base * 16_000), int(np.abs(frame.to_ndarray()).max())))


class SocketPeer(Peer):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[tuple[int, np.ndarray]] = []

    async def connect(self, house: House, path: str, owner: dict[str, str]) -> None:
        token = owner["Authorization"].removeprefix("Bearer ")
        url = house.url.replace("http", "ws") + path + "/socket"
        self.socket = await websockets.connect(url, subprotocols=["livetalk", token], proxy=None)
        self.reading = asyncio.create_task(self._read())
        self.living = asyncio.create_task(self._live())

    async def send(self, message: object) -> None:
        await self.socket.send(json.dumps(message))

    async def say(self, pcm: np.ndarray) -> None:
        """In real time."""
        for piece in np.array_split(pcm, max(1, len(pcm) // 320)):
            await self.socket.send(piece.astype("<i2").tobytes())
            await asyncio.sleep(len(piece) / 16_000)

    async def close(self) -> None:
        self.living.cancel()
        await self.socket.close()
        await asyncio.gather(self.reading, self.living, return_exceptions=True)

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(1)
            await self.send({"type": "ping"})

    async def _read(self) -> None:
        async for item in self.socket:
            if isinstance(item, str):
                self.messages.append(json.loads(item))
                continue
            kind, pts = struct.unpack_from("<BQ", item)
            if kind == 1:
                pcm = np.frombuffer(item[9:], "<i2")
                self.pieces.append((pts, pcm))
                self.sound.append((pts, int(np.abs(pcm.astype(np.int32)).max())))
            else:
                self.pictures.append((pts, float(np.asarray(Image.open(io.BytesIO(item[9:])).convert("L")).mean())))
