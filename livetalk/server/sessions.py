"""Session manager: admits visitors, keeps their sessions, and ends them all. Does not know HTTP."""

import asyncio
import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from jaxtyping import UInt8

from livetalk.avatar.session import AtCapacity, AvatarHost
from livetalk.conversation.bot import Bot
from livetalk.conversation.brains.base import Brain, BrainError
from livetalk.server.limits import ServerLimits
from livetalk.server.logs import Log
from livetalk.server.metrics import BlockCounter, Metrics
from livetalk.server.session import Session

LEAVING = 8.0  # seconds that a visit may take to end before its place is told to be taken
AFTER = 0.1  # seconds after a visit in which its tasks come to their end


class Closed(ValueError):
    """The server takes nobody at the moment."""


class SessionManager:
    """See the module docstring. `start` and `close` once; both may take as long as models take."""

    def __init__(self, studio: AvatarHost, brain: Brain, limits: ServerLimits, metrics: Metrics, log: Log) -> None:
        self.studio, self.brain, self.limits, self.metrics, self.log = studio, brain, limits, metrics, log
        self.draining = False
        self._brain_ready = False
        self._here: dict[str, Session] = {}
        self._coming = 0  # places that are kept for those who are being let in

    async def start(self) -> None:
        """Load what conversations need. Raises ValueError, with what to do."""
        try:
            await asyncio.gather(self.studio.start(), self.brain.start())
        except BrainError as error:
            raise ValueError(str(error)) from error
        self._brain_ready = True
        self.metrics.places.set_function(lambda: self.places)
        self.metrics.ready.set_function(lambda: self.ready)
        self.metrics.tasks.set_function(lambda: len(asyncio.all_tasks()))

    @property
    def ready(self) -> bool:
        return self._brain_ready and self.studio.ready and not self.draining

    @property
    def places(self) -> int:
        """The most visitors at once."""
        held = self.studio.capacity
        return min(held, self.limits.sessions) if self.limits.sessions else held

    def __len__(self) -> int:
        return len(self._here)

    def find(self, name: str, token: str) -> Session | None:
        """The visit, for whoever has its token."""
        visit = self._here.get(name)
        return visit if visit is not None and visit.authorises(token) else None

    def admit(self) -> None:
        """Raises Closed or Full where nobody can come in now."""
        if not self.ready:
            raise Closed("the server is stopping" if self.draining else "the server is still getting ready")
        if len(self._here) + self._coming >= self.places:
            raise AtCapacity(f"all {self.places} places are taken: try again in a minute")

    async def wait_for_leaving(self) -> None:
        """Where all places are taken: until one who is leaving is gone. Whoever left has no place any more."""
        leaving = [(visit, visit.reason) for visit in self._here.values() if visit.reason is not None]
        if leaving and len(self._here) + self._coming >= self.places:
            waits = [asyncio.ensure_future(visit.end(reason)) for visit, reason in leaving]
            await asyncio.wait(waits, timeout=LEAVING, return_when=asyncio.FIRST_COMPLETED)

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Keeps a place for one who is coming, so that no more portraits are framed than there are places.

        Around framing and `open`. Raises Closed or Full where nobody can come in now.
        """
        self.admit()
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1

    async def open(self, portrait: UInt8[np.ndarray, "h w 3"], mood: str) -> Session:
        """A new visit, within `reserved`. Raises Closed, Full, or ValueError with what is wrong."""
        if self.draining:
            raise Closed("the server is stopping")
        try:
            visit = Session(self.limits, self.metrics, self.log, self._gone)
            face = await self.studio.open(portrait, mood)
            try:
                count = BlockCounter(self.metrics)
                bot = await Bot.make(visit.transport, face, self.brain, visit.on_event, on_block=count)
            except BaseException:
                await face.close()
                raise
        except BrainError as error:
            raise Closed(str(error)) from error
        self._here[visit.id] = visit
        visit.start(bot)
        self.metrics.opened.inc()
        self.metrics.sessions.set(len(self._here))
        self.log("opened", session=visit.id)
        return visit

    async def drain(self) -> None:
        """Let nobody in, let everybody finish, and send them home."""
        self.draining = True
        await asyncio.gather(*(visit.say_goodbye() for visit in list(self._here.values())), return_exceptions=True)

    async def close(self) -> None:
        """End all visits at once, and what they used."""
        self.draining = True
        await asyncio.gather(*(visit.end("drain") for visit in list(self._here.values())), return_exceptions=True)
        await self.brain.close()
        await self.studio.close()

    def _gone(self, visit: Session) -> None:
        self._here.pop(visit.id, None)
        asyncio.get_running_loop().call_later(AFTER, collect_garbage)
        self.metrics.sessions.set(len(self._here))


def freeze_garbage() -> None:
    """Set aside what is there when the server opens, so that what sessions leave is found in hundredths of a second."""
    gc.collect()
    gc.freeze()


def collect_garbage() -> None:
    """Free what a session has left: conversations hold reference cycles, which Python finds late.

    The memory goes back to the system where its allocator can be asked to.
    """
    gc.collect()
    if sys.platform == "linux":
        try:
            ctypes.CDLL("libc.so.6").malloc_trim(0)
        except (OSError, AttributeError):  # another C library
            return
