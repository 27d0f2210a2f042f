"""Omni brain: an audio language model behind a Realtime websocket, which hears and speaks itself.

The paper's set-up: Qwen3-Omni served by vLLM-Omni or SGLang; OpenAI's own works the same. The visitor's sound is sent
while they speak, the answer comes as sound and text. When an answer is cut off, the server is told how much of it was
heard; nobody waits for that, and what still comes of that answer is left out. Lines are `connection.py`'s business.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import numpy as np
import soxr
from jaxtyping import Float32

from livetalk.conversation.brains.base import Answer, BrainError, Speech, TextDelta, Transcript
from livetalk.conversation.brains.connection import RealtimeConnection
from livetalk.conversation.brains.realtime import (
    AUDIO,
    COMMITTED,
    HARMLESS,
    HEARD,
    TEXT,
    TICKET,
    UNHEARD,
    Event,
    Newest,
    RealtimeConfig,
    RealtimeLine,
    soon,
)
from livetalk.conversation.history import ChatHistory
from livetalk.geometry import SAMPLE_RATE

AFTERTHOUGHT = 1.0  # seconds that the visitor's words may come after the answer
SETTLING = 0.5  # seconds that a server is given to end an answer that was cut off, before the next is asked for


class OmniBrain:
    """See the module docstring."""

    name = "omni"

    def __init__(self, config: RealtimeConfig | None = None) -> None:
        self.config = config or RealtimeConfig()

    async def start(self) -> None:
        """Dial once, to tell early if that fails."""
        line = await RealtimeLine.dial(self.config)
        await line.close()

    def memory(self) -> ChatHistory:
        return ChatHistory()

    async def open(self, memory: ChatHistory, tell: Callable[[Transcript], None]) -> "OmniSession":
        return OmniSession(self.config, memory, tell)

    async def close(self) -> None: ...


class OmniSession:
    """One conversation: its turns and answers, on one line at a time."""

    def __init__(self, config: RealtimeConfig, memory: ChatHistory, tell: Callable[[Transcript], None]) -> None:
        self.config, self._tell = config, tell
        self._connection = RealtimeConnection(config, memory, self._begin_line, self._take)
        self._events: asyncio.Queue[Event | BrainError] = asyncio.Queue()
        self._asked = 0  # answers
        self._answers, self._turns = Newest(), Newest()  # of this line
        self._idle = asyncio.Event()  # the server has ended what it was asked for
        self._item = ""  # the server's name of the answer
        self._answering = False
        self._due = False  # the words of the turn have still to come
        self._word = ""  # the beginning of a word whose rest has not come
        self._resampler = self._new_resampler()

    def hear(self, sound: Float32[np.ndarray, " n"]) -> None:
        self._connection.append(self._resampler.resample_chunk(np.ascontiguousarray(sound, np.float32)))

    def forget(self) -> None:
        self._connection.forget_turn()

    async def answer(self, text: str | None = None) -> AsyncIterator[Answer]:
        if text is None and not self._connection.has_turn:
            return
        self._asked += 1
        self._due = False  # words of an older turn that come now would be taken for this one's
        rest = None if text is not None else self._resampler.resample_chunk(np.zeros(0, np.float32), last=True)
        self._resampler, self._word, self._item = self._new_resampler(), "", ""
        line = await self._connection.line(rest)
        self._events = asyncio.Queue()
        ended = False
        try:
            if text is not None:
                yield Transcript(text)
            await self._ask(line, text)
            while not ended or self._due:
                try:
                    event = await soon(self._events, AFTERTHOUGHT if ended else self.config.patience, line.where)
                except BrainError:
                    if ended:  # the words of the visitor did not come: the answer was whole nevertheless
                        break
                    raise
                self._connection.note_alive()
                for part in self._parts(event):
                    yield part
                ended |= event.kind in ("response.done", "response.output_audio.done" if self.config.older else "")
            self._answering = False
        except BrainError:
            if self._answers.unnamed:  # it may still come, or never: only a new line can tell the next one from it
                self._connection.hang_up()
            raise
        finally:
            if self._answering:
                self._cut_off()

    async def heard(self, seconds: float) -> None:
        """Tell the server, by and by, how much of its last answer was heard, so that it remembers no more."""
        item, self._item = self._item, ""
        if item:
            cut = {"item_id": item, "content_index": 0, "audio_end_ms": max(0, round(1000 * seconds))}
            self._connection.later("conversation.item.truncate", event_id=f"{self._ticket}.truncate", **cut)

    async def close(self) -> None:
        await self._connection.close()

    @property
    def _ticket(self) -> str:
        """Names the answer in what we send: an error that is about an older one says so."""
        return f"{TICKET}{self._asked}"

    def _parts(self, event: Event) -> list[Answer]:
        """What an event of the answer brings."""
        match event.kind:
            case kind if kind in AUDIO:
                self._item = event.text("item_id") or self._item
                return [Speech(event.sound, event.rate)] if len(event.sound) else []
            case kind if kind in TEXT or (self.config.older and kind == "transcription.delta"):
                return self._words(event.text("delta"))
            case "response.output_audio.done" if self.config.older:
                return self._words(" ")
            case kind if kind in (HEARD, UNHEARD):
                self._due = False
                return [Transcript(event.text("transcript").strip())]
            case "response.done":
                self._check(event)
                return self._words(" ")
            case "error":
                code, message = event.problem
                if code not in HARMLESS:
                    raise BrainError("thinking", f"{self.config.url} reports: {message[:200]}")
        return []

    def _words(self, text: str) -> list[Answer]:
        """Whole words of the answer; what may go on is kept back."""
        *whole, self._word = re.split(r"(?<=\s)(?=\S)", self._word + text)
        if self._word[-1:].isspace():
            whole, self._word = [*whole, self._word], ""
        words = "".join(whole).strip()
        said: list[Answer] = [Speech(np.zeros(0, np.float32), 24_000, words)] if words else []
        return [*([TextDelta(text)] if text.strip() else []), *said]

    def _new_resampler(self) -> soxr.ResampleStream:
        return soxr.ResampleStream(SAMPLE_RATE, self.config.rate, 1, dtype="float32", quality="MQ")

    def _check(self, done: Event) -> None:
        inner = done.body.get("response")
        if isinstance(inner, dict) and inner.get("status") == "failed":
            raise BrainError("thinking", f"{self.config.url} could not answer: try again")

    async def _ask(self, line: RealtimeLine, text: str | None) -> None:
        """End the turn and ask for an answer."""
        if self.config.older and text is not None:
            raise BrainError("thinking", "this server takes no typed text: speak, or use another brain")
        with suppress(TimeoutError):  # a second answer at the same time would be refused
            await asyncio.wait_for(self._idle.wait(), SETTLING)
        self._connection.end_turn()
        if self.config.older:
            self._answering = True
            await line.send("input_audio_buffer.commit", final=True)
            return
        if text is not None:
            content = [{"type": "input_text", "text": text}]
            item = {"type": "message", "role": "user", "content": content}
            await line.send("conversation.item.create", item=item)
        else:
            self._due = self.config.transcription is not None
            self._turns.ask(self._ticket)
            await line.send("input_audio_buffer.commit", event_id=f"{self._ticket}.commit")
        self._answering = True
        self._answers.ask(self._ticket)
        self._idle.clear()
        await line.send("response.create", event_id=self._ticket)

    def _cut_off(self) -> None:
        """The answer is not wanted any more; the server learns it by and by."""
        self._answering = False
        if self.config.older:  # it knows no cancelling
            self._connection.hang_up()
        else:
            self._connection.later("response.cancel", event_id=f"{self._ticket}.cancel")

    def _begin_line(self) -> None:
        """A new line: it knows nothing of what was asked for on another."""
        self._item = ""
        self._answers, self._turns = Newest(), Newest()
        self._idle.set()

    def _take(self, event: Event | BrainError) -> None:
        """Keep what belongs to the answer that is wanted; words of its turn are told though it was cut off."""
        if isinstance(event, BrainError):
            self._events.put_nowait(event)
            return
        item = event.text("item_id")
        if event.kind in ("response.created", "response.done"):
            self._answers.named(event.response)
        if event.kind in (COMMITTED, HEARD, UNHEARD):
            self._turns.named(item)
        match event.kind:
            case "error":
                wanted = self._concerns_us(event)
            case kind if kind in (HEARD, UNHEARD):
                wanted = self._due and self._turns.owns(item)
                if wanted and not self._answering:
                    self._due = False
                    self._tell(Transcript(event.text("transcript").strip()))
            case _:
                wanted = self._answers.owns(event.response)
                if wanted and event.kind == "response.done":
                    self._idle.set()
        if wanted and self._answering:
            self._events.put_nowait(event)

    def _concerns_us(self, error: Event) -> bool:
        """Whether it is about the answer that is wanted, as far as it says. What was refused is not waited for."""
        ticket, _, what = error.about.partition(".")
        if not ticket.startswith(TICKET):
            return True
        if what == "commit":
            self._turns.refused(ticket)
        elif what in ("", "cancel"):
            self._answers.refused(ticket)
            self._idle.set()
        return ticket == self._ticket
