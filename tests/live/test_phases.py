"""The session's state machine under any order of calls: phases, revisions and the frames that reach the consumer.

The stream under it is a stand-in that makes plans and no pictures, so that hundreds of orders are tried in seconds.
"""

import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from livetalk.avatar.blocks import BlockTimings, Interrupted, TimedBlock, UtteranceFinished
from livetalk.geometry import Geometry
from livetalk.live.latency import LatencyModel
from livetalk.live.revision import BlockOrder, Demand, RevisionKind, RunningStages, SessionPhase
from livetalk.live.session import LiveSession
from livetalk.performer.speech_buffer import BlockAudio

G = Geometry(size=64, latent_channels=4)
PICTURES = np.random.default_rng(0).integers(60, 200, (13, 64, 64, 3), np.uint8)
ROWS = torch.zeros(1, 1)


@dataclass
class Speech:
    """Waiting speech as a number of samples, all ones."""

    pending: int = 0
    ended: bool = True

    def clear(self) -> None:
        self.pending, self.ended = 0, True

    def give_back(self, heard: BlockAudio) -> None:
        self.pending += heard.taken

    def take(self, most: int) -> int:
        taken = min(most, self.pending)
        self.pending -= taken
        return taken


@dataclass(eq=False)
class Record:
    job: Any
    latents: torch.Tensor = field(default_factory=lambda: torch.randn(1, 4, 3, 2, 2))
    carries: list[int] = field(default_factory=lambda: [0])
    cut: bool = False  # by an interrupt: what it says from there on is not to be said any more


