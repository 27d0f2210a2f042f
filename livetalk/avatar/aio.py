"""The asyncio face of a live session: `async for` over its blocks and cuts.

Knows the `AvatarSession` protocol only: no torch, no engine.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import numpy as np

from livetalk.avatar.blocks import Interrupted, PolledSession, TimedBlock
from livetalk.geometry import SAMPLE_RATE

POLL = 0.25  # seconds after which a waiting consumer looks again anyway


class AsyncSession:
    """A session for one event loop. Leaving `async with` closes it."""

    def __init__(self, session: PolledSession) -> None:
        self.session = session
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._reading = False
        session.on_change = self._wake

    async def push(self, speech: np.ndarray, rate: int = SAMPLE_RATE) -> None:
        """The next piece of speech. Resampling runs beside the loop, so that long pieces hold nobody up."""
        await asyncio.to_thread(self.session.push, speech, rate)

    async def blocks(self) -> AsyncIterator[TimedBlock | Interrupted]:
        """Blocks at their time, and cuts at once, until the session is closed.

        Raises ValueError for a second reader, and what broke the session.
        """
        if self._reading:
            raise ValueError("the session has a consumer already: a block can be shown only once")
        self._reading = True
        try:
            while not self.session.closed:
                self._changed.clear()
                item, again = self.session.poll()
                if item is not None:
                    yield item
                    continue
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), max(0.0, min(again, POLL)))
        finally:
            self._reading = False

    def __aiter__(self) -> AsyncIterator[TimedBlock | Interrupted]:
        return self.blocks()

    async def __aenter__(self) -> "AsyncSession":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.session.close()

    def _wake(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed.set)
