"""Avatar host whose model lives in another process: starts, watches and restarts that process.

The process may die or hang: that is noticed within two seconds and told to its sessions (`remote.py`), which go on in
a new one. Knows commands and events (`messages.py`); no torch, no model.
"""

import asyncio
import itertools
import mmap
import os
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from loguru import logger

from livetalk.avatar.session import AtCapacity
from livetalk.geometry import FrameSize
from livetalk.worker import messages
from livetalk.worker.connection import WorkerConnection, start_process
from livetalk.worker.remote import RemoteAvatar

SILENT = 1.5  # seconds without a sign of life after which the process is taken for dead,
LOOK = 0.1  # and seconds in which one that came meanwhile is looked for
LOADING = 180.0  # seconds a model may take to load
ANSWER = 10.0  # seconds an order may take to be answered
MEMORY = "livetalk-frames"


class WorkerHost:
    """See the module docstring. `places`: faces at once; None: as many as are measured to fit into real time.

    size: of portraits and frames; "auto": the largest that leaves this machine time to spare.
    """

    def __init__(
        self,
        preset: str = "tiny",
        weights: Path | None = None,
        places: int | None = None,
        size: FrameSize = "coded",
    ) -> None:
        self._load = messages.Load(preset, None if weights is None else str(weights), places, size)
        self.capacity, self.size = 0, 0
        self.restarts = 0
        self._faces: dict[int, RemoteAvatar] = {}
        self._numbers = itertools.count(1)
        self._line: WorkerConnection | None = None
        self._frames: np.ndarray | None = None
        self._up = asyncio.Event()
        self._answers: dict[tuple[str, int], asyncio.Future[Any]] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._failures = 0

    @property
    def ready(self) -> bool:
        return self._up.is_set()

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return None if self._line is None else self._line.process.pid

    async def start(self) -> None:
        if self._keeper is None:
            await self._launch()
            self._keeper = asyncio.create_task(self._keep(), name="studio")

    async def open(
        self, portrait: UInt8[np.ndarray, "h w 3"], prompt: str, seed: int = 0, snapshot: bytes | None = None
    ) -> RemoteAvatar:
        if not self.ready:
            raise AtCapacity("the model is being loaded: try again in a few seconds")
        if len(self._faces) >= self.capacity:
            raise AtCapacity(f"this machine holds {self.capacity} live sessions at once, and all are taken: try later")
        face = RemoteAvatar(self, next(self._numbers), messages.Open(0, portrait, prompt, seed, snapshot), self.size)
        self._faces[face.number] = face
        try:
            await self.ask_open(face.opening)
        except (TimeoutError, ConnectionError) as error:
            self.forget(face.number)
            raise AtCapacity("the model's process does not answer just now: try again in a few seconds") from error
        except BaseException:
            self.forget(face.number)
            raise
        face.start_snapshots()
        return face

    async def close(self) -> None:
        for face in list(self._faces.values()):
            await face.close()
        keeper, self._keeper = self._keeper, None
        self._up.clear()
        if keeper is not None:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
        if self._line is not None:
            await self._line.close()
            self._line = None

    def tell(self, order: messages.Command) -> None:
        """Send an order, if there is anybody to follow it."""
        if self._line is not None and self.ready:
            self._line.send(order)

    async def ask_open(self, order: messages.Open) -> None:
        """Open a session in the process. Raises AtCapacity, ValueError, TimeoutError or ConnectionError."""
        report = await self._ask(("open", order.session), order)
        if isinstance(report, messages.OpenRejected):
            raise (AtCapacity if report.full else ValueError)(report.message)

    async def ask_snapshot(self, order: messages.TakeSnapshot) -> bytes | None:
        """A session's memory; None if there is none to be had now."""
        try:
            return (await self._ask(("snapshot", order.request), order)).data
        except (TimeoutError, ConnectionError):
            return None

    def forget(self, session: int) -> None:
        """The session is closed."""
        if self._faces.pop(session, None) is not None:
            self.tell(messages.Close(session))

    def renumber(self, session: int) -> int:
        """Another number for a session, so that a late answer to what it asked is nobody's and is undone."""
        face = self._faces.pop(session, None)
        if face is None:
            return session
        number = next(self._numbers)
        self._faces[number] = face
        return number

    def read(self, report: messages.BlockReady) -> UInt8[np.ndarray, "t h w 3"]:
        """The frames of a report, copied; their slot is free again."""
        assert self._frames is not None
        frames = self._frames[report.slot, : report.count].copy()
        self.leave(report)
        return frames

    def leave(self, report: messages.BlockReady) -> None:
        """The frames of a report are not wanted any more."""
        self.tell(messages.ReleaseSlot(report.session, report.slot))

    async def _ask(self, key: tuple[str, int], order: messages.Command) -> Any:
        if self._line is None:
            raise ConnectionError("the worker is gone")
        self._answers[key] = future = asyncio.get_running_loop().create_future()
        self._line.send(order)
        try:
            return await asyncio.wait_for(future, ANSWER)
        finally:
            self._answers.pop(key, None)

    async def _launch(self) -> None:
        """A new process with the model loaded."""
        memory = os.memfd_create(MEMORY) if hasattr(os, "memfd_create") else _file()
        try:
            line = start_process(memory)
        except OSError:
            os.close(memory)
            raise
        try:
            line.send(self._load)
            report = await asyncio.wait_for(_first(line), LOADING)
        except BaseException as error:
            await line.close()
            os.close(memory)
            if isinstance(error, TimeoutError | ConnectionError):
                raise ValueError("the model did not load: look at what `livetalk doctor` says") from error
            raise
        self.capacity, self.size = report.places, report.size
        # A busy machine would measure fewer, and smaller frames.
        self._load = replace(self._load, places=report.places, size=report.size)
        shape = (report.slots, messages.SLOT_FRAMES, report.size, report.size, 3)
        self._frames = _mapped(memory, shape)
        self._line = line
        self._up.set()

    async def _keep(self) -> None:
        """Pass reports on; when they end, start again."""
        while True:
            assert self._line is not None
            reason = await self._listen(self._line)
            self._up.clear()
            logger.warning("the model's process is gone: {}", reason)
            for future in self._answers.values():
                if not future.done():
                    future.set_exception(ConnectionError("the worker is gone"))
            for face in self._faces.values():
                face.lost(reason)
            await self._line.close(patience=0)
            self._line, self._frames = None, None
            await self._revive()

    async def _listen(self, line: WorkerConnection) -> str:
        while True:
            try:
                report = await _heard(line)
            except TimeoutError:
                return "it gave no sign of life"
            except ConnectionError:
                return "it ended"
            self._pass_on(report)

    def _pass_on(self, report: messages.WorkerEvent) -> None:
        match report:
            case messages.Opened(session) if session not in self._faces:  # whoever asked has gone meanwhile
                self.tell(messages.Close(session))
            case messages.Opened(session) | messages.OpenRejected(session):
                self._answer(("open", session), report)
            case messages.Snapshot(_, request):
                self._answer(("snapshot", request), report)
            case messages.Heartbeat():
                pass
            case messages.CommandRejected(session, message):
                logger.warning("session {}: {}", session, message)
            case messages.BlockReady() | messages.SpeechInterrupted() | messages.SpeechFinished() | messages.Failed():
                face = self._faces.get(report.session)
                if face is not None:
                    if isinstance(report, messages.BlockReady):
                        self._failures = 0
                    face.take(report)
                elif isinstance(report, messages.BlockReady):
                    self.leave(report)

    def _answer(self, key: tuple[str, int], report: messages.WorkerEvent) -> None:
        future = self._answers.get(key)
        if future is not None and not future.done():
            future.set_result(report)

    async def _revive(self) -> None:
        """A new process, and all faces in it again."""
        while True:
            self.restarts += 1
            self._failures += 1
            if self._failures > messages.MAX_TRIES:
                for face in list(self._faces.values()):
                    face.give_up("the model's process cannot be kept alive: look at what `livetalk doctor` says")
                self._faces.clear()
                await asyncio.sleep(30)
            try:
                await self._launch()
            except (ValueError, OSError) as error:  # no memory or no process to be had: perhaps later
                logger.error("the model's process cannot be started: {}", error)
                await asyncio.sleep(min(30.0, 2.0**self._failures))
                continue
            for face in list(self._faces.values()):
                face.reopen()
            return


async def _heard(line: WorkerConnection) -> messages.WorkerEvent:
    """The next report. Raises TimeoutError if the process gives none, ConnectionError when there will be none.

    After this loop has stood still, the time is over although reports are waiting: hence the second look.
    """
    with suppress(TimeoutError):
        return await asyncio.wait_for(line.next(), SILENT)
    return await asyncio.wait_for(line.next(), LOOK)


async def _first(line: WorkerConnection) -> messages.Loaded:
    """The first report that is no beat. Raises ValueError if the model cannot be loaded."""
    while True:
        report = await line.next()
        if isinstance(report, messages.NotLoaded):
            raise ValueError(report.message)
        if isinstance(report, messages.Loaded):
            return report


def _file() -> int:
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _mapped(memory: int, shape: tuple[int, ...]) -> np.ndarray:
    """The shared memory as an array; the descriptor is closed, the mapping goes with the array."""
    try:
        return np.frombuffer(mmap.mmap(memory, 0), np.uint8).reshape(shape)
    finally:
        os.close(memory)
