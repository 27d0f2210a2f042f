"""Worker process that keeps the model: `python -m livetalk.worker.process SOCKET MEMORY` (file descriptors).

Follows the orders of `messages.py` with a `LivePerformer`, one thread a session to hand its frames over. Ends when the
parent closes the line or is gone, and for no signal: those are the parent's, which may still have answers to finish.
Knows nothing of who looks.
"""

import mmap
import os
import signal
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from livetalk.avatar.blocks import Interrupted, TimedBlock, UtteranceFinished
from livetalk.avatar.session import AtCapacity
from livetalk.live.engine import LivePerformer
from livetalk.live.session import LiveSession
from livetalk.live.snapshots import from_bytes, to_bytes
from livetalk.performer.block_plan import StreamSnapshot
from livetalk.performer.performer import Performer
from livetalk.runtime.process import ending_signals, tune_process
from livetalk.worker import messages

BEAT = 0.4  # seconds between two signs of life
AHEAD = 6  # pieces of one session that the parent may not have read yet
URGENT = -5  # priority of this process, where it may be raised
LEAVING = 3.0  # seconds that a closed session may take to free its place, and the process to end by itself
WAIT = 0.25  # seconds after which a thread looks whether it is still wanted


class Worker:
    """See the module docstring."""

    def __init__(self, line: Connection, memory: int) -> None:
        self.line, self._memory_file = line, memory
        self._sending = threading.Lock()
        self._over = threading.Event()
        self._sessions: dict[int, _WorkerSession] = {}

    def run(self) -> None:
        """Run until the parent closes the connection."""
        threading.Thread(target=self._beat, name="beat", daemon=True).start()
        order = self.line.recv()
        assert isinstance(order, messages.Load)
        try:
            folder = None if order.weights is None else Path(order.weights)
            performer = Performer.load(order.preset, folder=folder)
            # Whoever talks to this process has looked at portraits and speech, and has somebody to tell.
            self.engine = LivePerformer(performer, order.places, size=order.size, checked=False)
        except ValueError as error:
            self.send(messages.NotLoaded(str(error)))
            return
        self._lay_out(self.engine.size, slots := self.engine.limit * AHEAD)
        self.send(messages.Loaded(self.engine.limit, self.engine.size, slots))
        try:
            while True:
                self._follow(self.line.recv())
        except (EOFError, OSError):
            pass
        finally:
            self._over.set()
            self.engine.close()

    def send(self, report: messages.WorkerEvent) -> None:
        with self._sending:
            try:
                self.line.send(report)
            except OSError:
                self._over.set()  # the parent is gone; the loop in `run` notices too

    def slot(self, timeout: float) -> int | None:
        """A free slot of the shared memory."""
        with self._slots:
            self._slots.wait_for(lambda: self._free, timeout)
            return self._free.popleft() if self._free else None

    def give_back(self, slot: int) -> None:
        with self._slots:
            self._free.append(slot)
            self._slots.notify_all()

    def write(self, slot: int, frames: np.ndarray) -> None:
        self._memory[slot, : len(frames)] = frames

    def _lay_out(self, size: int, slots: int) -> None:
        shape = (slots, messages.SLOT_FRAMES, size, size, 3)
        os.ftruncate(self._memory_file, int(np.prod(shape)))
        self._memory = np.frombuffer(mmap.mmap(self._memory_file, 0), np.uint8).reshape(shape)
        self._free, self._slots = deque(range(slots)), threading.Condition()

    def _beat(self) -> None:
        """Signs of life; without a parent, also the end of a process that is still loading."""
        while not self._over.wait(BEAT):
            self.send(messages.Heartbeat())
        time.sleep(LEAVING)
        os._exit(1)

    def _follow(self, order: Any) -> None:
        if isinstance(order, messages.ReleaseSlot):
            self.give_back(order.slot)
            order_of = self._sessions.get(order.session)
            if order_of is not None:
                order_of.room.release()
        elif isinstance(order, messages.Open):
            threading.Thread(target=self._open, args=(order,), name="open", daemon=True).start()
        elif (held := self._sessions.get(order.session)) is not None:
            try:
                self._tell(held, order)
            except ValueError as error:
                self.send(messages.CommandRejected(order.session, str(error)))
            except Exception as error:  # what broke the session; its own thread tells
                self.send(messages.CommandRejected(order.session, type(error).__name__))

    def _tell(self, held: "_WorkerSession", order: Any) -> None:
        session = held.session
        match order:
            case messages.Push(_, speech, rate):
                session.push(speech, rate)
            case messages.End():
                session.end()
            case messages.Interrupt():
                session.interrupt()
            case messages.SetPrompt(_, prompt):
                session.set_prompt(prompt)
            case messages.Pause():
                session.pause()
            case messages.Resume():
                session.resume()
            case messages.TakeSnapshot():
                threading.Thread(target=self._snapshot, args=(session, order), name="snapshot", daemon=True).start()
            case messages.Close():
                self._sessions.pop(order.session, None)
                session.close()

    def _open(self, order: messages.Open) -> None:
        try:
            snapshot = None if order.snapshot is None else from_bytes(order.snapshot)
            session = self._place(order, snapshot)
        except Exception as error:
            known = isinstance(error, ValueError)
            message = str(error) if known else f"the face could not be opened ({type(error).__name__})"
            self.send(messages.OpenRejected(order.session, message, isinstance(error, AtCapacity)))
            return
        held = _WorkerSession(order.session, session, self)
        self._sessions[order.session] = held
        self.send(messages.Opened(order.session))
        threading.Thread(target=held.hand_over, name="hand over", daemon=True).start()

    def _place(self, order: messages.Open, snapshot: StreamSnapshot | None) -> LiveSession:
        """A session; the place of one that was closed just now is waited for until its last block is made."""
        patience = time.monotonic() + LEAVING
        while True:
            try:
                return self.engine.open(order.portrait, order.prompt, order.seed, snapshot)
            except AtCapacity:
                if len(self._sessions) >= self.engine.limit or time.monotonic() > patience:
                    raise
                time.sleep(0.02)

    def _snapshot(self, session: LiveSession, order: messages.TakeSnapshot) -> None:
        try:
            data = to_bytes(session.snapshot_behind())
        except Exception:  # closed or broken meanwhile: there is nothing to keep
            data = None
        self.send(messages.Snapshot(order.session, order.request, data))


