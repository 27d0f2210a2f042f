"""An avatar session whose model lives in another process: its commands, its clock, and the newest snapshot of it.

When the process is lost, it tells, keeps its clock, and is opened again from that snapshot, which lies here, else from
its portrait. Knows commands and events (`messages.py`); no torch, no model.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float32

from livetalk.avatar.session import (
    AtCapacity,
    AvatarItem,
    AvatarLost,
    AvatarRestored,
    Interrupted,
    TimedBlock,
    UtteranceFinished,
)
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.worker import messages

EVERY = 5.0  # seconds between two snapshots
PATIENCE = 1.0  # seconds between two of them in one process

Report = messages.BlockReady | messages.SpeechInterrupted | messages.SpeechFinished


class RemoteAvatar:
    """An `AvatarSession` in the host's process. Made by `WorkerHost.open`; numbered anew when it is opened anew."""

    def __init__(self, studio: messages.Commands, number: int, recipe: messages.Open, size: int) -> None:
        self.studio, self.number, self.recipe = studio, number, recipe
        self.size = (size, size)
        self.closed = False
        self._kept: bytes | None = recipe.snapshot
        self._requests = itertools.count(number * 1_000_000)
        self._news: asyncio.Queue[Report | AvatarItem | Exception | None] = asyncio.Queue()
        self._next_frame: int | None = None  # of our clock
        self._shift: int | None = 0  # frames from the session's numbers to ours; None: to be found with its next block
        self._lost = False
        self._paused = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._tries = 0
        self._returning: asyncio.Task[None] | None = None

    async def push(self, speech: Float32[np.ndarray, " n"], rate: int = SAMPLE_RATE) -> None:
        self._order(messages.Push(self.number, np.asarray(speech, np.float32), rate))

    async def end(self) -> None:
        self._order(messages.End(self.number))

    async def interrupt(self) -> None:
        self._order(messages.Interrupt(self.number))
        if self._lost:
            self._news.put_nowait(Interrupted(self._pts))

    async def set_prompt(self, prompt: str) -> None:
        self.recipe = replace(self.recipe, prompt=prompt)
        self._order(messages.SetPrompt(self.number, prompt))

    async def pause(self) -> None:
        self._paused = True
        self._order(messages.Pause(self.number))

    async def resume(self) -> None:
        self._paused = False
        self._order(messages.Resume(self.number))

    async def snapshot(self) -> bytes:
        self._usable()
        data = await self.studio.ask_snapshot(self._snapshot_order()) or self._kept
        if data is None:
            raise ValueError("the face has no memory to be kept yet: ask again in a second")
        self._kept = data
        return data

    async def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self.studio.forget(self.number)
        self._drop_waiting()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._news.put_nowait(None)

    async def items(self) -> AsyncIterator[AvatarItem]:
        while not self.closed:
            item = await self._news.get()
            match item:
                case None:
                    return
                case Exception():
                    raise item
                case messages.BlockReady():
                    if not self._lost and self.studio.ready:
                        yield self._block(item)
                case messages.SpeechInterrupted(_, pts):
                    yield Interrupted(self._shifted(pts))
                case messages.SpeechFinished(_, pts):
                    yield UtteranceFinished(self._shifted(pts))
                case _:
                    yield item

    @property
    def opening(self) -> messages.Open:
        """The command that opens it, under its number of now."""
        return replace(self.recipe, session=self.number)

    def start_snapshots(self) -> None:
        """Opened: keep its memory from now on."""
        self._spawn(self._remember())

    def take(self, report: Report | messages.Failed) -> None:
        """A report of the process about this face."""
        if isinstance(report, messages.Failed):
            self.lost(report.message)
            self.reopen()
        elif not (self._lost or self.closed):
            self._news.put_nowait(report)
        elif isinstance(report, messages.BlockReady):
            self.studio.leave(report)

    def lost(self, reason: str) -> None:
        """Its process is gone: what waits cannot be read any more."""
        if self._lost or self.closed:
            return
        self._lost = True
        self._drop_waiting()
        self._news.put_nowait(AvatarLost(self._pts, reason))

    def reopen(self) -> None:
        """There is a process again."""
        self._tries += 1
        if self._tries > messages.MAX_TRIES:
            self.give_up("the face breaks down again and again: open a new one")
            return
        if self._returning is not None:
            self._returning.cancel()
        self._returning = self._spawn(self._return())

    def give_up(self, reason: str) -> None:
        self._news.put_nowait(ValueError(reason))

    async def _return(self) -> None:
        try:
            await self._open_again()
        except ConnectionError:
            return  # lost again: the studio will ask to reopen
        except (ValueError, TimeoutError) as error:
            self.give_up(str(error) or "the face could not be opened again: open a new one")
            return
        if self._kept is not None:  # it remembers the prompt of its snapshot
            self.studio.tell(messages.SetPrompt(self.number, self.recipe.prompt))
        if self._paused:
            self.studio.tell(messages.Pause(self.number))
        self._shift, self._lost = None, False
        self._news.put_nowait(AvatarRestored(self._pts, from_snapshot=self._kept is not None))

    async def _open_again(self) -> None:
        """Wait for a place, or for a process that is slow; the snapshot goes only if it is what cannot be opened."""
        for left in reversed(range(messages.MAX_TRIES)):
            self.recipe = replace(self.recipe, snapshot=self._kept)
            try:
                return await self.studio.ask_open(self.opening)
            except (AtCapacity, TimeoutError) as error:
                if not left:
                    raise
                if isinstance(error, TimeoutError):
                    self.number = self.studio.renumber(self.number)
                await asyncio.sleep(PATIENCE)
            except ValueError:  # with its portrait it was opened before: what is wrong is the snapshot
                if self._kept is None or not left:
                    raise
                self._kept = None

    async def _remember(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if not self._lost and self.studio.ready:
                fresh = await self.studio.ask_snapshot(self._snapshot_order())
                if fresh is not None:
                    self._kept, self._tries = fresh, 0

    def _drop_waiting(self) -> None:
        """Reports nobody will read go; their slots are free again, if the process lives."""
        for item in [self._news.get_nowait() for _ in range(self._news.qsize())]:
            if isinstance(item, messages.BlockReady):
                self.studio.leave(item)
            elif not isinstance(item, messages.SpeechInterrupted | messages.SpeechFinished):
                self._news.put_nowait(item)

    def _block(self, report: messages.BlockReady) -> TimedBlock:
        if self._shift is None:
            self._shift = (self._next_frame or 0) - report.block.first_frame
        first = report.block.first_frame + self._shift
        self._next_frame = first + report.count
        return replace(report.block, first_frame=first, frames=self.studio.read(report))

    def _snapshot_order(self) -> messages.TakeSnapshot:
        return messages.TakeSnapshot(self.number, next(self._requests))

    def _shifted(self, pts: int) -> int:
        """A place on the session's clock, on ours."""
        return self._pts if self._shift is None else pts + self._shift * SAMPLE_RATE // FRAME_RATE

    @property
    def _pts(self) -> int:
        return (self._next_frame or 0) * SAMPLE_RATE // FRAME_RATE

    def _order(self, order: messages.Command) -> None:
        self._usable()
        if not self._lost:
            self.studio.tell(order)

    def _usable(self) -> None:
        if self.closed:
            raise ValueError("the face is closed: open a new one")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
