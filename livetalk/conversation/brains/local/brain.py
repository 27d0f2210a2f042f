"""Local brain: Whisper transcribes, SmolLM2 answers and Kokoro speaks, all on this machine's CPU.

Transcription runs while the visitor speaks; when their turn is over, what is missing is read and the answer begins
with its first clause. The models are shared by all conversations and run with lower priority than the face, whose
frames have a time. Knows no pipeline.
"""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Float32
from loguru import logger

from livetalk.conversation.brains.base import BrainError, ClauseSkipped, Step, Transcript
from livetalk.conversation.brains.local.asr import LocalASR
from livetalk.conversation.brains.local.llm import LocalLLM
from livetalk.conversation.brains.local.models import find_chat, find_whisper
from livetalk.conversation.brains.pipeline import PipelineSession
from livetalk.conversation.history import ChatHistory
from livetalk.geometry import SAMPLE_RATE
from livetalk.voice.aloud import favourite
from livetalk.voice.kokoro import RATE, Halt, Halted, Kokoro
from livetalk.voice.text.scripts import UnknownScriptError, left_out

T = TypeVar("T")
POLITE = 15  # how much lower than the face's the priority of these models is
BETWEEN = 0.12  # seconds behind a comma or a full stop
BREATH = 0.03  # behind a piece that ends within a clause, whose own silence is cut off
QUIET = 0.02  # peak below which the end of a piece is silent
WORDS = 160  # of memory: what a small model reads in a third of a second
INSTRUCTIONS = (
    "You are a friendly AI avatar. You answer the user in one short sentence. "
    "You remember what the user says about themselves."
)


class LocalBrain:
    """See the module docstring. Folders: of models in place of those that are found; `language`: of the visitor."""

    name = "local"
    reads_every = 1.0
    sentences = 2  # a small model gets lost in longer answers
    eager = True
    drafts = True
    whole = False

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

    def memory(self) -> ChatHistory:
        return ChatHistory(INSTRUCTIONS, WORDS)

    async def open(self, memory: ChatHistory, tell: Callable[[Transcript], None]) -> PipelineSession:
        return PipelineSession(self, memory, tell)

    async def close(self) -> None:
        await asyncio.to_thread(self._workers.shutdown, wait=True, cancel_futures=True)

    async def work(self, function: Callable[[], T]) -> T:
        """Run something long beside the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._workers, function)

    async def transcribe(self, sound: Float32[np.ndarray, " n"]) -> str:
        return await self.work(lambda: self.listener.transcribe(sound))

    async def think(self, messages: list[dict[str, str]]) -> AsyncGenerator[str, None]:
        thinking = self.talker.answer(messages)
        while not thinking.over:
            beside = _Beside(thinking.more, self)
            try:
                async for piece in beside:
                    yield piece
            finally:
                beside.stop()

    async def speak(self, text: str) -> AsyncGenerator[tuple[Float32[np.ndarray, " n"], int], None]:
        halt = Halt()
        try:
            sound = await self.work(lambda: self._spoken(text, halt))
        finally:
            halt.now()  # what nobody wants any more takes no time from others
        if not len(sound):
            return
        goes_on = text[-1].isalnum()
        if goes_on:
            sound = sound[: np.flatnonzero(np.abs(sound) > QUIET).max(initial=0) + 1]
        yield np.concatenate([sound, np.zeros(round((BREATH if goes_on else BETWEEN) * RATE), np.float32)]), RATE

    def _spoken(self, text: str, halt: Halt | None = None) -> Float32[np.ndarray, " n"]:
        """The text as sound at `RATE`; nothing for a text without words, or one that is not wanted any more.

        Raises ClauseSkipped for a text in letters that the voice cannot read.
        """
        if note := left_out(text):
            logger.warning("{}", note)
        try:
            with self._speaking:
                return self.kokoro.speak(text, self.voice, halt=halt).audio
        except UnknownScriptError as strange:
            raise ClauseSkipped("voice", f"{strange.letters} cannot be said by this voice: ask in English") from strange
        except (ValueError, Halted):
            return np.zeros(0, np.float32)

    def _load(self) -> None:
        whisper, chat, kokoro = self._folders
        self.listener = _loaded("transcription", lambda: LocalASR(find_whisper(whisper), self._threads, self._language))
        self.talker = _loaded("thinking", lambda: LocalLLM(find_chat(chat), self._threads, INSTRUCTIONS))
        self.kokoro = _loaded("voice", lambda: Kokoro(kokoro, self._threads))
        self.voice = self._voice or favourite(self.kokoro.voices)
        if self.voice not in self.kokoro.voices:
            voices = ", ".join(sorted(self.kokoro.voices))
            raise BrainError("voice", f"there is no voice {self.voice!r} here: choose one of {voices}")
        self._speaking = threading.Lock()
        self.listener.transcribe(np.full(SAMPLE_RATE, 0.01, np.float32))  # what comes first is slow
        for _ in self.talker.answer(self.memory().messages()):
            break
        self._spoken("Hello.")


def _loaded(step: Step, load: Callable[[], T]) -> T:
    """What `load` makes. Raises BrainError, with what to do, for whatever keeps it from that."""
    try:
        return load()
    except BrainError:
        raise
    except ImportError as error:
        raise BrainError(step, f"{error.name} is missing: pip install 'livetalk[talk]'") from error
    except ValueError as error:
        raise BrainError(step, str(error)) from error
    except Exception as error:  # CTranslate2 and tokenizers say RuntimeError or Exception of damaged files
        words = str(error).strip().splitlines() or [type(error).__name__]
        raise BrainError(step, f"this model is damaged or incomplete, give another folder ({words[0]})") from error


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


def _be_polite() -> None:
    """Lower the calling thread's priority, where the system knows such a thing; threads it starts inherit it."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), POLITE)