class Stream:
    """Plans, commits and goes back as `AvatarStream` does."""

    def __init__(self) -> None:
        self.speech, self.index, self.records, self.last_frame = Speech(), 0, list[Record](), PICTURES[0]
        self.closed = False

    @property
    def ready(self) -> bool:
        size = G.samples_before(len(G.frames_of_block(self.index)))
        return self.speech.pending > 0 and (self.speech.ended or self.speech.pending >= size)

    def push(self, speech: np.ndarray, rate: int) -> None:
        self.speech.pending, self.speech.ended = self.speech.pending + len(speech), False

    def end(self) -> None:
        self.speech.ended = True

    def plan(self, mute: bool = False) -> Any:
        return self._plan(self.index, self._heard(len(G.frames_of_block(self.index)), 0, mute))

    def cancel(self, plan: Any) -> None:
        if plan.origin is not None:
            self.records.append(plan.origin)
            self.index = plan.index + 1

    def commit(self, plan: Any) -> Record:
        record = Record(plan, carries=[0] * (1 + plan.seen))
        self.records, self.index = [*self.records, record][-2:], plan.index + 1
        return record

    def interrupt(self, shown: int) -> Any:
        record, seen = self._back_to(shown)
        if record is None or seen == 3:
            return None
        record.cut = True
        kept = G.samples_before(shown - record.job.frames.start)
        audio = record.job.heard.audio.copy()
        audio[kept:] = 0
        return self._rest(record, seen, BlockAudio(ROWS, audio, record.job.heard.speaking and kept > 0))

    def resume_from(self, shown: int) -> Any:
        record, seen = self._back_to(shown)
        if record is None or seen == 3:
            return None
        before = G.samples_before(shown - record.job.frames.start)
        assert record.cut or not record.job.heard.audio[before:].any(), "speech is lost"
        return self._rest(record, seen, self._heard(len(record.job.frames), before, False))

    def retry(self, record: Record) -> Any:
        while self.records[-1] is not record:
            self.records.pop()
        self.records.pop()
        self.index = record.job.index
        return record.job

    def snapshot(self) -> int:
        return self.index

    def reset_rolling_window(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    def _heard(self, frames: int, before: int, mute: bool) -> BlockAudio:
        size = G.samples_before(frames)
        taken = 0 if mute else self.speech.take(size - before)
        audio = np.zeros(size, np.float32)
        audio[before : before + taken] = 1
        return BlockAudio(ROWS, audio, taken > 0, taken, before)

    def _plan(self, index: int, heard: BlockAudio, seen: int = 0, origin: Record | None = None) -> Any:
        before, known = SimpleNamespace(latents=3 * index), None if origin is None else True
        frames = G.frames_of_block(index)
        return SimpleNamespace(
            index=index, frames=frames, heard=heard, before=before, known=known, seen=seen, origin=origin
        )

    def _back_to(self, shown: int) -> tuple[Record | None, int]:
        while self.records and self.records[-1].job.frames.start >= shown:
            self.index = self.records.pop().job.index
        if not self.records:
            return None, 0
        job = self.records[-1].job
        return self.records[-1], min(3, G.latents_of(min(shown, job.frames.stop)) - 3 * job.index)

    def _rest(self, record: Record, seen: int, heard: BlockAudio) -> Any:
        self.records.remove(record)
        self.index = record.job.index
        return self._plan(record.job.index, heard, seen, record)


class Sessions(RuleBasedStateMachine):
    """Callers, consumer and engine, each doing whatever it may at any moment."""

    @initialize(denoise=st.floats(0.05, 0.4), decode=st.floats(0.05, 0.4))
    def open(self, denoise: float, decode: float) -> None:
        self.now, self.stream = 0.0, Stream()
        latency = LatencyModel(G, denoise, decode)
        self.session = LiveSession(self.stream, threading.Condition(), lambda: self.now, latency)  # type: ignore[arg-type]
        self.session.drift.is_outside = lambda drift: False  # type: ignore[method-assign]
        self.making: BlockOrder | None = None
        self.decoding: tuple[BlockOrder, Record] | None = None
        self.pushed, self.said, self.next_frame = 0, 0, 0
        self.phase = SessionPhase.READY
        self.ends, self.heard = list[int](), np.zeros(0, np.float32)

    def usable(self) -> bool:
        return self.session.phase.usable

    @rule(seconds=st.floats(0.01, 0.6))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @precondition(usable)
    @rule(samples=st.integers(500, 30_000))
    def push(self, samples: int) -> None:
        self.session.push(np.ones(samples, np.float32))
        self.pushed += samples

    @precondition(usable)
    @rule()
    def end(self) -> None:
        self.session.end()
        self.ends.append(self.pushed)

    @precondition(usable)
    @rule()
    def interrupt(self) -> None:
        self.session.interrupt()
        cut = self.session.items[0]
        assert isinstance(cut, Interrupted)
        assert self.session.revision is not None
        assert self.session.revision.kind is RevisionKind.INTERRUPT
        self.heard[cut.pts :] = 0  # taken, but not to be played any more
        self.pushed = self.said = int(self.heard.sum())
        self.ends.clear()

    @precondition(usable)
    @rule()
    def pause(self) -> None:
        self.session.pause()
        assert self.session.phase is SessionPhase.PAUSED

    @precondition(usable)
    @rule()
    def resume(self) -> None:
        self.session.resume()
        assert self.session.phase.running

    @precondition(lambda self: self.making is None)
    @rule()
    def begin(self) -> None:
        demand, _ = self.session.want(0.5)
        if demand is Demand.NOTHING:
            return
        self.session.claim()
        self.making = self.session.begin_block(demand)
        if self.making is None:
            self.session.end_denoising()

    @precondition(lambda self: self.making is not None and self.decoding is None)
    @rule()
    def denoise(self) -> None:
        order, self.making = self.making, None
        assert order is not None
        if self.session.wants(order):
            self.decoding = (order, self.stream.commit(order.plan))
            self.session.begin_decoding()
        else:
            self.session.cancel_block(order)
        self.session.end_denoising()

    @precondition(lambda self: self.decoding is not None)
    @rule(faulty=st.sampled_from([False, False, False, True]))
    def decode_piece(self, faulty: bool) -> None:
        assert self.decoding is not None
        order, record = self.decoding
        record.carries.append(0)
        count = 1 if len(record.carries) + 3 * order.plan.index == 2 else 4
        frames = PICTURES[1 : 1 + count] // (100 if faulty else 1)
        self.session.publish(order, record, frames, BlockTimings())  # type: ignore[arg-type]
        if len(record.carries) == 4 or not self.session.wants(order):
            self.decoding = None
            self.session.end_decoding()

    @rule(steps=st.lists(st.sampled_from(["begin", "denoise", "piece", "piece", "faulty", "wait", "take"]), min_size=5))
    def work(self, steps: list[str]) -> None:
        """The engine and the consumer go on for a while."""
        for step in steps:
            if step == "begin" and self.making is None:
                self.begin()
            elif step == "denoise" and self.making is not None and self.decoding is None:
                self.denoise()
            elif step in ("piece", "faulty") and self.decoding is not None:
                self.decode_piece(faulty=step == "faulty")
            elif step == "wait":
                self.wait(0.2)
            elif step == "take" and self.usable():
                self.take()

    @precondition(usable)
    @rule()
    def take(self) -> None:
        try:
            item = self.session.take(timeout=0)
        except TimeoutError:
            return
        if isinstance(item, TimedBlock):
            assert self.session.phase is SessionPhase.PLAYING
            assert item.first_frame == self.next_frame, "frames follow each other"
            assert self.session.playhead >= item.first_frame / 16 - 1e-6, "not before its time"
            self.next_frame += len(item.frames)
            self.said += item.speech_samples
            assert item.audio.sum() == item.speech_samples
            self.heard = np.concatenate([self.heard, item.audio])
        elif isinstance(item, UtteranceFinished):
            assert item.pts <= len(self.heard)
            assert self.heard[: item.pts].sum() == self.ends.pop(0), "all of it has been said, and nothing else"

    @precondition(usable)
    @rule(chance=st.integers(0, 40))
    def fail(self, chance: int) -> None:
        if chance == 17:
            self.session.fail(RuntimeError("the decoder broke"))
            with pytest.raises(RuntimeError, match="decoder broke"):
                self.session.push(np.ones(10, np.float32))

    @rule(chance=st.integers(0, 40))
    def close(self, chance: int) -> None:
        if chance == 17:
            self.session.close()
            self.session.close()
            with pytest.raises((ValueError, RuntimeError)):
                self.session.push(np.ones(10, np.float32))

    @invariant()
    def phases_follow_each_other(self) -> None:
        phase = self.session.phase
        assert phase is self.phase or self.phase.may_become(phase)
        self.phase = phase

    @invariant()
    def work_in_hand_is_known(self) -> None:
        stages = self.session.stages
        assert (RunningStages.DENOISING in stages) == (self.making is not None)
        assert (RunningStages.DECODING in stages) == (self.decoding is not None)
        assert self.session.abandoned == (self.session.closed and not stages)

    @invariant()
    def an_end_is_answered_once(self) -> None:
        waiting = [item for item in self.session.items if isinstance(item, UtteranceFinished)]
        assert not self.usable() or len(waiting) <= len(self.ends)

    @precondition(usable)
    @rule()
    def play_to_the_end(self) -> None:
        """Without a fault, all that is pushed and ended is said and its ends are answered."""
        self.resume()
        self.end()
        for _ in range(2000):
            if not self.ends:
                return
            if self.making is None:
                self.begin()
            if self.making is not None and self.decoding is None:
                self.denoise()
            if self.decoding is not None:
                self.decode_piece(faulty=False)
            self.wait(0.1)
            self.take()
        raise AssertionError("an end was never answered")

    @invariant()
    def nothing_is_said_that_was_not_pushed(self) -> None:
        assert self.said <= self.pushed


Sessions.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestSessions = Sessions.TestCase
