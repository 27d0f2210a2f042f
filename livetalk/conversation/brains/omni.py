"""The brain that hears and speaks by itself: an audio language model behind a Realtime websocket.

The paper's set-up: Qwen3-Omni served by vLLM-Omni or SGLang; OpenAI's own works the same. The visitor's sound is sent
while they speak, the answer comes as sound and text. A line that drops is dialled again, with the memory told anew
and the turn so far sent again. When an answer is cut off, the server is told how much of it was heard.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import numpy as np
import soxr
from jaxtyping import Float32

from livetalk.conversation.brains.brain import Answer, BrainError, Speech, Thought, Understood
from livetalk.conversation.brains.realtime import (
    AUDIO,
    HARMLESS,
    TEXT,
    Event,
    RealtimeConfig,
    RealtimeLine,
    encoded,
    session,
    soon,
)
from livetalk.conversation.memory import Memory
from livetalk.geometry import SAMPLE_RATE

LONGEST_TURN = 60.0  # seconds of a turn that are kept to be sent again
AFTERTHOUGHT = 1.0  # seconds that the visitor's words may come after the answer


class OmniBrain:
    """See the module docstring."""

    name = "omni"

    def __init__(self, config: RealtimeConfig | None = None) -> None:
        self.config = config or RealtimeConfig()

    async def start(self) -> None:
        """Dial once, to tell early if that fails."""
        line = await RealtimeLine.dial(self.config)
        await line.close()

    def memory(self) -> Memory:
        return Memory()

    async def open(self, memory: Memory, tell: Callable[[Understood], None]) -> "OmniMind":
        return OmniMind(self.config, memory, tell)

    async def close(self) -> None: ...


class OmniMind:
    """One conversation on one line."""

    def __init__(self, config: RealtimeConfig, memory: Memory, tell: Callable[[Understood], None]) -> None:
        self.config, self.memory, self._tell = config, memory, tell
        self._line: RealtimeLine | None = None
        self._reader: asyncio.Task[None] | None = None
        self._sender: asyncio.Task[None] | None = None
        self._events: asyncio.Queue[Event | BrainError] = asyncio.Queue()
        self._turn: deque[np.ndarray] = deque()  # sound of the turn
        self._sent = 0  # pieces of it that this line has
        self._item = ""  # the server's name of the answer
        self._answering = False
        self._void: set[str] = set()  # answers that were cut off
        self._word = ""  # the beginning of a word whose rest has not come
        self._resampler = self._new_resampler()
        self._current = ""

    def hear(self, sound: Float32[np.ndarray, " n"]) -> None:
        self._turn.append(self._resampler.resample_chunk(np.ascontiguousarray(sound, np.float32)))
        while len(self._turn) > 1 and sum(map(len, self._turn)) > LONGEST_TURN * self.config.rate:
            self._turn.popleft()
            self._sent = max(0, self._sent - 1)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_along())

    def forget(self) -> None:
        self._turn.clear()
        if self._sent and self._line is not None and self._line.open and self.config.dialect == "openai":
            self._sender = asyncio.create_task(_quietly(self._line.send("input_audio_buffer.clear")))
        self._sent = 0

    async def answer(self, text: str | None = None) -> AsyncIterator[Answer]:
        if text is None and not self._turn:
            return
        if text is None:
            self._turn.append(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        self._resampler, self._word = self._new_resampler(), ""
        if self._sender is not None:
            await self._sender
        line = await self._connected()
        if text is None:
            await self._send_rest(line)
        self._events = asyncio.Queue()
        self._answering, self._item, self._current = True, "", ""
        understood = text is not None or self.config.transcription is None or self.config.dialect != "openai"
        try:
            if text is not None:
                yield Understood(text)
            await self._ask(line, text)
            ended = False
            while not (ended and understood):
                try:
                    patience = AFTERTHOUGHT if ended else self.config.patience
                    event = await soon(self._events, patience, line.where)
                except BrainError:
                    if ended:  # the words of the visitor did not come: the answer was whole nevertheless
                        return
                    raise
                for part in self._parts(event):
                    understood |= isinstance(part, Understood)
                    yield part
                ended |= event.kind in ("response.done", "response.output_audio.done" if self._old else "")
            self._answering = False
        finally:
            if self._answering:
                await self._cut_off()

    async def heard(self, seconds: float) -> None:
        """Tell the server how much of its last answer was heard, so that it remembers no more."""
        item, self._item = self._item, ""
        if item and self._line is not None and self._line.open:
            cut = {"item_id": item, "content_index": 0, "audio_end_ms": max(0, round(1000 * seconds))}
            await _quietly(self._line.send("conversation.item.truncate", **cut))

    async def close(self) -> None:
        for task in (self._sender, self._reader):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        if self._line is not None:
            await self._line.close()

    @property
    def _old(self) -> bool:
        return self.config.dialect == "vllm-omni"

    def _parts(self, event: Event) -> list[Answer]:
        """What an event brings."""
        if event.kind == "response.created" and event.response not in self._void:
            self._current = self._current or event.response
        if event.response and (event.response in self._void or (self._current and event.response != self._current)):
            return []
        match event.kind:
            case kind if kind in AUDIO:
                self._item = event.text("item_id") or self._item
                return [Speech(event.sound, event.rate)] if len(event.sound) else []
            case kind if kind in TEXT or (self._old and kind == "transcription.delta"):
                return self._words(event.text("delta"))
            case "response.output_audio.done" if self._old:
                return self._words(" ")
            case "conversation.item.input_audio_transcription.completed":
                return [Understood(event.text("transcript").strip())]
            case "conversation.item.input_audio_transcription.failed":
                return [Understood("")]
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
        return [*([Thought(text)] if text.strip() else []), *said]

    def _new_resampler(self) -> soxr.ResampleStream:
        return soxr.ResampleStream(SAMPLE_RATE, self.config.rate, 1, dtype="float32", quality="MQ")

    def _check(self, done: Event) -> None:
        inner = done.body.get("response")
        if isinstance(inner, dict) and inner.get("status") == "failed":
            raise BrainError("thinking", f"{self.config.url} could not answer: try again")

    async def _ask(self, line: RealtimeLine, text: str | None) -> None:
        """End the turn and ask for an answer."""
        if text is not None:
            if self._old:
                raise BrainError("thinking", "this server takes no typed text: speak, or use another brain")
            content = [{"type": "input_text", "text": text}]
            item = {"type": "message", "role": "user", "content": content}
            await line.send("conversation.item.create", item=item)
        elif self._old:
            await line.send("input_audio_buffer.commit", final=True)
        else:
            await line.send("input_audio_buffer.commit")
        if not self._old:
            await line.send("response.create")
        self._turn.clear()
        self._sent = 0

    async def _cut_off(self) -> None:
        """The answer is not wanted any more."""
        self._answering = False
        if self._current:
            self._void = {self._current}
        if self._line is None or not self._line.open:
            return
        if self._old:  # it knows no cancelling
            await self._hang_up()
        else:
            await _quietly(self._line.send("response.cancel"))

    async def _send_along(self) -> None:
        """Send what was heard and not sent; a line that fails is dialled again when the answer is asked for."""
        with suppress(BrainError):
            await self._send_rest(await self._connected())

    async def _connected(self) -> RealtimeLine:
        """The line, dialled if there is none; the turn is to be sent again then."""
        if self._line is not None and self._line.open:
            return self._line
        await self._hang_up()
        line = await RealtimeLine.dial(self.config)
        self._line, self._sent = line, 0
        self._reader = asyncio.create_task(self._read(line))
        await line.send("session.update", session=session(self.config, self.memory.messages()[0]["content"]))
        if not self._old:
            for turn in self.memory.messages()[1:]:
                kind = "input_text" if turn["role"] == "user" else "output_text"
                content = [{"type": kind, "text": turn["content"]}]
                item = {"type": "message", "role": turn["role"], "content": content}
                await line.send("conversation.item.create", item=item)
        return line

    async def _send_rest(self, line: RealtimeLine) -> None:
        """The sound of the turn that this line has not got."""
        while self._sent < len(self._turn):
            piece = self._turn[self._sent]
            if self._old and self._sent == 0:
                await line.send("input_audio_buffer.commit", final=False)
            self._sent += 1
            if len(piece):
                await line.send("input_audio_buffer.append", audio=encoded(piece))

    async def _read(self, line: RealtimeLine) -> None:
        try:
            async for event in line.events():
                if self._answering:
                    self._events.put_nowait(event)
                elif event.kind == "conversation.item.input_audio_transcription.completed":
                    self._tell(Understood(event.text("transcript").strip()))  # of a turn whose answer was cut off
        except BrainError as error:
            self._events.put_nowait(error)

    async def _hang_up(self) -> None:
        reader, self._reader = self._reader, None
        line, self._line = self._line, None
        if reader is not None:
            reader.cancel()
        if line is not None:
            await line.close()


async def _quietly(sending: Awaitable[None]) -> None:
    with suppress(BrainError):
        await sending
