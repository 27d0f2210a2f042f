"""A live session without a model: grey pictures that grow bright with the speech, on the clock of the real one."""

import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from livetalk.avatar.blocks import Interrupted, TimedBlock
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE

PIECE = 4  # frames
PER_FRAME = SAMPLE_RATE // FRAME_RATE


class GreySession:
    """Says what is pushed at 16 kHz, at once. Brightness is 64, and 64 to 255 with the loudness of a frame."""

    def __init__(self, size: int = 32, clock: Callable[[], float] = time.monotonic) -> None:
        self.size, self.clock = size, clock
        self.closed = False
        self.prompts: list[str] = []
        self._lock = threading.Lock()
        self._waiting = np.zeros(0, np.float32)
        self._cuts: deque[Interrupted] = deque()
        self._zero: float | None = None
        self._paused: float | None = None
        self._frames = 0

    def push(self, speech: np.ndarray, rate: int = SAMPLE_RATE) -> None:
        if self.closed:
            raise ValueError("the session is closed: open a new one")
        if rate != SAMPLE_RATE:
            raise ValueError("the fake takes speech at 16 kHz only")
        with self._lock:
            self._waiting = np.concatenate([self._waiting, np.asarray(speech, np.float32)])

    def end(self) -> None:
        pass

    def interrupt(self) -> None:
        with self._lock:
            self._waiting = self._waiting[:0]
            self._cuts.append(Interrupted(self._frames * PER_FRAME))

    def set_prompt(self, prompt: str) -> None:
        self.prompts.append(prompt)

    def pause(self) -> None:
        self._paused = self.clock() if self._paused is None else self._paused

    def resume(self) -> None:
        if self._paused is not None and self._zero is not None:
            self._zero += self.clock() - self._paused
        self._paused = None

    def close(self) -> None:
        self.closed = True

    def poll(self) -> tuple[TimedBlock | Interrupted | None, float]:
        if self._cuts:
            return self._cuts.popleft(), float("inf")
        if self._paused is not None or self.closed:
            return None, float("inf")
        now = self.clock()
        self._zero = now if self._zero is None else self._zero
        wait = self._zero + self._frames / FRAME_RATE - now
        return (self._piece(), float("inf")) if wait <= 0 else (None, wait)

    def _piece(self) -> TimedBlock:
        with self._lock:
            said, self._waiting = self._waiting[: PIECE * PER_FRAME], self._waiting[PIECE * PER_FRAME :]
        audio = np.concatenate([said, np.zeros(PIECE * PER_FRAME - len(said), np.float32)])
        loudness = np.abs(audio.reshape(PIECE, -1)).max(1).clip(0, 1)
        frames = np.empty((PIECE, self.size, self.size, 3), np.uint8)
        frames[:] = (64 + 191 * loudness).astype(np.uint8)[:, None, None, None]
        block = TimedBlock(
            self._frames // 12, self._frames, frames, audio, speaking=len(said) > 0, speech_samples=len(said)
        )
        self._frames += PIECE
        return block
