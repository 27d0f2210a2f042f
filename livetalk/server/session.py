"""Session of one visitor: a conversation, its transport (which may change), and its limits.

Turns the page's messages into acts and the conversation's events into messages. Ends itself when its limits are
reached. Knows neither HTTP nor how a way is made; no words of a visitor leave it but to the visitor.
"""

import asyncio
import hmac
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np
from jaxtyping import Int16
from pipecat.frames.frames import InterruptionFrame

from livetalk.conversation.bot import Bot
from livetalk.conversation.events import Caption, Event, LatencyBreakdown, Problem, State, StateChanged, as_message
from livetalk.geometry import SAMPLE_RATE
from livetalk.server.limits import ServerLimits
from livetalk.server.logs import Log
from livetalk.server.metrics import Metrics
from livetalk.server.transport import SessionTransport, Sink

WINDOW = 10.0  # seconds in which a page's messages are counted
CLOSING = 5.0  # seconds for a way to be closed
AHEAD = 3.0  # seconds of sound that may come faster than it is spoken: a network that stalled; more is dropped
END_REASONS = {
    "left": "You have left.",
    "idle": "Nobody spoke for a while, so the place was given free. Start again when you like.",
    "duration": "The longest time of a conversation is over. Start again when you like.",
    "unconnected": "The connection was lost for too long. Start again.",
    "malformed": "The page sent something the server does not understand. Reload the page.",
    "flood": "The page sent too many messages. Reload the page.",
    "drain": "The server is being stopped. Come back in a minute.",
    "failed": "The conversation broke down on the server. Start again; if it happens again, look at the server's log.",
}

Message = dict[str, Any]


def _whole(text: str) -> str:
    """JSON may hold halves of letters, which no model's tokeniser takes."""
    return text.encode("utf-8", "replace").decode()


def _times(turn: LatencyBreakdown) -> dict[str, float]:
    return {name: round(value, 3) for name, value in asdict(turn).items() if value is not None}


class Link(Sink, Protocol):
    """A way to the visitor that also carries messages."""

    name: str

    def tell(self, message: Message) -> None: ...

    async def close(self) -> None: ...


