"""A pipecat transport without a network: sound goes in from an array, what comes out is kept with its time."""

import asyncio
import time
from dataclasses import dataclass, field

import numpy as np
from pipecat.frames.frames import (
    InputAudioRawFrame,
    OutputAudioRawFrame,
    OutputImageRawFrame,
    StartFrame,
)
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams

RATE = 16_000
PIECE = RATE // 50


@dataclass
class Received:
    """What a visitor got, each with its time."""

    sounds: list[tuple[float, np.ndarray]] = field(default_factory=list)
    pictures: list[tuple[float, np.ndarray]] = field(default_factory=list)

    def loud(self, since: float = 0.0, level: float = 0.02) -> list[float]:
        """Times at which sound above `level` was played."""
        return [t for t, sound in self.sounds if t >= since and np.abs(sound).max() > level]


class _In(BaseInputTransport):
    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)


class _Out(BaseOutputTransport):
    """Plays sound in real time, as a sound card would."""

    def __init__(self, params: TransportParams, received: Received) -> None:
        super().__init__(params)
        self.received = received
        self._heard_until = 0.0
        self._shown: OutputImageRawFrame | None = None

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        sound = np.frombuffer(frame.audio, np.int16).astype(np.float32) / 32768
        now = time.monotonic()
        self._heard_until = max(self._heard_until, now)
        self.received.sounds.append((self._heard_until, sound))
        self._heard_until += len(sound) / RATE
        await asyncio.sleep(max(0.0, self._heard_until - now - 0.02))
        return True

    async def write_video_frame(self, frame: OutputImageRawFrame) -> bool:
        picture = np.frombuffer(frame.image, np.uint8).reshape(frame.size[1], frame.size[0], 3)
        if self._shown is frame:  # a still picture is asked for again and again
            return True
        self._shown = frame
        self.received.pictures.append((time.monotonic(), picture))
        return True


class Wire(BaseTransport):
    """See the module docstring."""

    def __init__(self, size: int = 64) -> None:
        super().__init__()
        params = TransportParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            audio_out_sample_rate=RATE,
            audio_in_sample_rate=RATE,
            audio_out_10ms_chunks=2,
            video_out_enabled=True,
            video_out_is_live=False,
            video_out_width=size,
            video_out_height=size,
            video_out_framerate=100,  # looks for a new picture that often
        )
        self.received = Received()
        self._input, self._output = _In(params), _Out(params, self.received)

    def input(self) -> _In:
        return self._input

    def output(self) -> _Out:
        return self._output

    async def speak(self, sound: np.ndarray) -> float:
        """Play mono floats at 16 kHz into the microphone, in real time. Returns when the last sample was sent."""
        pcm = (sound.clip(-1, 1) * 32767).astype(np.int16)
        began = time.monotonic()
        for i in range(0, len(pcm), PIECE):
            await self._input.push_audio_frame(InputAudioRawFrame(pcm[i : i + PIECE].tobytes(), RATE, 1))
            await asyncio.sleep(max(0.0, began + (i + PIECE) / RATE - time.monotonic()))
        return time.monotonic()
