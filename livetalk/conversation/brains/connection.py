"""Connection to a Realtime server that outlives its lines: sends the visitor's turn while they speak, dials again.

A new line is told what was said so far and gets the turn so far once more. Sound that finds no line dials at times;
who asks for an answer dials at once. What nobody waits for (`later`) is sent before more sound, on the line that it
was meant for. Knows no answers.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import numpy as np
from jaxtyping import Float32

from livetalk.conversation.brains.base import BrainError
from livetalk.conversation.brains.realtime import Event, RealtimeConfig, RealtimeLine, encoded, introduction
from livetalk.conversation.history import ChatHistory

LONGEST_TURN = 60.0  # seconds of a turn that are kept to be sent again
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 8.0  # seconds until sound dials again; an answer that is asked for dials at once


class RealtimeConnection:
    """See the module docstring. `on_line`: called when a new line is there; `on_event`: with what comes on it."""

    def __init__(
        self,
        config: RealtimeConfig,
        memory: ChatHistory,
        on_line: Callable[[], None],
        on_event: Callable[[Event | BrainError], None],
    ) -> None:
        self.config, self.memory = config, memory
        self._on_line, self._on_event = on_line, on_event
        self._line: RealtimeLine | None = None
        self._reader: asyncio.Task[None] | None = None
        self._sender: asyncio.Task[None] | None = None
        self._goodbyes: set[asyncio.Task[None]] = set()
        self._dialling = asyncio.Lock()
        self._pause, self._dial_at = FIRST_PAUSE, 0.0
        self._errands: deque[tuple[RealtimeLine, str, dict[str, object]]] = deque()  # to be sent before more sound
        self._turn: deque[np.ndarray] = deque()  # sound of the turn
        self._sent = 0  # pieces of it that this line has

    @property
    def has_turn(self) -> bool:
        """Whether the visitor has said something since the last turn ended."""
        return bool(self._turn)

    def append(self, sound: Float32[np.ndarray, " n"]) -> None:
        """The next piece of the turn, at the config's rate. Returns at once."""
        self._turn.append(sound)
        while len(self._turn) > 1 and sum(map(len, self._turn)) > LONGEST_TURN * self.config.rate:
            self._turn.popleft()
            self._sent = max(0, self._sent - 1)
        self._send_soon()

    def forget_turn(self) -> None:
        """What was said is no turn."""
        if self._sent and not self.config.older:
            self.later("input_audio_buffer.clear")
        self.end_turn()

    def end_turn(self) -> None:
        """The turn is the server's now: it is not sent again."""
        self._turn.clear()
        self._sent = 0

    def later(self, kind: str, **body: object) -> None:
        """Send it on this line, without anybody waiting for it."""
        if self._line is not None and self._line.open:
            self._errands.append((self._line, kind, body))
            self._send_soon()

    async def line(self, rest: Float32[np.ndarray, " n"] | None = None) -> RealtimeLine:
        """The line, dialled if there is none. `rest`: the last of the turn; the line has all of it then."""
        if rest is not None:
            self._turn.append(rest)
        if self._sender is not None:
            await asyncio.wait([self._sender])  # one who leaves off here must not stop what is being sent
        line = await self._connected()
        while rest is not None and self._sent < len(self._turn):
            await self._send_piece(line)
        return line

    def note_alive(self) -> None:
        """The server answers: should the line drop, it is dialled again at once."""
        self._pause, self._dial_at = FIRST_PAUSE, 0.0

    def hang_up(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
        if self._line is not None:
            self._say_goodbye(self._line)
        self._line = self._reader = None

    async def close(self) -> None:
        tasks = [task for task in (self._sender, self._reader) if task is not None]
        for task in tasks:
            task.cancel()
        self.hang_up()
        await asyncio.gather(*tasks, *self._goodbyes, return_exceptions=True)

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

    async def _send_piece(self, line: RealtimeLine) -> None:
        piece, first = self._turn[self._sent], self._sent == 0
        self._sent += 1
        if self.config.older and first:
            await line.send("input_audio_buffer.commit", final=False)
        if len(piece):
            await line.send("input_audio_buffer.append", audio=encoded(piece))

    async def _connected(self) -> RealtimeLine:
        """The line, dialled if there is none; the turn is to be sent again then."""
        async with self._dialling:
            if self._line is not None and self._line.open:
                return self._line
            self.hang_up()
            try:
                line = await RealtimeLine.dial(self.config)
            finally:  # a server that takes the call and drops it is as little use as one that is not there
                self._dial_at = time.monotonic() + self._pause
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
            try:
                for kind, body in introduction(self.config, self.memory.messages()):
                    await line.send(kind, **body)
            except BaseException:
                self._say_goodbye(line)
                raise
            self._line, self._sent = line, 0
            self._on_line()
            self._reader = asyncio.create_task(self._read(line))
            return line

    async def _read(self, line: RealtimeLine) -> None:
        try:
            async for event in line.events():
                self._on_event(event)
        except BrainError as error:
            self._on_event(error)

    def _say_goodbye(self, line: RealtimeLine) -> None:
        """Aside: a server may be slow to answer it."""
        goodbye = asyncio.create_task(line.close())
        self._goodbyes.add(goodbye)
        goodbye.add_done_callback(self._goodbyes.discard)
