"""The live engine: several sessions on one model, stepped in batches when they are due, decoded beside denoising.

One thread denoises, one decodes; a block is handed from one to the other, and nothing is queued beyond that. Admission
says no before deadlines would be missed. Knows who is due and what follows from a fault, a drift or an interrupt;
how a block is made is the stages' business.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import numpy as np
from jaxtyping import UInt8

from livetalk.geometry import FRAME_RATE
from livetalk.performer.guard import Fault
from livetalk.performer.overlap import computing, cores
from livetalk.performer.performer import Performer
from livetalk.performer.session import LiveSession, Want
from livetalk.performer.stages import decode, denoise
from livetalk.performer.stream import AvatarStream, Job, Record, StreamSnapshot
from livetalk.performer.timed import BlockTimings, TimedBlock

HEADROOM = 0.9  # of real time that admission lets sessions use together
MARGIN = 1.25  # a block is begun so many times its usual cost before it is due


class Full(ValueError):
    """No session more can be held in real time."""


class _Void(Exception):
    """The block being made is not wanted any more."""


@dataclass
class Cost:
    """Moving averages of what a block costs, in seconds."""

    denoise: float = 0.0
    decode: float = 0.0

    def note(self, name: str, seconds: float) -> None:
        before = getattr(self, name)
        setattr(self, name, seconds if before == 0.0 else before + 0.2 * (seconds - before))

    @property
    def block(self) -> float:
        return self.denoise + self.decode


class LivePerformer:
    """See the module docstring. A context manager; `close` ends its thread and all sessions.

    sessions: the most that are held at once; None: as many as `warm_up` measures to fit into real time.
    """

    def __init__(
        self, performer: Performer, sessions: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.performer, self.clock = performer, clock
        self.lock = threading.Condition()
        self.cost = Cost()
        self.sessions: list[LiveSession] = []
        self.limit = self._warm_up() if sessions is None else sessions
        self.pool = performer.pool(self.limit)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="livetalk", daemon=True)
        self._thread.start()

    def open(
        self,
        portrait: UInt8[np.ndarray, "h w 3"],
        prompt: str,
        seed: int = 0,
        snapshot: StreamSnapshot | None = None,
    ) -> LiveSession:
        """A new session, or one that goes on from a snapshot.

        Raises Full (a ValueError) when the machine holds as many as it can, ValueError for a portrait of odd size.
        """
        with self.lock:
            if self._stopping:
                raise ValueError("the live performer is closed")
            if not self.pool.free:
                raise Full(f"this machine holds {self.limit} live sessions at once, and all are taken: try later")
            slot = self.pool.open()
        try:
            stream = self.performer.stream(slot, portrait, prompt, seed)
            if snapshot is not None:
                stream.restore(snapshot)
        except BaseException:
            slot.close()
            raise
        session = LiveSession(stream, self.lock, self.clock)
        if snapshot is not None:
            session.taken_frames = self.performer.preset.geometry.frames_of_block(snapshot.index).start
        with self.lock:
            self.sessions.append(session)
        return session

    def close(self) -> None:
        """Ends all sessions and the engine's thread. May be called twice."""
        with self.lock:
            self._stopping = True
            self.lock.notify_all()
        self._thread.join()
        for session in list(self.sessions):
            session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self.close()

    def _warm_up(self) -> int:
        """Step a throw-away stream into its steady state; returns how many sessions fit into real time."""
        g = self.performer.preset.geometry
        slot = self.performer.pool(1).open()
        stream = self.performer.stream(slot, np.full((g.size, g.size, 3), 128, np.uint8), "", 0)
        for _ in range(g.window_latents // g.block_latents + 2):
            began = time.perf_counter()
            records = denoise(self.performer, [stream], [stream.plan()])
            between = time.perf_counter()
            decode(self.performer, [stream], records)
            self.cost = Cost(between - began, time.perf_counter() - between)
        slot.close()
        return max(1, int(HEADROOM * g.block_seconds / self.cost.block))

    @property
    def lead(self) -> float:
        """Seconds before its time that a block must be begun."""
        return min(MARGIN * self.cost.block, self.performer.preset.geometry.block_seconds)

    def _run(self) -> None:
        with computing(cores()):
            while True:
                with self.lock:
                    self._bury()
                    due, wake = self._due()
                    if self._stopping:
                        return
                    if not due:
                        self.lock.wait(None if wake == float("inf") else max(0.0, min(wake - self.clock(), 0.05)))
                        continue
                    for session, _ in due:
                        session.busy = True
                self._step(due)
                with self.lock:
                    for session, _ in due:
                        session.busy = False
                    self.lock.notify_all()

    def _due(self) -> tuple[list[tuple[LiveSession, Want]], float]:
        """Sessions that want a block now and can be stepped in one batch, the most urgent first; or when to look."""
        asked = [(session, *session.want(self.lead)) for session in self.sessions]
        due = [(s, want) for s, want, _ in asked if want is not Want.NOTHING]
        if not due:
            return [], min((wake for _, _, wake in asked), default=float("inf"))
        geometry = self.performer.preset.geometry
        due.sort(key=lambda pair: pair[0].starts(geometry.frames_of_block(pair[0].stream.index).start))
        first = due[0][0]
        if first.revising:
            return due[:1], 0.0
        return [(s, w) for s, w in due if s.stream.phase == first.stream.phase and not s.revising], 0.0

    def _step(self, due: Sequence[tuple[LiveSession, Want]]) -> None:
        try:
            planned = [(session, self._plan(session, want), session.epoch) for session, want in due]
            planned = [(session, job, epoch) for session, job, epoch in planned if job is not None]
            if planned:
                self._make([s for s, _, _ in planned], [j for _, j, _ in planned], [e for _, _, e in planned])
        except _Void:
            pass
        except Exception as error:
            if len(due) == 1:
                with self.lock:
                    due[0][0].fail(error)
                return
            for one in due:  # a batch is as weak as its weakest: each alone, so that only the broken one ends
                self._back(one[0])
                self._step([one])

    def _plan(self, session: LiveSession, want: Want) -> Job | None:
        with self.lock:
            if not session.revising:
                return session.stream.plan(mute=want is Want.QUIET)
            session.revising = False
            session.speaking = False
            # What is seen until the remainder of the block on screen could be there again stays as it is.
            seen = int((session.playhead + self.cost.block) * FRAME_RATE) + 1
            return session.stream.interrupt(min(seen, session.taken_frames))

    def _make(self, sessions: list[LiveSession], jobs: list[Job], epochs: list[int]) -> None:
        streams = [session.stream for session in sessions]
        began = time.perf_counter()
        records = denoise(self.performer, streams, jobs)
        for place, session in enumerate(sessions):
            if session.guard.check(records[place].latents, None, None) is not None:
                records[place] = self._once_more(session, records[place])
        between = time.perf_counter()
        self._check(sessions, epochs)
        marks: list[float] = []
        frames = decode(self.performer, streams, records, marks.append)
        ended = time.perf_counter()
        self.cost.note("denoise", between - began)
        self.cost.note("decode", ended - between)
        timings = BlockTimings(0.0, between - began, marks[0] - between, ended - between)
        for session, record, pixels, epoch in zip(sessions, records, frames, epochs, strict=True):
            self._publish(session, record, pixels, epoch, timings)

    def _check(self, sessions: Sequence[LiveSession], epochs: Sequence[int]) -> None:
        """Leave off if nobody wants what is being made."""
        with self.lock:
            if all(s.epoch != epoch or s.closed for s, epoch in zip(sessions, epochs, strict=True)):
                raise _Void

    def _once_more(self, session: LiveSession, record: Record) -> Record:
        session.guard.counts.retried += 1
        job = session.stream.again(record)
        return denoise(self.performer, [session.stream], [job])[0]

    def _publish(
        self, session: LiveSession, record: Record, frames: np.ndarray, epoch: int, timings: BlockTimings
    ) -> None:
        stream, held = session.stream, False
        fault = session.guard.check(record.latents, frames, stream.last_frame)
        if fault is not None and record.job.attempt < 62 and record.job.known is None:
            record = self._once_more(session, record)
            frames = decode(self.performer, [stream], [record])[0]
            fault = session.guard.check(record.latents, frames, stream.last_frame)
        if fault is not None:
            held = True
            session.guard.counts.held += 1
            frames = np.repeat(stream.last_frame[None], len(frames), 0)
            if fault in (Fault.NAN, Fault.EXPLODED):
                self._back(session, record)
                stream.index = record.job.index + 1
        with self.lock:
            if session.epoch != epoch or session.closed:
                return
            stream.last_frame = frames[-1]
            session.announce(self._block(record, frames, held, timings))
        if not held and session.drift.leaves_band(session.drift.measure(frames)):
            stream.re_anchor()
            session.drift.reset()
            session.tally.re_anchors += 1

    def _block(self, record: Record, frames: np.ndarray, held: bool, timings: BlockTimings) -> TimedBlock:
        job, heard = record.job, record.job.heard
        first = job.frames.stop - len(frames)
        per_frame = self.performer.preset.geometry.samples_per_frame
        audio = heard.audio[(first - job.frames.start) * per_frame :]
        return TimedBlock(job.index, first, frames, audio, heard.speaking, job.known is not None, held, timings)

    def _back(self, session: LiveSession, record: Record | None = None) -> None:
        """Undo the newest block of a stream, if it has one of this step."""
        stream: AvatarStream = session.stream
        if record is not None and stream.records and stream.records[-1] is record:
            stream.records.pop()
            stream.rollout = replace(record.job.before)

    def _bury(self) -> None:
        """Forget closed sessions; free the places of those that were closed while a block was made for them."""
        for session in self.sessions:
            if session.closed:
                session.stream.close()
        self.sessions = [session for session in self.sessions if not session.closed]
