"""Echo brain: says back what it heard, in the visitor's own voice. For tests, and for trying an avatar.

Typed text cannot be said back without a voice; it is answered with a short hum for each word.
"""

from collections.abc import AsyncIterator, Callable

import numpy as np
from jaxtyping import Float32

from livetalk.conversation.brains.base import Answer, Speech, TextDelta, Transcript
from livetalk.conversation.history import ChatHistory
from livetalk.geometry import SAMPLE_RATE
from livetalk.media.sound import trimmed

LONGEST = 15 * SAMPLE_RATE  # samples said back
PIECE = SAMPLE_RATE // 2
QUIET = 0.02  # of a turn's peak: below it is silence, which is not said back


class EchoSession:
    """Keeps the newest seconds of a turn."""

    def __init__(self) -> None:
        self._heard: list[np.ndarray] = []

    def hear(self, sound: Float32[np.ndarray, " n"]) -> None:
        self._heard.append(sound)
        while sum(map(len, self._heard)) > LONGEST + PIECE and len(self._heard) > 1:
            self._heard.pop(0)

    def forget(self) -> None:
        self._heard.clear()

    async def answer(self, text: str | None = None) -> AsyncIterator[Answer]:
        heard = np.concatenate([np.zeros(0, np.float32), *self._heard])[-LONGEST:]
        self._heard.clear()
        sound = trimmed(heard, QUIET * np.abs(heard).max(initial=0)) if text is None else _hum(text)
        if not len(sound):
            return
        words = text or f"({len(sound) / SAMPLE_RATE:.1f} seconds of speech)"
        yield Transcript(words)
        yield TextDelta(words)
        for start in range(0, len(sound), PIECE):
            yield Speech(sound[start : start + PIECE], SAMPLE_RATE, words if start == 0 else "")

    async def heard(self, seconds: float) -> None: ...

    async def close(self) -> None:
        self._heard.clear()


class EchoBrain:
    """See the module docstring."""

    name = "echo"

    async def start(self) -> None: ...

    def memory(self) -> ChatHistory:
        return ChatHistory()

    async def open(self, memory: ChatHistory, tell: Callable[[Transcript], None]) -> EchoSession:
        return EchoSession()

    async def close(self) -> None: ...


def _hum(text: str) -> Float32[np.ndarray, " n"]:
    """A soft tone of a quarter of a second for each word, forty at most."""
    time = np.arange(SAMPLE_RATE // 4) / SAMPLE_RATE
    note = 0.3 * np.sin(2 * np.pi * 180 * time) * np.sin(np.pi * time * 4)
    return np.tile(note.astype(np.float32), min(40, len(text.split())))
