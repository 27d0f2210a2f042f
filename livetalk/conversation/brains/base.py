"""Brain interface: hear a turn, answer it with words and sound.

A `Brain` is loaded once and serves many conversations; each has its `BrainSession`. Sound is mono float32 in
[-1, 1]; a mind hears at 16 kHz and answers at the rate it says. Knows no pipelines and no faces.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from jaxtyping import Float32

from livetalk.conversation.history import ChatHistory

Step = Literal["transcription", "thinking", "voice", "connection"]


@dataclass(frozen=True)
class Transcript:
    """The visitor's words so far; `final`: all of the turn's."""

    text: str
    final: bool = True


@dataclass(frozen=True)
class TextDelta:
    """Words of the answer, as soon as they are there; they are not heard yet."""

    text: str


@dataclass(frozen=True)
class Speech:
    """A piece of the answer as sound, and the words that are said in it (or begin in it)."""

    audio: Float32[np.ndarray, " n"]
    rate: int
    text: str = ""


Answer = Transcript | TextDelta | Speech


class BrainError(Exception):
    """An answer failed at one step. The sentence says what can be done; the conversation can go on."""

    def __init__(self, step: Step, message: str) -> None:
        super().__init__(message)
        self.step: Step = step


class ClauseSkipped(BrainError):
    """One clause of an answer cannot be said; those after it can."""


class BrainSession(Protocol):
    """One conversation's share of a brain."""

    def hear(self, sound: Float32[np.ndarray, " n"]) -> None:
        """The next piece of the visitor's turn, 16 kHz. Returns at once; may be transcribed while they go on."""
        ...

    def forget(self) -> None:
        """Discard what was heard since the last answer: it was not a turn."""
        ...

    def answer(self, text: str | None = None) -> AsyncIterator[Answer]:
        """Answer the turn that was heard, or one that was typed (`text`).

        Gives `Transcript` once, before it needs the history, and `TextDelta` and `Speech` in any order. Closing the
        iterator stops the answer. Raises BrainError; nothing is given for a turn without words.
        """
        ...

    async def heard(self, seconds: float) -> None:
        """The last answer was interrupted after so many seconds of its sound."""
        ...

    async def close(self) -> None: ...


class Brain(Protocol):
    """A kind of brain, loaded."""

    name: str

    async def start(self) -> None:
        """Load models, or look whether the services are there. Raises BrainError with what to do."""
        ...

    def memory(self) -> ChatHistory:
        """An empty memory of the size and with the instructions that suit this brain."""
        ...

    async def open(self, memory: ChatHistory, tell: Callable[[Transcript], None]) -> BrainSession:
        """A mind for one conversation.

        `memory`: what was said, kept by the caller; the mind reads it. `tell`: called, on this loop, with words of a
        turn that goes on (not `final`), and with those of a turn whose answer was cut off before they came.
        """
        ...

    async def close(self) -> None: ...
