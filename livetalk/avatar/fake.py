"""Avatars without a model: a drawn head whose mouth opens with loudness, and a marker to measure skew with.

For tests of what is built on avatars, for trying a page without weights, and for measuring a transport. They keep the
promises of `session.py`: the same pieces, the same clock, interrupts at once, silence when nothing is said.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable

import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.avatar.session import (
    AtCapacity,
    AvatarItem,
    AvatarLost,
    AvatarRestored,
    Interrupted,
    TimedBlock,
    UtteranceFinished,
    require_size,
)
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE

PIECE = 4  # frames
PER_FRAME = SAMPLE_RATE // FRAME_RATE
LOUD = 0.3  # peak of a frame's sound that opens the mouth fully
Draw = Callable[[UInt8[np.ndarray, "h w 3"], float], UInt8[np.ndarray, "h w 3"]]


def mouth_box(size: int) -> tuple[slice, slice]:
    """Rows and columns in which the drawn mouth moves."""
    return slice(round(0.62 * size), round(0.80 * size)), slice(round(0.36 * size), round(0.64 * size))


def draw_mouth(portrait: UInt8[np.ndarray, "h w 3"], openness: float) -> UInt8[np.ndarray, "h w 3"]:
    """The portrait with a dark mouth in `mouth_box`, `openness` in 0 to 1 of its full height."""
    frame = portrait.copy()
    rows, columns = mouth_box(len(frame))
    y, x = np.ogrid[-1 : 1 : (rows.stop - rows.start) * 1j, -1 : 1 : (columns.stop - columns.start) * 1j]
    inside = x**2 + (y / max(0.06, openness)) ** 2 <= 1
    frame[rows, columns][inside] = (60, 15, 20)
    return frame


class FakeAvatar:
    """An `AvatarSession` that says what is pushed, crudely resampled, with a drawn mouth. `lose`: its worker dies."""

    def __init__(
        self,
        portrait: UInt8[np.ndarray, "h w 3"],
        prompt: str = "",
        draw: Draw = draw_mouth,
        on_close: Callable[["FakeAvatar"], None] = lambda avatar: None,
    ) -> None:
        self.size = (portrait.shape[1], portrait.shape[0])
        self.portrait, self.draw, self.on_close = portrait, draw, on_close
        self.prompts = [prompt]
        self.interrupts = 0
        self.closed = False
        self._waiting = np.zeros(0, np.float32)
        self._ended, self._open_ends = True, 0
        self._news: list[AvatarItem] = []
        self._frames = 0
        self._said_until = 0
        self._zero: float | None = None
        self._paused: float | None = None
        self._lost_until: float | None = None
        self._broken: ValueError | None = None
        self._wake = asyncio.Event()

    async def push(self, speech: Float32[np.ndarray, " n"], rate: int = SAMPLE_RATE) -> None:
        self._usable()
        if rate != SAMPLE_RATE:
            count = round(len(speech) * SAMPLE_RATE / rate)
            speech = np.interp(np.arange(count) * rate / SAMPLE_RATE, np.arange(len(speech)), speech)
        self._waiting = np.concatenate([self._waiting, np.asarray(speech, np.float32)])
        self._ended = False

    async def end(self) -> None:
        self._usable()
        self._ended = True
        self._open_ends += 1
        self._wake.set()

    async def interrupt(self) -> None:
        self._usable()
        self._waiting, self._ended, self._open_ends = self._waiting[:0], True, 0
        self.interrupts += 1
        self._tell(Interrupted(self._pts))

    async def set_prompt(self, prompt: str) -> None:
        self._usable()
        self.prompts.append(prompt)

    async def pause(self) -> None:
        self._usable()
        self._paused = self._paused or time.monotonic()

    async def resume(self) -> None:
        self._usable()
        if self._paused is not None and self._zero is not None:
            self._zero += time.monotonic() - self._paused
        self._paused = None
        self._wake.set()

    async def snapshot(self) -> bytes:
        self._usable()
        return json.dumps({"frames": self._frames, "prompt": self.prompts[-1]}).encode()

    async def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.on_close(self)
            self._wake.set()

    def lose(self, seconds: float = 1.0) -> None:
        """Simulate a dead worker: nothing comes for so long, and pending speech is lost."""
        self._waiting, self._open_ends = self._waiting[:0], 0
        self._lost_until = time.monotonic() + seconds
        self._tell(AvatarLost(self._pts, "the worker was lost"))

    def break_down(self, reason: str) -> None:
        """Simulate a worker that cannot be restarted."""
        self._broken = ValueError(reason)
        self._wake.set()

    async def items(self) -> AsyncIterator[AvatarItem]:
        self._zero = time.monotonic() if self._zero is None else self._zero
        while not self.closed:
            self._wake.clear()
            if self._broken is not None:
                raise self._broken
            if self._news:
                yield self._news.pop(0)
                continue
            if self._open_ends and not len(self._waiting):
                self._open_ends -= 1
                yield UtteranceFinished(self._said_until)
                continue
            now = time.monotonic()
            if self._lost_until is not None and now >= self._lost_until:
                self._zero = now - self._frames / FRAME_RATE
                self._lost_until = None
                yield AvatarRestored(self._pts, from_snapshot=True)
                continue
            halted = self._paused is not None or self._lost_until is not None
            wait = 0.05 if halted else self._zero + self._frames / FRAME_RATE - now
            if halted or wait > 0:
                await self._sleep(wait)
                continue
            yield self._piece()

    def _piece(self) -> TimedBlock:
        audio = np.zeros(PIECE * PER_FRAME, np.float32)
        taken = min(len(audio), len(self._waiting)) if self._ended or len(self._waiting) >= len(audio) else 0
        audio[:taken], self._waiting = self._waiting[:taken], self._waiting[taken:]
        return self._shown(audio, taken)

    def _shown(self, audio: Float32[np.ndarray, " n"], said: int) -> TimedBlock:
        loudness = (np.abs(audio.reshape(PIECE, -1)).max(1) / LOUD).clip(0, 1)
        frames = np.stack([self.draw(self.portrait, float(x)) for x in loudness])
        block = TimedBlock(self._frames // 12, self._frames, frames, audio, speaking=said > 0, speech_samples=said)
        self._said_until = self._pts + said if said else self._said_until
        self._frames += PIECE
        return block

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return

    def _tell(self, item: AvatarItem) -> None:
        self._news.append(item)
        self._wake.set()

    @property
    def _pts(self) -> int:
        return self._frames * PER_FRAME

    def _usable(self) -> None:
        if self.closed:
            raise ValueError("the face is closed: open a new one")


class MarkerAvatar(FakeAvatar):
    """Black frames and silence, but a white frame and a 1 kHz beep from the same sample on, once every `every` frames.

    What is pushed is ignored. A receiver that finds both finds how far apart a transport brings them.
    """

    every = FRAME_RATE

    def _piece(self) -> TimedBlock:
        audio = np.zeros(PIECE * PER_FRAME, np.float32)
        frames = np.zeros((PIECE, *self.portrait.shape), np.uint8)
        for i in range(PIECE):
            if (self._frames + i) % self.every == self.every // 2:
                frames[i] = 255
                audio[i * PER_FRAME : (i + 1) * PER_FRAME] = 0.5 * np.sin(2 * np.pi * np.arange(PER_FRAME) / 16)
        block = TimedBlock(self._frames // 12, self._frames, frames, audio, speaking=bool(frames.any()))
        self._frames += PIECE
        return block


class FakeHost:
    """An `AvatarHost` of drawn avatars. `face`: which class of them."""

    def __init__(self, size: int = 256, places: int = 4, face: type[FakeAvatar] = FakeAvatar) -> None:
        self.size, self.capacity, self.face = size, places, face
        self.ready = False
        self.faces: list[FakeAvatar] = []

    async def open(
        self, portrait: UInt8[np.ndarray, "h w 3"], prompt: str, seed: int = 0, snapshot: bytes | None = None
    ) -> FakeAvatar:
        require_size(portrait, self.size)
        if len(self.faces) >= self.capacity:
            raise AtCapacity(f"this machine holds {self.capacity} live sessions at once, and all are taken: try later")
        face = self.face(portrait, prompt, on_close=self.faces.remove)
        self.faces.append(face)
        return face

    async def start(self) -> None:
        self.ready = True

    async def close(self) -> None:
        self.ready = False
        for face in list(self.faces):
            await face.close()
