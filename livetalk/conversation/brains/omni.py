"""The brain that hears and speaks by itself: an audio language model behind a Realtime websocket.

The paper's set-up: Qwen3-Omni served by vLLM-Omni or SGLang; OpenAI's own works the same. The visitor's sound is sent
while they speak, the answer comes as sound and text. A line that drops is dialled again, with the memory told anew
and the turn so far sent again. When an answer is cut off, the server is told how much of it was heard; nobody waits
for that, and what still comes of that answer is left out.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import numpy as np
import soxr
from jaxtyping import Float32

from livetalk.conversation.brains.base import Answer, BrainError, Speech, TextDelta, Transcript
from livetalk.conversation.brains.realtime import (
    AUDIO,
    COMMITTED,
    HARMLESS,
    HEARD,
    TEXT,
    UNHEARD,
    Event,
    Newest,
    RealtimeConfig,
    RealtimeLine,
    encoded,
    session,
    soon,
)
from livetalk.conversation.history import ChatHistory
from livetalk.geometry import SAMPLE_RATE

LONGEST_TURN = 60.0  # seconds of a turn that are kept to be sent again
AFTERTHOUGHT = 1.0  # seconds that the visitor's words may come after the answer
SETTLING = 0.5  # seconds that a server is given to end an answer that was cut off, before the next is asked for
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 8.0  # seconds until sound dials again; an answer that is asked for dials at once
TICKET = "answer-"  # begins the names that we give to what we ask for


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
    """One conversation, on one line at a time."""

    def __init__(self, config: RealtimeConfig, memory: ChatHistory, tell: Callable[[Transcript], None]) -> None:
        self.config, self.memory, self._tell = config, memory, tell
        self._line: RealtimeLine | None = None
        self._reader: asyncio.Task[None] | None = None
        self._sender: asyncio.Task[None] | None = None
        self._goodbyes: set[asyncio.Task[None]] = set()
        self._dialling = asyncio.Lock()
        self._pause, self._dial_at = FIRST_PAUSE, 0.0
        self._errands: deque[tuple[RealtimeLine, str, dict[str, Any]]] = deque()  # to be sent before more sound
        self._events: asyncio.Queue[Event | BrainError] = asyncio.Queue()
        self._turn: deque[np.ndarray] = deque()  # sound of the turn
        self._sent = 0  # pieces of it that this line has
        self._asked = 0  # answers
        self._answers, self._turns = Newest(), Newest()  # of this line
        self._idle = asyncio.Event()  # the server has ended what it was asked for
        self._item = ""  # the server's name of the answer
        self._answering = False
        self._due = False  # the words of the turn have still to come
        self._word = ""  # the beginning of a word whose rest has not come
        self._resampler = self._new_resampler()

    def hear(self, sound: Float32[np.ndarray, " n"]) -> None:
        self._turn.append(self._resampler.resample_chunk(np.ascontiguousarray(sound, np.float32)))
        while len(self._turn) > 1 and sum(map(len, self._turn)) > LONGEST_TURN * self.config.rate:
            self._turn.popleft()
            self._sent = max(0, self._sent - 1)
        self._send_soon()

    def forget(self) -> None:
        if self._sent and not self._old:
            self._later("input_audio_buffer.clear")
        self._turn.clear()
        self._sent = 0

    async def answer(self, text: str | None = None) -> AsyncIterator[Answer]:
        if text is None and not self._turn:
            return
        self._asked += 1
        self._due = False  # words of an older turn that come now would be taken for this one's
        if text is None:
            self._turn.append(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        self._resampler, self._word, self._item = self._new_resampler(), "", ""
        if self._sender is not None:
            await asyncio.wait([self._sender])  # one who leaves off here must not stop what is being sent
        line = await self._connected()
        if text is None:
            await self._send_rest(line)
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
                self._pause, self._dial_at = FIRST_PAUSE, 0.0  # the server is there
                for part in self._parts(event):
                    yield part
                ended |= event.kind in ("response.done", "response.output_audio.done" if self._old else "")
            self._answering = False
        except BrainError:
            if self._answers.unnamed:  # it may still come, or never: only a new line can tell the next one from it
                self._hang_up()
            raise
        finally:
            if self._answering:
                self._cut_off()

    async def heard(self, seconds: float) -> None:
        """Tell the server, by and by, how much of its last answer was heard, so that it remembers no more."""
        item, self._item = self._item, ""
        if item:
            cut = {"item_id": item, "content_index": 0, "audio_end_ms": max(0, round(1000 * seconds))}
            self._later("conversation.item.truncate", event_id=f"{self._ticket}.truncate", **cut)

    async def close(self) -> None:
        tasks = [task for task in (self._sender, self._reader) if task is not None]
        for task in tasks:
            task.cancel()
        self._hang_up()
        await asyncio.gather(*tasks, *self._goodbyes, return_exceptions=True)

    @property
    def _old(self) -> bool:
        return self.config.dialect == "vllm-omni"

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
            case kind if kind in TEXT or (self._old and kind == "transcription.delta"):
                return self._words(event.text("delta"))
            case "response.output_audio.done" if self._old:
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
        if self._old and text is not None:
            raise BrainError("thinking", "this server takes no typed text: speak, or use another brain")
        with suppress(TimeoutError):  # a second answer at the same time would be refused
            await asyncio.wait_for(self._idle.wait(), SETTLING)
        self._turn.clear()
        self._sent = 0
        if self._old:
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
        if self._old:  # it knows no cancelling
            self._hang_up()
        else:
            self._later("response.cancel", event_id=f"{self._ticket}.cancel")

    def _later(self, kind: str, **body: Any) -> None:
        """Send it on this line, without anybody waiting for it."""
        if self._line is not None and self._line.open:
            self._errands.append((self._line, kind, body))
            self._send_soon()

    def _send_soon(self) -> None:
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_along())

    async def _send_along(self) -> None:
        """Send what there is. Sound that finds no line dials at times; else it waits until the answer is asked for."""
        with suppress(BrainError):
            while self._errands or self._sent < len(self._turn):
                if self._errands:
                    line, kind, body = self._errands.popleft()
                    with suppress(BrainError):
                        await line.send(kind, **body)
                elif self._line is not None and self._line.open:
                    await self._send_piece(self._line)
                elif time.monotonic() >= self._dial_at:
                    await self._connected()
                else:
                    return

    async def _send_rest(self, line: RealtimeLine) -> None:
        """The sound of the turn that this line has not got."""
        while self._sent < len(self._turn):
            await self._send_piece(line)

    async def _send_piece(self, line: RealtimeLine) -> None:
        piece, first = self._turn[self._sent], self._sent == 0
        self._sent += 1
        if self._old and first:
            await line.send("input_audio_buffer.commit", final=False)
        if len(piece):
            await line.send("input_audio_buffer.append", audio=encoded(piece))

    async def _connected(self) -> RealtimeLine:
        """The line, dialled if there is none; the turn is to be sent again then."""
        async with self._dialling:
            if self._line is not None and self._line.open:
                return self._line
            self._hang_up()
            try:
                line = await RealtimeLine.dial(self.config)
            finally:  # a server that takes the call and drops it is as little use as one that is not there
                self._dial_at = time.monotonic() + self._pause
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
            try:
                await self._introduce(line)
            except BaseException:
                self._say_goodbye(line)
                raise
            self._line, self._sent, self._item = line, 0, ""
            self._answers, self._turns = Newest(), Newest()
            self._idle.set()
            self._reader = asyncio.create_task(self._read(line))
            return line

    async def _introduce(self, line: RealtimeLine) -> None:
        """Tell a new line what was said so far."""
        instructions, *turns = self.memory.messages()
        ticket = {} if self._old else {"event_id": f"{TICKET}0"}  # what is refused of it is no answer's fault
        await line.send("session.update", session=session(self.config, instructions["content"]), **ticket)
        for turn in turns if not self._old else []:
            kind = "input_text" if turn["role"] == "user" else "output_text"
            content = [{"type": kind, "text": turn["content"]}]
            item = {"type": "message", "role": turn["role"], "content": content}
            await line.send("conversation.item.create", item=item, **ticket)

    async def _read(self, line: RealtimeLine) -> None:
        try:
            async for event in line.events():
                self._sort(event)
        except BrainError as error:
            self._events.put_nowait(error)

    def _sort(self, event: Event) -> None:
        """Keep what belongs to the answer that is wanted; words of its turn are told though it was cut off."""
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

    def _hang_up(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
        if self._line is not None:
            self._say_goodbye(self._line)
        self._line = self._reader = None

    def _say_goodbye(self, line: RealtimeLine) -> None:
        """Aside: a server may be slow to answer it."""
        goodbye = asyncio.create_task(line.close())
        self._goodbyes.add(goodbye)
        goodbye.add_done_callback(self._goodbyes.discard)
