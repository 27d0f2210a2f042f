"""State machine of a live session: its phase, its stages, and what is to be made again from which frame on.

The session knows when a block is wanted, plans it, and decides what follows from speech, an interrupt, a fault or a
drift. The engine calls the verbs of this class and writes no attribute: `want`, then for each block `claim`,
`begin_block` and `end_denoising`, and beside the next one `begin_decoding`, `publish` for each piece, `end_decoding`.
"""

from collections.abc import Callable
from dataclasses import replace
from threading import Condition

import numpy as np

from livetalk.avatar.blocks import BlockTimings, TimedBlock, UtteranceFinished
from livetalk.conditions.input_checks.session import SessionChecks
from livetalk.geometry import FRAME_RATE
from livetalk.live.drift import DriftMeter
from livetalk.live.faults import Fault, FaultDetector
from livetalk.live.latency import LatencyModel
from livetalk.live.playout import Playout
from livetalk.live.revision import BlockOrder, Demand, Revision, RevisionKind, RunningStages, SessionPhase, SessionStats
from livetalk.live.utterances import UtteranceEnds
from livetalk.performer.block_plan import BlockPlan, BlockRecord
from livetalk.performer.stream import AvatarStream


class SessionMachine:
    """See the module docstring. Every method may be called from any thread; `LiveSession` is what callers hold."""

    def __init__(
        self,
        stream: AvatarStream,
        lock: Condition,
        clock: Callable[[], float],
        latency: LatencyModel,
        first_frame: int = 0,
        checked: bool = True,
    ) -> None:
        self.stream, self.lock, self.clock, self.latency = stream, lock, clock, latency
        self.geometry = latency.geometry
        self.fault_detector, self.drift = FaultDetector(stream.last_frame), DriftMeter(stream.last_frame)
        self.stats = SessionStats()
        self.phase, self.stages = SessionPhase.READY, RunningStages.NONE
        self.revision: Revision | None = None
        self.epoch = 0  # rises with every revision: orders of an older one are void
        self.error: BaseException | None = None
        self.speaking = False  # the newest planned block speaks
        self.decoded_frames = 0  # frames that are there, up to the last of them
        self._last_frame, self.checks = stream.last_frame, SessionChecks(stream.last_frame if checked else None)
        self._playout = Playout(clock, first_frame)
        self._retrying = False  # the block being made has been faulty once
        self._re_anchor = False  # drop the rolling past before the next block
        self._first_block_requested = False  # the consumer waits for a first block
        self._consumers, self._utterances = 0, UtteranceEnds()

    @property
    def closed(self) -> bool:
        return self.phase is SessionPhase.CLOSED

    @property
    def taken_frames(self) -> int:
        """Frames released to the consumer."""
        return self._playout.taken_frames

    @property
    def playhead(self) -> float:
        """Seconds on the session's clock."""
        return self._playout.playhead

    @property
    def next_block_starts(self) -> float:
        """When the first frame of the block to come is due, on the engine's clock."""
        return self._playout.starts(self.geometry.frames_of_block(self.stream.index).start)

    @property
    def abandoned(self) -> bool:
        """Closed, and no stage works for it any more: its place can be freed."""
        return self.closed and not self.stages

    def want(self, lead: float) -> tuple[Demand, float]:
        """Demand of now, and if there is none, when to ask again. `lead`: seconds a block takes to make."""
        never, stream, g = float("inf"), self.stream, self.geometry
        if not self.phase.running or RunningStages.DENOISING in self.stages:
            return Demand.NOTHING, never
        if self.revision is not None:
            return (Demand.NOTHING, never) if self.stages else (Demand.BLOCK, 0.0)
        if stream.index == 0 and not (self._first_block_requested or stream.speech.pending):
            return Demand.NOTHING, never
        onset = stream.ready and not self.speaking
        ahead = g.frames_of_block(stream.index).start - self.taken_frames
        if ahead > (3 if onset else 2) * g.frames_per_block:
            return Demand.NOTHING, never
        if onset:
            return Demand.BLOCK, 0.0
        latest = self.next_block_starts - lead
        if self.clock() < latest:
            return Demand.NOTHING, latest
        if stream.speech.pending and not stream.ready:
            if not self.speaking:
                return Demand.QUIET, 0.0
            self.stats.underrun()
        return Demand.BLOCK, 0.0

    def claim(self) -> None:
        """The denoising stage will take the session's next block."""
        with self.lock:
            self.stages |= RunningStages.DENOISING

    def begin_block(self, demand: Demand) -> BlockOrder | None:
        """Plan the block that was demanded; None if going back was all that there was to do."""
        with self.lock:
            plan = self._next_plan(demand) if self.revision is None else self._revised_plan(self.revision)
            return None if plan is None else BlockOrder(plan, self.epoch, self._utterances.planned - plan.heard.taken)

    def wants(self, order: BlockOrder) -> bool:
        """True while an order still stands."""
        return self.epoch == order.epoch and not self.closed

    def retry_if_faulty(self, record: BlockRecord) -> BlockPlan | None:
        """A plan with fresh noise for a block whose latents are faulty; None if they are sound."""
        with self.lock:
            if self.fault_detector.check(record.latents, None, None) is None:
                return None
            self.fault_detector.counts.note_retry()
            return self.stream.retry(record)

    def cancel_block(self, order: BlockOrder) -> None:
        """Take back an order in the middle of denoising."""
        with self.lock:
            self.stream.cancel(order.plan)
            self.return_speech(order)

    def return_speech(self, order: BlockOrder) -> None:
        """Return the speech of a void block to the buffer, if it is void for a fault of the one before it."""
        with self.lock:
            if self.revision is not None and self.revision.kind is RevisionKind.RETRY:
                self.stream.speech.give_back(order.plan.heard)
                self._utterances.plan(-order.plan.heard.taken)

    def end_denoising(self) -> None:
        with self.lock:
            self.stages &= ~RunningStages.DENOISING
            self.lock.notify_all()

    def begin_decoding(self) -> None:
        with self.lock:
            self.stages |= RunningStages.DECODING

    def end_decoding(self) -> None:
        with self.lock:
            self.stages &= ~RunningStages.DECODING
            self.lock.notify_all()

    def publish(self, order: BlockOrder, record: BlockRecord, frames: np.ndarray, timings: BlockTimings) -> None:
        """Take over the next decoded piece of a block: queue it, or have the block made again if it is faulty."""
        fault = self.fault_detector.check(record.latents, frames, self._last_frame)
        job, g = record.job, self.geometry
        first = g.frames_of(job.before.latents + len(record.carries) - 2)
        with self.lock:
            if not self.wants(order):
                return
            newest = bool(self.stream.records) and self.stream.records[-1] is record
            begins = newest and first == job.frames.start and job.known is None
            if fault is not None and begins and not self._retrying and self.revision is None:
                self._retrying, self.revision = True, Revision(first, RevisionKind.RETRY)
                self.epoch += 1  # a block that was begun on top of this one is void
                self.fault_detector.counts.note_retry()
                return
            if fault is not None:
                self.fault_detector.counts.note_held()
                self._re_anchor |= fault in (Fault.NAN, Fault.EXPLODED)
                frames = np.repeat(self._last_frame[None], len(frames), 0)
            self._retrying, self._last_frame = False, frames[-1]
            start = (first - job.frames.start) * g.samples_per_frame
            audio = job.heard.audio[start : start + len(frames) * g.samples_per_frame]
            said = min(max(0, job.heard.begins + job.heard.taken - start), len(audio))
            again, held, speaking = job.known is not None, fault is not None, job.heard.speaking
            self._announce(TimedBlock(job.index, first, frames, audio, speaking, again, held, said, timings))
            heard = min(max(0, start + len(audio) - job.heard.begins), job.heard.taken)
            speech_pts = g.samples_before(job.frames.start) + job.heard.begins - order.spoken
            for pts in self._utterances.publish(order.spoken + heard, speech_pts):
                self._playout.put(UtteranceFinished(pts))

    def note_drift(self, frames: np.ndarray) -> None:
        """Look at a whole block; a face that has drifted is re-anchored before the next one."""
        drift = self.drift.measure(frames)
        with self.lock:
            self._re_anchor |= self.drift.is_outside(drift)

    def fail(self, error: BaseException) -> None:
        """End the session with an error: nothing more will come."""
        with self.lock:
            self.error = error
            if self.phase.usable:
                self._enter(SessionPhase.FAILED)

    def free(self) -> None:
        """Give the session's place back. Once it is `abandoned`."""
        self.stream.close()

    # The lock is held by the caller of what follows.

    def _enter(self, phase: SessionPhase) -> None:
        assert self.phase.may_become(phase), f"a session that is {self.phase.value} cannot become {phase.value}"
        self.phase = phase
        self.lock.notify_all()

    def _next_plan(self, demand: Demand) -> BlockPlan:
        if self._re_anchor and RunningStages.DECODING not in self.stages:
            self._re_anchor = False
            self.stream.reset_rolling_window()
            self.drift.reset()
            self.stats.re_anchored()
        plan = self.stream.plan(mute=demand is Demand.QUIET)
        self._utterances.plan(plan.heard.taken)
        self.speaking = plan.heard.speaking
        return plan

    def _revised_plan(self, revision: Revision) -> BlockPlan | None:
        self.revision = None
        if revision.kind is RevisionKind.RETRY:
            at = revision.from_frame
            return self.stream.retry(next(r for r in self.stream.records if r.job.frames.start == at))
        certain = min(revision.from_frame, self.decoded_frames)
        self.speaking = False
        if revision.kind is RevisionKind.INTERRUPT:
            return self.stream.interrupt(certain)
        plan = self.stream.resume_from(certain)
        self._utterances.plan(0 if plan is None else plan.heard.taken)
        self.speaking = plan is not None
        return plan

    def _announce(self, block: TimedBlock) -> None:
        if not self._playout.started:  # a lone first frame is shown when the next ones will be there in its time
            self._playout.start(max(0.0, 2 * self.latency.piece_decode - block.seconds))
            if self.phase is SessionPhase.READY:
                self._enter(SessionPhase.PLAYING)
        late = max(0.0, self._playout.lateness(block.first_frame))
        self.stats.stalled(late)
        if block.replaces or block.first_frame == self.geometry.frames_of_block(block.index).start:
            self.stats.block_ready(block.index, block.speaking, self.clock(), late > 0)
        block = replace(block, late=late)
        self.decoded_frames = block.first_frame + len(block.frames)
        if self.revision is not None:  # a block in the making that was let go on to this piece
            block = block if self.revision.kind is RevisionKind.ONSET else block.muted()
            if self.decoded_frames >= self.revision.from_frame:
                self.revision = replace(self.revision, from_frame=self.decoded_frames)
                self.epoch += 1
        self._playout.put(block)
        self.lock.notify_all()

    def _revise(self, certain: int, kind: RevisionKind) -> None:
        """Have frames made again from `certain` on; what is in work is void, or ends with its next piece."""
        going_back = self.revision is not None
        self.decoded_frames = certain
        if not going_back and self._needs_another:
            certain += self.geometry.time_compression
        else:
            self.epoch += 1
        self.revision = Revision(certain, kind)

    @property
    def _needs_another(self) -> bool:
        """Whether what is there ends before others can follow, and a block that goes on from it is being made."""
        coming = self._planned_frames - self.decoded_frames
        ends = self.decoded_frames / FRAME_RATE
        lacking = ends < self.playhead + self.latency.earliest_replacement
        return bool(self.stages) and coming >= self.geometry.time_compression and lacking

    @property
    def _planned_frames(self) -> int:
        """Frames up to the end of the block that is being denoised, or of the one before the next."""
        block = self.geometry.frames_of_block(self.stream.index)
        return block.stop if RunningStages.DENOISING in self.stages else block.start
