"""The live engine: several sessions on one model, stepped in batches when they are due, decoded beside denoising.

One thread denoises, another decodes what it is handed; nothing is queued between them. A block is begun just in time
(speech after silence: at once), so that no more than one finished block waits. Admission says no before deadlines
would be missed. Knows who is due; what follows from a fault, a drift or an interrupt is the session's business, and
how a block is made the stages'.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from livetalk.avatar.blocks import BlockTimings
from livetalk.avatar.session import AtCapacity, require_size
from livetalk.geometry import FrameSize
from livetalk.live.latency import LatencyModel
from livetalk.live.revision import BlockOrder, Demand
from livetalk.live.session import LiveSession
from livetalk.performer.block_plan import BlockRecord, StreamSnapshot
from livetalk.performer.kv_pool import StatePool
from livetalk.performer.networks import Networks, Portrait
from livetalk.performer.performer import Performer
from livetalk.performer.pipeline import computing, half_the_cores
from livetalk.performer.stages import decode, denoise
from livetalk.performer.stream import AvatarStream

LEAVING = 3.0  # seconds that the last block of a closed session may take, whose place a new one waits for
PATIENCE = 0.05  # seconds after which the engine looks again anyway


class Superseded(Exception):
    """The block being made is not wanted any more."""


@dataclass(frozen=True)
class BlockBatch:
    """One step's blocks on their way from one stage to the other."""

    sessions: list[LiveSession]
    orders: list[BlockOrder]

    @property
    def pairs(self) -> list[tuple[LiveSession, BlockOrder]]:
        return list(zip(self.sessions, self.orders, strict=True))

    @property
    def wanted(self) -> bool:
        return any(session.wants(order) for session, order in self.pairs)


