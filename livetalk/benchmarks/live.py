"""Simulated viewers of the live engine, in real time.

Opens sessions on a real engine and lets viewers watch and actors speak to them. How a viewer sees is `live_viewer.py`'s
business, what their stay comes to `live_figures.py`'s, stages without the engine `live_stages.py`'s.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.avatar.blocks import TimedBlock
from livetalk.avatar.session import AtCapacity
from livetalk.benchmarks.live_viewer import Viewer, act
from livetalk.geometry import SAMPLE_RATE
from livetalk.live.engine import LivePerformer
from livetalk.live.session import LiveSession
from livetalk.performer.performer import Performer

COLD = 5  # sessions opened for the first frame
COLD_SPEECH = 0.75  # seconds pushed at once
REST = 0.5  # seconds between them: the block under way is not the next one's burden
FREED = 10.0  # seconds in which the place of a closed session is free again
NAN = float("nan")


@dataclass(frozen=True)
class LiveBenchOptions:
    """Options of the simulation: number of sessions, duration, faces, recordings (16 kHz)."""

    seconds: float
    sessions: int
    portraits: Sequence[UInt8[np.ndarray, "h w 3"]]
    recordings: Sequence[Float32[np.ndarray, " n"]]
    prompt: str
    seed: int = 0

    @property
    def faces(self) -> list[UInt8[np.ndarray, "h w 3"]]:
        """Each session's portrait."""
        return [self.portraits[i % len(self.portraits)] for i in range(self.sessions)]


@dataclass(frozen=True)
class Stay:
    """Record of a simulation. `memory`: (seconds, megabytes) of the process."""

    viewers: Sequence[Viewer]
    cold: Sequence[float]
    limit: int
    wall: float
    cpu: float
    memory: Sequence[tuple[float, float]]


def simulate(performer: Performer, order: LiveBenchOptions, tell: Callable[[float], None] = lambda _: None) -> Stay:
    """Viewers of a performer's live engine in real time. An interrupt from the keyboard ends all threads first."""
    with LivePerformer(performer) as engine:
        if engine.limit >= order.sessions:
            return stay(engine, order, tell)
        limit = engine.limit
    with LivePerformer(performer, sessions=order.sessions) as engine:  # too many, as was asked for
        engine.limit = limit
        return stay(engine, order, tell)


def stay(engine: LivePerformer, order: LiveBenchOptions, tell: Callable[[float], None] = lambda _: None) -> Stay:
    """`simulate` on an engine that runs. `tell` is called with the seconds gone, every second or so."""
    cold = [_cold(engine, order) for _ in range(COLD)]
    sessions = [_opened(engine, face, order.prompt, order.seed + i) for i, face in enumerate(order.faces)]
    viewers, memory = [Viewer(session, engine.clock) for session in sessions], []
    began, cpu = time.perf_counter(), time.process_time()
    with _people(viewers, order) as failed:
        while (gone := time.perf_counter() - began) < order.seconds and not failed.wait(min(1, order.seconds - gone)):
            memory.append((time.perf_counter() - began, resident()))
            tell(memory[-1][0])
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    return Stay(viewers, cold, engine.limit, wall, cpu, memory)


@contextmanager
def _people(viewers: Sequence[Viewer], order: LiveBenchOptions) -> Iterator[threading.Event]:
    """Inside, viewers watch and actors speak; afterwards their sessions are closed. Raises what went wrong in them."""
    stop, failed, errors = threading.Event(), threading.Event(), list[Exception]()

    def guarded(work: Callable[..., None], *given: object) -> None:
        try:
            work(*given, stop)
        except Exception as error:
            errors.append(error)
            failed.set()

    threads = []
    for number, viewer in enumerate(viewers):
        rng = np.random.default_rng((order.seed, number))
        threads.append(threading.Thread(target=guarded, args=(viewer.watch,), daemon=True))
        threads.append(threading.Thread(target=guarded, args=(act, viewer, order.recordings, rng), daemon=True))
    try:
        for thread in threads:
            thread.start()
        yield failed
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        for viewer in viewers:
            viewer.session.close()
    if errors:
        raise errors[0]


def _cold(engine: LivePerformer, order: LiveBenchOptions) -> float:
    """Seconds until a new session shows its first frame."""
    sound = np.resize(order.recordings[0], round(COLD_SPEECH * SAMPLE_RATE))
    began = time.perf_counter()
    session = _opened(engine, order.portraits[0], order.prompt, order.seed)
    session.push(sound)
    while not isinstance(session.take(timeout=30.0), TimedBlock):
        pass
    spent = time.perf_counter() - began
    session.close()
    time.sleep(REST)
    return spent


def _opened(engine: LivePerformer, portrait: UInt8[np.ndarray, "h w 3"], prompt: str, seed: int) -> LiveSession:
    end = time.monotonic() + FREED
    while True:
        try:
            return engine.open(portrait, prompt, seed)
        except AtCapacity:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def resident() -> float:
    """Megabytes that the process holds now; NaN where the system does not tell."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6 if status.is_file() else NAN