class Session:
    """See the module docstring. For one event loop. `start` when its bot is there; `end` may be called twice."""

    def __init__(self, limits: ServerLimits, metrics: Metrics, log: Log, forget: Callable[["Session"], None]) -> None:
        self.id, self._token = secrets.token_urlsafe(9), secrets.token_urlsafe(32)
        self.limits, self.metrics, self.log, self._forget = limits, metrics, log, forget
        self.transport = SessionTransport()
        self.bot: Bot | None = None
        self.link: Link | None = None
        self.began = self.last_word = self.linked_at = time.monotonic()
        self._heard_until = self.began  # where the visitor's sound ends, on the monotonic clock
        self._messages: deque[float] = deque()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._state, self._captions = State.LISTENING, dict[str, Message]()
        self._answered = 0  # the newest turn whose answer has been counted
        self.reason: str | None = None
        self._ending: asyncio.Task[None] | None = None

    @property
    def token(self) -> str:
        return self._token

    def authorises(self, token: str) -> bool:
        """True if the bearer may act for this visitor; takes the same time for every wrong token."""
        return hmac.compare_digest(self._token.encode(), token.encode("utf-8", "replace"))

    def start(self, bot: Bot) -> None:
        """The conversation begins."""
        self.bot = bot
        self._spawn(self._converse(bot))
        self._spawn(self._watch())

    def connect(self, link: Link) -> None:
        """From now on this is the way to the visitor; another one is closed."""
        before, self.link = self.link, link
        self.transport.output().sink = link
        self.linked_at = time.monotonic()
        self.metrics.links.labels(link.name).inc()
        self.log("connected", session=self.id, transport=link.name)
        if before is not None:
            self._spawn(before.close())
        elif self.bot is not None:
            self._spawn(self.bot.face.resume())
        link.tell(as_message(StateChanged(self._state)))
        for caption in self._captions.values():
            link.tell(caption)

    def on_disconnect(self, link: Link) -> None:
        """A way has ended. The visitor may come back on another within `limits.unconnected`."""
        if self.link is not link:
            return
        self.link, self.transport.output().sink = None, None
        self.linked_at = time.monotonic()
        self.log("disconnected", session=self.id, transport=link.name)
        self._spawn(link.close())
        if self.bot is not None and self.reason is None:
            self._spawn(self.bot.face.pause())

    async def on_audio(self, pcm: Int16[np.ndarray, " n"]) -> None:
        """Sound of the visitor's microphone, 16 kHz. It cannot come faster than time goes by for long."""
        now = time.monotonic()
        until = max(now, self._heard_until) + len(pcm) / SAMPLE_RATE
        if until > now + AHEAD:
            return
        self._heard_until = until
        await self.transport.input().hear(pcm)

    def rate_limited(self) -> bool:
        """Counts a message, or another call; whether there were more than one may send."""
        now = time.monotonic()
        self._messages.append(now)
        while self._messages[0] < now - WINDOW:
            self._messages.popleft()
        return len(self._messages) > self.limits.messages

    def on_message(self, message: Any) -> None:
        """A message of the page. What is none ends the visit."""
        if self.rate_limited():
            self._spawn_end("flood")
            return
        match message:
            case {"type": "ping"}:
                n = message.get("n")
                self._tell({"type": "pong", "n": n} if isinstance(n, int) else {"type": "pong"})
            case {"type": "text", "text": str(text)}:
                self.last_word = time.monotonic()
                self._act("text", lambda bot: bot.send_text(_whole(text)))
            case {"type": "mood", "prompt": str(prompt)}:
                self._act("mood", lambda bot: bot.set_style(_whole(prompt)))
            case {"type": "interrupt"}:
                self._act("interrupt", lambda bot: bot.worker.queue_frame(InterruptionFrame()))
            case {"type": "bye"}:
                self._spawn(self.end("left"))
            case _:
                self._spawn(self.end("malformed"))

    def on_event(self, event: Event) -> None:
        """Something in the conversation."""
        message = as_message(event)
        match event:
            case StateChanged(state):
                if state is State.INTERRUPTED and self._state is not state:
                    self.metrics.interrupts.inc()
                    self.log("interrupted", session=self.id)
                    self.last_word = time.monotonic()
                if state is State.RECONNECTING:
                    self.metrics.faces_lost.inc()
                    self.log("face lost", session=self.id)
                if state is State.THINKING:  # a turn was heard, whether or not its words are known
                    self.last_word = time.monotonic()
                self._state = state
            case Caption():
                self._captions[event.role] = message
                if event.role == "user":
                    self.last_word = time.monotonic()
            case LatencyBreakdown():
                if event.first_frame is not None and event.turn > self._answered:
                    self._answered = event.turn
                    self.metrics.answered(event)
                    self.log("answered", session=self.id, **_times(event))
            case Problem():
                self.metrics.failed(event)
                self.log("problem", session=self.id, step=event.step)
        self._tell(message)

    async def end(self, reason: str) -> None:
        """The conversation is over; the visitor is told why. Goes on to its end whatever becomes of the caller."""
        if self._ending is None:
            self.reason = reason
            self._ending = asyncio.create_task(self._end(reason))
        await asyncio.shield(self._ending)

    async def _end(self, reason: str) -> None:
        self.metrics.ended.labels(reason).inc()
        self.log("ended", session=self.id, reason=reason, seconds=round(time.monotonic() - self.began, 1))
        self._tell({"type": "ended", "reason": reason, "message": END_REASONS[reason]})
        self.metrics.gaps.inc(self.transport.output().gaps)
        link, self.link, self.transport.output().sink = self.link, None, None
        try:
            if link is not None:
                await asyncio.sleep(0.1)  # for the last message to leave
                await asyncio.wait_for(link.close(), CLOSING)
        except Exception as error:  # the place is given free whatever becomes of the way
            self.log("way not closed", session=self.id, error=type(error).__name__)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._captions.clear()
            self._forget(self)

    async def say_goodbye(self) -> None:
        """The server stops: what is being said is said to its end, then the visit ends."""
        self._tell({"type": "draining", "message": "The server is being stopped: this is the last answer."})
        end = time.monotonic() + self.limits.drain
        while self._state in (State.THINKING, State.SPEAKING) and time.monotonic() < end and self.reason is None:
            await asyncio.sleep(0.1)
        await self.end("drain")

    def _tell(self, message: Message) -> None:
        if self.link is not None:
            self.link.tell(message)

    def _act(self, step: str, act: Callable[[Bot], Any]) -> None:
        async def acting() -> None:
            try:
                if self.bot is not None:
                    await act(self.bot)
            except ValueError as error:
                self._tell({"type": "problem", "step": step, "message": str(error)})

        self._spawn(acting())

    async def _converse(self, bot: Bot) -> None:
        try:
            await bot.run()
        except Exception as error:
            self.log("conversation failed", session=self.id, error=type(error).__name__)
        self._spawn_end("failed")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            now = time.monotonic()
            if now - self.began > self.limits.duration:
                return self._spawn_end("duration")
            if now - self.last_word > self.limits.idle:
                return self._spawn_end("idle")
            if self.link is None and now - self.linked_at > self.limits.unconnected:
                return self._spawn_end("unconnected")

    def _spawn_end(self, reason: str) -> None:
        if self.reason is None:
            self._spawn(self.end(reason))

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.log("task failed", session=self.id, error=type(error).__name__)