class LivePerformer:
    """See the module docstring. A context manager; `close` ends its threads and all sessions.

    sessions: the most that are held at once; None: as many as are measured to fit into real time, at least one.
    size: side of portraits and frames, one of the preset's; "auto": the largest that leaves the machine time to spare.
    checked: portraits and speech are looked at (`LiveSession.warnings`); False where the caller does that.
    Raises ValueError for a size that the preset does not have, and a performer that plays as published.
    """

    def __init__(
        self,
        performer: Performer,
        sessions: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        size: FrameSize = "coded",
        checked: bool = True,
    ) -> None:
        if performer.preset.as_published:
            raise ValueError("as published, all of the speech must be there first: live sessions run without it")
        self.performer, self.clock = performer, clock
        self.lock = threading.Condition()
        self.latency, self._share = LatencyModel(performer.preset.geometry), half_the_cores(performer.networks.device)
        self.sessions: list[LiveSession] = []
        sizes = performer.preset.sizes[::-1] if size == "auto" else (performer.preset.size_of(size),)
        measure = sessions is None or size == "auto"  # the size that is taken is the one measured last
        self.size = next((each for each in sizes if measure and self._measured(each).leaves_time), sizes[-1])
        self.limit = self.latency.places(performer.max_sessions) if sessions is None else sessions
        self.pool = performer.networks.kv_pool(self.limit)
        self._stopping, self._checked = False, checked
        self._decoder = ThreadPoolExecutor(1, "decode")
        self._decoding: Future[None] | None = None
        self._thread = threading.Thread(target=self._run, name="denoise", daemon=True)
        self._thread.start()

    def open(
        self, portrait: Portrait, prompt: str, seed: int = 0, snapshot: StreamSnapshot | None = None
    ) -> LiveSession:
        """Open a session, or continue one from a snapshot; portrait, prompt and seed as `Performer` takes them.

        Raises AtCapacity when the machine holds as many as it can, ValueError for a portrait of another size.
        """
        require_size(portrait, self.size)
        with self.lock:
            self.lock.wait_for(lambda: _may_open(self.pool, self.sessions), LEAVING)
            if self._stopping:
                raise ValueError("the live performer is closed: make a new one")
            if not self.pool.free:
                raise AtCapacity(f"this machine holds {self.limit} live sessions at once, and all are taken: try later")
            slot = self.pool.open()
        try:
            with computing(self._share):
                stream = AvatarStream(self.performer.networks, slot, portrait, prompt, seed)
                first = 0
                if snapshot is not None:
                    stream.restore(snapshot)
                    first = self.performer.preset.geometry.frames_of_block(snapshot.index).start
                session = LiveSession(stream, self.lock, self.clock, self.latency, first, self._checked)
        except BaseException:
            slot.close()
            raise
        with self.lock:
            self.sessions.append(session)
            self.lock.notify_all()
        return session

    def close(self) -> None:
        """End all sessions and the engine's threads. May be called twice."""
        for session in list(self.sessions):
            session.close()
        with self.lock:
            self._stopping = True
            self.lock.notify_all()
        self._thread.join()
        self._decoder.shutdown()
        with self.lock:
            _reap(self.sessions)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self.close()

    @property
    def lead(self) -> float:
        """Seconds before its time that a block must be begun."""
        return self.latency.lead

    def _measured(self, size: int) -> LatencyModel:
        self.latency.reset(*steady_seconds(self.performer.networks, size, self._share))
        return self.latency

    def _run(self) -> None:
        with computing(self._share):
            while True:
                with self.lock:
                    _reap(self.sessions)
                    if self._stopping:
                        return
                    due, wake = self._due()
                    if not due:
                        self.lock.wait(max(0.0, min(wake - self.clock(), PATIENCE)))
                        continue
                    for session, _ in due:
                        session.claim()
                self._step(due)
                with self.lock:
                    for session, _ in due:
                        session.end_denoising()

    def _due(self) -> tuple[list[tuple[LiveSession, Demand]], float]:
        """Sessions that want a block now and can be stepped in one batch, the most urgent first; or when to look."""
        asked = [(session, *session.want(self.lead)) for session in self.sessions]
        due = [(s, want) for s, want, _ in asked if want is not Demand.NOTHING]
        if not due:
            return [], min((wake for _, _, wake in asked), default=float("inf"))
        due.sort(key=lambda pair: pair[0].next_block_starts)
        first = due[0][0]
        if first.revision is not None:  # going back is done alone, not in a batch
            return due[:1], 0.0
        alike = [(s, w) for s, w in due if s.stream.phase == first.stream.phase and s.revision is None]
        return alike, 0.0

    def _step(self, due: Sequence[tuple[LiveSession, Demand]]) -> None:
        """Denoise a block of each session and hand it on."""
        work = BlockBatch([], [])
        try:
            for session, demand in due:
                order = session.begin_block(demand)
                if order is not None:
                    work.sessions.append(session)
                    work.orders.append(order)
            if work.orders:
                self._make(work)
        except Superseded:
            for session, order in work.pairs:
                session.cancel_block(order)
        except Exception as error:
            self._fail_sessions([session for session, _ in due], error)

    def _make(self, work: BlockBatch) -> None:
        def leave_off() -> None:
            if not work.wanted:
                raise Superseded

        began = time.perf_counter()
        streams = [session.stream for session in work.sessions]
        records = denoise(self.performer.networks, streams, [order.plan for order in work.orders], leave_off)
        for place, session in enumerate(work.sessions):
            again = session.retry_if_faulty(records[place])
            if again is not None:
                records[place] = denoise(self.performer.networks, [session.stream], [again])[0]
        spent = time.perf_counter() - began
        self.latency.note_denoise(spent)
        if self._decoding is not None:
            self._decoding.result()  # never more than one step ahead of decoding
        with self.lock:
            for session, order in work.pairs:
                if not session.wants(order):  # interrupted behind the last step
                    session.return_speech(order)
            if not work.wanted:
                return  # others are begun at once
            for session in work.sessions:
                session.begin_decoding()
        self._decoding = self._decoder.submit(self._show, work, records, spent)

    def _show(self, work: BlockBatch, records: list[BlockRecord], denoised: float) -> None:
        """Decode a step's blocks and announce them piece by piece: the other thread's part."""
        began, first = time.perf_counter(), 0.0

        def tell(pieces: list[np.ndarray]) -> None:
            nonlocal first
            spent = time.perf_counter() - began
            first = first or spent
            timings = BlockTimings(denoised, first, spent)
            for (session, order), record, frames in zip(work.pairs, records, pieces, strict=True):
                session.publish(order, record, frames, timings)
            if not work.wanted:
                raise Superseded

        try:
            with computing(self._share):
                whole = decode(self.performer.networks, [s.stream for s in work.sessions], records, tell)
            self.latency.note_decode(time.perf_counter() - began)
            for session, frames in zip(work.sessions, whole, strict=True):
                session.note_drift(frames)
        except Superseded:
            pass
        except Exception as error:
            self._fail_sessions(work.sessions, error)
        finally:
            for session in work.sessions:
                session.end_decoding()

    def _fail_sessions(self, sessions: list[LiveSession], error: Exception) -> None:
        """An exception in a step ends the session it came from, or those of the batch if that cannot be told."""
        for session in sessions:
            session.fail(error)


def _reap(sessions: list[LiveSession]) -> None:
    """Forget closed sessions and free their places, once no block is being made for them."""
    for session in [session for session in sessions if session.abandoned]:
        session.free()
        sessions.remove(session)


def _may_open(pool: StatePool, sessions: list[LiveSession]) -> bool:
    """Whether a place is free, or none will be soon: a closed session's last block may still be in the making."""
    _reap(sessions)
    return bool(pool.free) or not any(session.closed for session in sessions)


def steady_seconds(networks: Networks, size: int, cores: int) -> tuple[float, float]:
    """Seconds that denoising and decoding a block take: of a throw-away stream, stepped into its steady state."""
    g, slot = networks.preset.geometry, networks.kv_pool(1).open()
    began = between = ended = 0.0
    with computing(cores):
        stream = AvatarStream(networks, slot, np.full((size, size, 3), 128, np.uint8), "", 0)
        for _ in range(g.window_latents // g.block_latents + 2):
            began = time.perf_counter()
            records = denoise(networks, [stream], [stream.plan()])
            between = time.perf_counter()
            decode(networks, [stream], records)
            ended = time.perf_counter()
    slot.close()
    return between - began, ended - between
