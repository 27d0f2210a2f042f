"""Brain session in three steps: transcribe while the visitor speaks, generate text, synthesise clause by clause.

Shared by the brains `local` and `cascade`, which differ in who takes the steps. Knows when a turn must be read again,
where an answer is cut, and when one is begun at a mere pause, since the turn may be over; no models and no services.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from copy import deepcopy
from typing import Protocol

import numpy as np
from jaxtyping import Float32
from loguru import logger

from livetalk.conversation.brains.base import Answer, BrainError, ClauseSkipped, Speech, TextDelta, Transcript
from livetalk.conversation.brains.chunking import ClauseChunker
from livetalk.conversation.brains.speculative import SpeculativeReply
from livetalk.conversation.history import ChatHistory
from livetalk.geometry import SAMPLE_RATE
from livetalk.voice.text.markup import unmarked

PAUSE = 0.15  # seconds of silence after which a turn is read at once: it may be over
LIKELY = 0.6  # seconds of silence after which it likely is: its answer is not only thought but spoken ahead
HOP = SAMPLE_RATE // 50
SHARE = 3  # times as long as the last reading took are left before the next one, at least
LONGEST = 22  # seconds of sound read together; of a longer turn the beginning is settled


class SpeechPipeline(Protocol):
    """Services of the three steps. All raise BrainError."""

    reads_every: float  # seconds of new sound after which a going turn is read again, without a pause
    sentences: int  # of an answer; what the model writes beyond them is left off
    eager: bool  # whether speech is so slow that sentences are better cut at commas
    drafts: bool  # whether an answer may be begun that is perhaps not wanted
    whole: bool  # whether an answer that ends without a full stop is complete

    async def transcribe(self, sound: Float32[np.ndarray, " n"]) -> str:
        """The words of up to half a minute of sound at 16 kHz."""
        ...

    def think(self, messages: list[dict[str, str]]) -> AsyncGenerator[str, None]:
        """The answer to chat messages, in pieces of text."""
        ...

    def speak(self, text: str) -> AsyncGenerator[tuple[Float32[np.ndarray, " n"], int], None]:
        """The text as pieces of sound with their rate."""
        ...


class PipelineSession:
    """A mind of three steps: transcribe, think, speak. See the module docstring."""

    def __init__(self, steps: SpeechPipeline, memory: ChatHistory, tell: Callable[[Transcript], None]) -> None:
        self.steps, self.memory, self._tell = steps, memory, tell
        self._new = asyncio.Event()
        self._one_reads = asyncio.Lock()
        self._draft: SpeculativeReply | None = None
        self._took = 0.0  # seconds the last reading took
        self._reading: asyncio.Task[None] | None = None
        self.forget()

    def hear(self, sound: Float32[np.ndarray, " n"]) -> None:
        self._sound.append(sound)
        self._size += len(sound)
        self._loudest = max(self._loudest, float(np.abs(sound).max(initial=0)))
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_along())
        wait = min(max(self.steps.reads_every, SHARE * self._took), LONGEST)
        if self._size - self._read >= wait * SAMPLE_RATE or self._paused():
            self._new.set()
        if self._draft is not None and not _voiced(self._since(round(LIKELY * SAMPLE_RATE)), self._loudest):
            self._draft.speak_ahead()

    def forget(self) -> None:
        self._sound: list[np.ndarray] = []
        self._size = self._read = 0  # samples of the turn: all, and those the text was read from
        self._loudest = 0.0  # peak of the turn
        self._text = self._settled = ""
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        self._drop_draft()

    async def answer(self, text: str | None = None) -> AsyncIterator[Answer]:
        draft = None
        if text is None:
            text = await self._understand()
            draft, self._draft = self._draft, None
        self.forget()
        if not text:
            return
        yield Transcript(text)
        messages = self.memory.messages()
        if draft is None or draft.messages != messages:
            if draft is not None:
                draft.drop()
            draft = SpeculativeReply(messages, self._compose)
        try:
            async for part in draft:
                yield part
        finally:
            draft.drop()

    async def heard(self, seconds: float) -> None: ...

    async def close(self) -> None:
        reading = self._reading
        self.forget()
        if reading is not None:
            with suppress(asyncio.CancelledError):
                await reading

    async def _compose(self, messages: list[dict[str, str]], speaking: asyncio.Event) -> AsyncGenerator[Answer, None]:
        """The answer to chat messages: thoughts, and speech clause by clause once there may be `speaking`.

        Clauses that the voice cannot say are left out; that some were is told when the others have been said.
        """
        skipped: list[ClauseSkipped] = []
        async with aclosing(self._clauses(messages)) as parts:
            async for part in parts:
                if isinstance(part, TextDelta):
                    yield part
                    continue
                await speaking.wait()
                try:
                    async with aclosing(self._say(part)) as sounds:
                        async for sound in sounds:
                            yield sound
                except ClauseSkipped as skip:
                    logger.warning("a clause is not said: {}", skip)
                    skipped.append(skip)
        if skipped:
            raise skipped[0]

    async def _clauses(self, messages: list[dict[str, str]]) -> AsyncGenerator[TextDelta | str, None]:
        """Pieces of the answer's text as they come, and the clauses that are complete with them."""
        clauses = ClauseChunker(self.steps.eager)
        async with aclosing(self.steps.think(messages)) as pieces:
            async for piece in pieces:
                if piece:
                    yield TextDelta(piece)
                for clause in clauses.add(piece):
                    yield clause
                    if clauses.sentences >= self.steps.sentences:
                        return
        # What a small model had to leave off is not begun.
        for clause in clauses.rest() if self.steps.whole or not clauses.sentences else ():
            yield clause

    async def _say(self, clause: str) -> AsyncGenerator[Answer, None]:
        """The clause as sound, and its words without marks of Markdown."""
        text = unmarked(clause).strip()
        if not any(letter.isalnum() for letter in text):
            return
        async with aclosing(self.steps.speak(text)) as parts:
            async for sound, rate in parts:
                if len(sound):
                    yield Speech(sound, rate, text)
                    text = ""

    async def _understand(self) -> str:
        """The whole turn's text."""
        async with self._one_reads:
            if not self._complete():
                await self._read_now()
        return self._whole()

    async def _read_along(self) -> None:
        """Read the turn while it goes on; at a pause begin to answer."""
        while True:
            await self._new.wait()
            self._new.clear()
            before = self._whole()
            with suppress(BrainError):  # it is tried again, and told, when the turn is over
                async with self._one_reads:
                    if not self._complete():
                        await self._read_now()
            if self._whole() != before:
                self._tell(Transcript(self._whole(), final=False))
                self._drop_draft()
            if self.steps.drafts and self._whole() and self._draft is None and self._complete():
                self._draft = self._begin(self._whole())

    def _begin(self, text: str) -> SpeculativeReply:
        """An answer to the turn so far, in case that is all of it."""
        memory = deepcopy(self.memory)
        memory.turn_begins()
        memory.user_said(text)
        messages = memory.messages()
        return SpeculativeReply(messages, self._compose)

    def _drop_draft(self) -> None:
        draft, self._draft = self._draft, None
        if draft is not None:
            draft.drop()

    async def _read_now(self) -> None:
        size, sound = self._size, np.concatenate(self._sound)
        if len(sound) > LONGEST * SAMPLE_RATE:
            cut = _quietest(sound)
            text = await self.steps.transcribe(sound[:cut])
            self._settled = f"{self._settled} {text}".strip()
            self._sound = [np.concatenate(self._sound)[cut:]]
            self._loudest = float(np.abs(self._sound[0]).max(initial=0))
            sound = sound[cut:]
        began = time.monotonic()
        self._text = await self.steps.transcribe(sound)
        self._read, self._took = size, time.monotonic() - began

    def _whole(self) -> str:
        return f"{self._settled} {self._text}".strip()

    def _complete(self) -> bool:
        """Whether nothing but silence has come since the text was read."""
        return self._read > 0 and not _voiced(self._since(self._size - self._read), self._loudest)

    def _paused(self) -> bool:
        tail = self._since(round(PAUSE * SAMPLE_RATE))
        return self._size > self._read and len(tail) > HOP and not _voiced(tail, self._loudest)

    def _since(self, samples: int) -> Float32[np.ndarray, " n"]:
        """The newest samples of the turn."""
        parts, missing = [np.zeros(0, np.float32)], samples
        for piece in reversed(self._sound):
            if missing <= 0:
                break
            parts.append(piece[-missing:])
            missing -= len(piece)
        return np.concatenate(parts[::-1])


def _voiced(sound: Float32[np.ndarray, " n"], peak: float) -> bool:
    """Whether there may be speech in it: a fiftieth of a second that is not far below the turn's loudest."""
    frames = sound[: len(sound) // HOP * HOP].reshape(-1, HOP)
    return bool((np.abs(frames).max(1, initial=0) > max(0.08 * peak, 2e-3)).sum() > 1)


def _quietest(sound: Float32[np.ndarray, " n"]) -> int:
    """Where to cut: the quietest fifth of a second from the eighth second to two before the end."""
    low, high, size = 8 * SAMPLE_RATE, len(sound) - 2 * SAMPLE_RATE, SAMPLE_RATE // 5
    starts = range(low, high - size, size // 2)
    return min(starts, key=lambda start: float(np.square(sound[start : start + size]).mean())) + size // 2
