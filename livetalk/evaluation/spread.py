"""Process pool whose workers each hold one costly tool: a loaded model, a renderer.

Knows processes; not what the tool is or does.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from typing import Any

from livetalk.runtime.process import tune_process


def threads_of(workers: int) -> int:
    """Threads that each of so many processes may run."""
    return max(1, (os.cpu_count() or 1) // max(1, workers))


def spread(
    start: Callable[[], Any], work: Callable[..., Any], asked: Sequence[tuple[Any, ...]], workers: int
) -> Iterator[Any]:
    """`work(tool, *words)` for each of `asked`, yielded as they are done.

    start: opens the tool, once in each process and with its first work, so that mistakes reach the caller. Processes
    are started afresh; with no workers everything is done here, in order.
    """
    if not asked:
        return
    if not workers:
        tool = start()
        yield from (work(tool, *words) for words in asked)
        return
    with ProcessPoolExecutor(min(workers, len(asked)), get_context("spawn"), _start, (start,)) as pool:
        tasks = [pool.submit(_do, work, words) for words in asked]
        try:
            yield from (task.result() for task in as_completed(tasks))
        finally:
            pool.shutdown(cancel_futures=True)  # waits for the work under way only


def spread_over(
    starts: Sequence[Callable[[], Any]], work: Callable[..., Any], asked: Sequence[tuple[Any, ...]]
) -> Iterator[Any]:
    """As `spread`, in as many processes as there are starts, each with the tool of its own: a device, for example."""
    if not asked:
        return
    context = get_context("spawn")
    waiting = context.SimpleQueue()
    for start in starts:
        waiting.put(start)
    with ProcessPoolExecutor(min(len(starts), len(asked)), context, _start_next, (waiting,)) as pool:
        tasks = [pool.submit(_do, work, words) for words in asked]
        try:
            yield from (task.result() for task in as_completed(tasks))
        finally:
            pool.shutdown(cancel_futures=True)


_own: dict[str, Any] = {}  # of a worker process


def _start(start: Callable[[], Any]) -> None:
    tune_process()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # MediaPipe is talkative; errors reach the caller as exceptions
    _own["start"] = start


def _start_next(waiting: "SimpleQueue[Callable[[], Any]]") -> None:
    _start(waiting.get())


def _do(work: Callable[..., Any], words: tuple[Any, ...]) -> Any:
    if "tool" not in _own:
        _own["tool"] = _own["start"]()
    return work(_own["tool"], *words)
