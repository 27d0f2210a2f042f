"""Pipecat transport that sends pictures and sound on one clock, over either link.

pipecat's own output plays sound and draws pictures on two clocks; here both wait in one `Timeline` and a pump takes 20
ms of it at a time, for ever: what leaves together was meant together. The way out is a `Sink` (`webrtc.py`,
`websocket.py`) that may be missing or change while the conversation goes on: a visitor who reconnects finds it as it
is. Knows no brains, no faces, no HTTP.
"""

import asyncio
import time
from typing import Protocol

import numpy as np
from jaxtyping import Int16, UInt8
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputImageRawFrame,
    SpeechOutputAudioRawFrame,
    StartFrame,
    SystemFrame,
    TTSAudioRawFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams

from livetalk.geometry import SAMPLE_RATE
from livetalk.server.timeline import Timeline

TICK = SAMPLE_RATE // 50  # samples
FULL = 4 * SAMPLE_RATE  # samples that may wait: whoever gives more waits too
HUSHED = round(0.35 * SAMPLE_RATE)  # samples of silence after which speech has stopped
LOUD = 100  # of 32768: softer is silence


class Sink(Protocol):
    """A way to the visitor. None of its methods waits, and none fails: what cannot be sent is dropped."""

    def play(self, pts: int, pcm: Int16[np.ndarray, " n"]) -> None:
        """20 ms of sound, `pts` samples after the conversation began."""
        ...

    def show(self, pts: int, picture: UInt8[np.ndarray, "h w 3"]) -> None:
        """A picture, seen from sample `pts` on. Told before the sound of `pts`."""
        ...

    def cut(self, pts: int) -> None:
        """Sound sent before `pts` and not yet heard is not to be heard."""
        ...


class AudioInput(BaseInputTransport):
    """The visitor's microphone as pipecat's input."""

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def hear(self, pcm: Int16[np.ndarray, " n"]) -> None:
        """A piece of sound at 16 kHz. Dropped before the pipeline has begun and after it has ended."""
        if self._audio_task is not None:
            await self.push_audio_frame(InputAudioRawFrame(pcm.tobytes(), SAMPLE_RATE, 1))


class AvOutput(FrameProcessor):
    """Pipecat's output: frames wait in the timeline, come out when their time has come, and go on behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.sink: Sink | None = None
        self.timeline = Timeline[Frame]()
        self.gaps = 0  # times the sound ran dry
        self._pump: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._still = HUSHED  # samples of silence since speech
        self._speech = False  # what is played may be speech

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case StartFrame():
                await self.push_frame(frame, direction)
                self._pump = self._pump or self.create_task(self._run())
            case EndFrame():
                await self._drain()
                await self._stop()
                await self.push_frame(frame, direction)
            case CancelFrame():
                await self._stop()
                await self.push_frame(frame, direction)
            case InterruptionFrame():
                self._hush()
                await self.push_frame(frame, direction)
            case SystemFrame():
                await self.push_frame(frame, direction)
            case _ if direction is FrameDirection.UPSTREAM:
                await self.push_frame(frame, direction)
            case OutputAudioRawFrame():
                await self._put(frame)
            case _:
                self.timeline.place(frame)

    async def cleanup(self) -> None:
        await super().cleanup()
        await self._stop()

    async def _put(self, frame: OutputAudioRawFrame) -> None:
        if frame.sample_rate != SAMPLE_RATE or frame.num_channels != 1:
            raise ValueError("this transport plays mono at 16 kHz: set the pipeline's audio_out_sample_rate to 16000")
        self._speech = isinstance(frame, SpeechOutputAudioRawFrame | TTSAudioRawFrame)
        self.timeline.put(np.frombuffer(frame.audio, np.int16))
        while self.timeline.waiting > FULL and self._pump is not None:
            self._room.clear()
            await self._room.wait()

    def _hush(self) -> None:
        """Silence now; pictures go on, words that were not heard go."""
        self.timeline.fade_out()
        self.timeline.forget(lambda waiting: waiting.interruptible and not isinstance(waiting, OutputImageRawFrame))
        if self.sink is not None:
            self.sink.cut(self.timeline.played)

    async def _run(self) -> None:
        due = time.monotonic()
        while True:
            await self._tick()
            due += TICK / SAMPLE_RATE
            late = time.monotonic() - due
            if late > 1.0:  # the machine slept: nobody wants what was missed
                due += late
            await asyncio.sleep(max(0.0, -late))

    async def _tick(self) -> None:
        taken = self.timeline.take(TICK)
        self._room.set()
        self.gaps += taken.starved and taken.began
        for pts, thing in taken.things:
            if isinstance(thing, OutputImageRawFrame):
                if self.sink is not None:
                    width, height = thing.size
                    self.sink.show(pts, np.frombuffer(thing.image, np.uint8).reshape(height, width, 3))
            else:
                await self.push_frame(thing)
        if self.sink is not None:
            self.sink.play(taken.pts, taken.audio)
        await self._speaking(bool(self._speech and np.abs(taken.audio.astype(np.int32)).max() > LOUD))

    async def _speaking(self, loud: bool) -> None:
        before, self._still = self._still, 0 if loud else self._still + TICK
        if loud and before >= HUSHED:
            await self.broadcast_frame(BotStartedSpeakingFrame)
        elif before < HUSHED <= self._still:
            await self.broadcast_frame(BotStoppedSpeakingFrame)

    async def _drain(self) -> None:
        """Let what waits be heard; silence, which never ends, need not be."""
        end = time.monotonic() + self.timeline.waiting / SAMPLE_RATE + 0.5
        while self._pump is not None and self.timeline.waiting and time.monotonic() < end:
            await asyncio.sleep(TICK / SAMPLE_RATE)

    async def _stop(self) -> None:
        pump, self._pump = self._pump, None
        self._room.set()
        if pump is not None:
            await self.cancel_task(pump)


class SessionTransport(BaseTransport):
    """Transport of a session, as its conversation uses it."""

    def __init__(self) -> None:
        super().__init__()
        self._inlet = AudioInput(TransportParams(audio_in_enabled=True, audio_in_sample_rate=SAMPLE_RATE))
        self._outlet = AvOutput()

    def input(self) -> AudioInput:
        return self._inlet

    def output(self) -> AvOutput:
        return self._outlet
