"""Connection to a worker process: commands go out, events come in, and no caller waits for a process that hangs.

Each direction has a thread, since pipes to a stopped process block. Knows processes and pickles; not what is said.
"""

import asyncio
import queue
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

GOODBYE = 3.0  # seconds a process has to end by itself


class WorkerConnection:
    """See the module docstring. For one event loop."""

    def __init__(self, process: subprocess.Popen[bytes], ours: socket.socket) -> None:
        self.process = process
        self._line = Connection(ours.detach())
        self._loop = asyncio.get_running_loop()
        self._reports: asyncio.Queue[Any] = asyncio.Queue()
        self._orders: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=work, name=f"worker {name}", daemon=True)
            for name, work in (("reports", self._receive), ("orders", self._send))
        ]
        for thread in self._threads:
            thread.start()

    def send(self, order: Any) -> None:
        """Give an order; returns at once."""
        self._orders.put(order)

    async def next(self) -> Any:
        """The next report. Raises ConnectionError when there will be none."""
        report = await self._reports.get()
        if report is None:
            self._reports.put_nowait(None)
            raise ConnectionError("the process has ended")
        return report

    async def close(self, patience: float = GOODBYE) -> None:
        """End the process, by force if it does not by itself within `patience` seconds."""
        self._orders.put(None)
        await asyncio.to_thread(self._end, patience)

    def _end(self, patience: float) -> None:
        if not patience:
            self.process.kill()
        self._threads[1].join(0.5)
        end = socket.fromfd(self._line.fileno(), socket.AF_UNIX, socket.SOCK_STREAM)
        with end, suppress(OSError):  # wakes the reader, here and there
            end.shutdown(socket.SHUT_RDWR)
        try:
            self.process.wait(max(0.5, patience))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for thread in self._threads:
            thread.join(1.0)
        self._line.close()

    def _receive(self) -> None:
        report: Any = True
        while report is not None:
            try:
                report = self._line.recv()
            except (EOFError, OSError):
                report = None
            with suppress(RuntimeError):  # the loop has ended before us
                self._loop.call_soon_threadsafe(self._reports.put_nowait, report)

    def _send(self) -> None:
        while (order := self._orders.get()) is not None:
            try:
                self._line.send(order)
            except (OSError, ValueError):
                return


def start_process(memory: int) -> WorkerConnection:
    """A new worker process and the connection to it. `memory`: descriptor of the memory that both share.

    Raises OSError if no process is to be had.
    """
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "livetalk.worker.process", str(theirs.fileno()), str(memory)]
    try:
        process = subprocess.Popen(
            command,
            pass_fds=(theirs.fileno(), memory),
            stdin=subprocess.DEVNULL,
            # A terminal's Ctrl+C is ours to follow: answers are finished first. No session of its own: Linux shares the
            # processor out among sessions, and the brain's low priority would count for nothing.
            process_group=0,
        )
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    return WorkerConnection(process, ours)