class _WorkerSession:
    """One session and the thread that hands its frames over."""

    def __init__(self, number: int, session: LiveSession, worker: Worker) -> None:
        self.number, self.session, self.worker = number, session, worker
        self.room = threading.Semaphore(AHEAD)  # so that a reader that stops costs the others nothing

    def hand_over(self) -> None:
        try:
            while not self.session.closed and not self.worker._over.is_set():
                if self.room.acquire(timeout=WAIT):
                    self._next()
        except Exception as error:
            self.worker._sessions.pop(self.number, None)
            self.session.close()
            self.worker.send(messages.Failed(self.number, f"the face broke down ({type(error).__name__})"))

    def _next(self) -> None:
        item = None
        with suppress(TimeoutError):
            item = self.session.take(WAIT)
        match item:
            case TimedBlock():
                self._show(item)
                return  # its slot comes back with `ReleaseSlot`
            case Interrupted(pts):
                self.worker.send(messages.SpeechInterrupted(self.number, pts))
            case UtteranceFinished(pts):
                self.worker.send(messages.SpeechFinished(self.number, pts))
        self.room.release()

    def _show(self, block: TimedBlock) -> None:
        slot = None
        while slot is None:
            if self.session.closed or self.worker._over.is_set():
                return
            slot = self.worker.slot(WAIT)
        count = len(block.frames)
        assert count <= messages.SLOT_FRAMES
        self.worker.write(slot, block.frames)
        self.worker.send(messages.BlockReady(self.number, messages.without_frames(block), slot, count))


def main() -> None:
    """Run a worker on the file descriptors given."""
    tune_process()
    for number in (signal.SIGINT, *ending_signals()):
        signal.signal(number, signal.SIG_IGN)
    if hasattr(os, "setpriority"):
        with suppress(OSError):  # few may; frames have a time, and what else runs here has not
            os.setpriority(os.PRIO_PROCESS, 0, URGENT)
    line, memory = (int(argument) for argument in sys.argv[1:3])
    Worker(Connection(line), memory).run()


if __name__ == "__main__":
    main()
