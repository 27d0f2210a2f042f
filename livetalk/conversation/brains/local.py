"""The brain that needs nobody: Whisper hears, SmolLM2 thinks, Kokoro speaks, all on this processor.

Transcription runs while the visitor speaks; when their turn is over, what is missing is read and the answer begins
with its first clause. The models are shared by all conversations and run with lower priority than the face, whose
frames have a time. Knows no pipeline.
"""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Float32

from livetalk.conversation.brains.brain import Answer, BrainError, Speech, Thought, Understood
from livetalk.conversation.brains.clauses import Clauses
from livetalk.conversation.brains.listener import Listener
from livetalk.conversation.brains.models import find_chat, find_whisper
from livetalk.conversation.brains.talker import Talker, spoken
from livetalk.conversation.memory import Memory
from livetalk.geometry import SAMPLE_RATE
from livetalk.voice.kokoro import RATE, Kokoro

T = TypeVar("T")
POLITE = 5  # how much lower than the face's the priority of these models is
NEW = 1.0  # seconds of new sound after which a going turn is read again
PAUSE = 0.15  # seconds of silence after which it is read at once: the turn may be over
HOP = SAMPLE_RATE // 50
LONGEST = 22  # seconds of sound read together; of a longer turn the beginning is settled
BETWEEN = 0.12  # seconds between two sentences
SENTENCES = 2  # of an answer: a small model gets lost in longer ones
WORDS = 160  # of memory: what a small model reads in a third of a second
INSTRUCTIONS = (
    "You are a friendly AI avatar. You answer the user in one short sentence. "
    "You remember what the user says about themselves."
)
VOICES = ("af_heart", "jf_alpha")  # the first one at hand


class LocalBrain:
    """See the module docstring. Folders: of models in place of those that are found; `language`: of the visitor."""

    name = "local"

    def __init__(
        self,
        whisper: Path | None = None,
        chat: Path | None = None,
        kokoro: Path | None = None,
        voice: str | None = None,
        language: str = "en",
        threads: int = 1,
    ) -> None:
        self._folders, self._voice, self._language, self._threads = (whisper, chat, kokoro), voice, language, threads
        self._workers = ThreadPoolExecutor(3, "brain", initializer=_be_polite)

    async def start(self) -> None:
        await self.work(self._load)

    def memory(self) -> Memory:
        return Memory(INSTRUCTIONS, WORDS)

    async def open(self, tell: Callable[[Understood], None]) -> "LocalMind":
        return LocalMind(self, tell)

    async def close(self) -> None:
        self._workers.shutdown(wait=True, cancel_futures=True)

    async def work(self, function: Callable[[], T]) -> T:
        """Run something long beside the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._workers, function)

    def speak(self, text: str) -> Float32[np.ndarray, " n"]:
        """The text as sound at `RATE`; nothing for a text without words."""
        try:
            with self._speaking:
                return self.kokoro.speak(text, self.voice).audio
        except ValueError:
            return np.zeros(0, np.float32)

    def _load(self) -> None:
        whisper, chat, kokoro = self._folders
        try:
            self.listener = Listener(find_whisper(whisper), self._threads, self._language)
            self.talker = Talker(find_chat(chat), self._threads)
            self.kokoro = Kokoro(kokoro, self._threads)
        except ImportError as error:
            raise BrainError("thinking", f"{error.name} is missing: pip install 'livetalk[talk]'") from error
        except ValueError as error:
            raise BrainError("voice", str(error)) from error
        known = self.kokoro.voices
        self.voice = self._voice or next((v for v in VOICES if v in known), known[0])
        self._speaking = threading.Lock()
        self.listener.transcribe(np.full(SAMPLE_RATE, 0.01, np.float32))  # what comes first is slow
        self.speak("Hello.")


class LocalMind:
    """One visitor's turns through the shared models."""

    def __init__(self, brain: LocalBrain, tell: Callable[[Understood], None]) -> None:
        self.brain, self._tell = brain, tell
        self._new = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self.forget()

    def hear(self, sound: Float32[np.ndarray, " n"]) -> None:
        self._sound.append(sound)
        self._size += len(sound)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_along())
        if self._size - self._read >= NEW * SAMPLE_RATE or self._paused():
            self._new.set()

    def forget(self) -> None:
        self._sound: list[np.ndarray] = []
        self._size = self._read = 0  # samples of the turn: all, and those the text was read from
        self._text = self._settled = ""
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def answer(self, memory: Memory, text: str | None = None) -> AsyncIterator[Answer]:
        if text is None:
            text = await self._understand()
            self.forget()
        if not text:
            return
        yield Understood(text)
        messages = memory.messages()
        clauses, texts = Clauses(), _Beside(lambda: self.brain.talker.answer(messages), self.brain)
        try:
            async for piece in texts:
                yield Thought(piece)
                for clause in clauses.add(spoken(piece)):
                    async for part in self._say(clause):
                        yield part
                if clauses.sentences >= SENTENCES:
                    return
            for clause in clauses.rest() if not clauses.sentences else ():  # what is cut off is not begun
                async for part in self._say(clause):
                    yield part
        finally:
            texts.stop()

    async def heard(self, seconds: float) -> None: ...

    async def close(self) -> None:
        reading = self._reading
        self.forget()
        if reading is not None:
            with suppress(asyncio.CancelledError):
                await reading

    async def _say(self, clause: str) -> AsyncIterator[Answer]:
        sound = await self.brain.work(lambda: self.brain.speak(clause))
        if len(sound):
            pause = np.zeros(round(BETWEEN * RATE), np.float32)
            yield Speech(np.concatenate([sound, pause]), RATE, clause)

    async def _understand(self) -> str:
        """The whole turn's text."""
        if not self._complete():
            await self._read_now()
        return self._whole()

    async def _read_along(self) -> None:
        """Read the turn while it goes on."""
        while True:
            await self._new.wait()
            self._new.clear()
            if self._complete():
                continue
            await self._read_now()
            self._tell(Understood(self._whole(), final=False))

    async def _read_now(self) -> None:
        size, sound = self._size, np.concatenate(self._sound)
        if len(sound) > LONGEST * SAMPLE_RATE:
            cut = _quietest(sound)
            text = await self.brain.work(lambda: self.brain.listener.transcribe(sound[:cut]))
            self._settled = f"{self._settled} {text}".strip()
            self._sound = [np.concatenate(self._sound)[cut:]]
            sound = sound[cut:]
        text = await self.brain.work(lambda: self.brain.listener.transcribe(sound))
        if size >= self._read:
            self._text, self._read = text, size

    def _whole(self) -> str:
        return f"{self._settled} {self._text}".strip()

    def _complete(self) -> bool:
        """Whether nothing but silence has come since the text was read."""
        return self._read > 0 and not _voiced(self._since(self._size - self._read), self._peak())

    def _paused(self) -> bool:
        tail = self._since(round(PAUSE * SAMPLE_RATE))
        return self._size > self._read and len(tail) > HOP and not _voiced(tail, self._peak())

    def _peak(self) -> float:
        return max((float(np.abs(piece).max(initial=0)) for piece in self._sound), default=0.0)

    def _since(self, samples: int) -> Float32[np.ndarray, " n"]:
        """The newest samples of the turn."""
        parts, missing = [np.zeros(0, np.float32)], samples
        for piece in reversed(self._sound):
            if missing <= 0:
                break
            parts.append(piece[-missing:])
            missing -= len(piece)
        return np.concatenate(parts[::-1])


class _Beside:
    """Runs an iterator on a thread of the brain; its items come to the loop."""

    def __init__(self, make: Callable[[], Iterator[str]], brain: LocalBrain) -> None:
        self._make, self._brain = make, brain
        self._loop, self._items = asyncio.get_running_loop(), asyncio.Queue[str | None]()
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    async def __aiter__(self) -> AsyncIterator[str]:
        work = asyncio.ensure_future(self._brain.work(self._run))
        work.add_done_callback(lambda _: self._items.put_nowait(None))
        while (item := await self._items.get()) is not None:
            yield item
        await work

    def _run(self) -> None:
        for item in self._make():
            if self._stopped:
                return
            self._loop.call_soon_threadsafe(self._items.put_nowait, item)


def _voiced(sound: Float32[np.ndarray, " n"], peak: float) -> bool:
    """Whether there may be speech in it: a fiftieth of a second that is not far below the turn's loudest."""
    frames = sound[: len(sound) // HOP * HOP].reshape(-1, HOP)
    return bool((np.abs(frames).max(1, initial=0) > max(0.08 * peak, 2e-3)).sum() > 1)


def _quietest(sound: Float32[np.ndarray, " n"]) -> int:
    """Where to cut: the quietest fifth of a second from the eighth second to two before the end."""
    low, high, size = 8 * SAMPLE_RATE, len(sound) - 2 * SAMPLE_RATE, SAMPLE_RATE // 5
    starts = range(low, high - size, size // 2)
    return min(starts, key=lambda start: float(np.square(sound[start : start + size]).mean())) + size // 2


def _be_polite() -> None:
    """Lower the calling thread's priority, where the system knows such a thing; threads it starts inherit it."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), POLITE)
