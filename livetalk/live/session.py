"""A live session: what the caller holds, and its clock.

Frames are released on media time: a piece (a latent frame, a quarter of a second) may be taken when the session's
clock reaches its first frame, and not before. The clock starts with the first piece and stands still while the
session is paused, its consumer lags behind or a block is late. Knows when a block is wanted; who makes it is the
engine's business (`live.py`).
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from threading import Condition
from typing import Any

import numpy as np

from livetalk.avatar.blocks import Interrupted, TimedBlock
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.live.drift import DriftMeter
from livetalk.live.faults import FaultDetector
from livetalk.live.latency import LatencyModel
from livetalk.performer.stream import AvatarStream, BlockRecord, StreamSnapshot

LATE = 0.02  # seconds a consumer may be behind before the session's clock waits for it
WORTH = 4  # frames of silence that speech must come sooner by, for them to be made again
PIECE = 4  # frames of a latent frame


class Demand(Enum):
    """What a session wants of the engine now."""

    NOTHING = 0
    BLOCK = 1  # what waits is spoken, or silence
    QUIET = 2  # silence, though some speech waits: too little to begin with


@dataclass
class SessionStats:
    """Counts and times of a session. Seconds on the engine's clock."""

    blocks: int = 0
    late: int = 0  # blocks that were not ready at their time
    stalls: float = 0.0  # seconds that the viewer waited for late blocks
    underruns: int = 0  # blocks in mid-utterance whose speech had not come in time
    interrupts: int = 0
    re_anchors: int = 0
    ready: deque[tuple[int, bool, float]] = field(default_factory=lambda: deque(maxlen=64))  # (index, speaking, when)


class LiveSession:
    """See the module docstring. Made by `LivePerformer.open`; every method may be called from any thread."""

    def __init__(
        self, stream: AvatarStream, lock: Condition, clock: Callable[[], float], latency: LatencyModel
    ) -> None:
        self.stream, self.lock, self.clock, self.latency = stream, lock, clock, latency
        self.fault_detector, self.drift = FaultDetector(stream.last_frame), DriftMeter(stream.last_frame)
        self.stats = SessionStats()
        self.items: deque[TimedBlock | Interrupted] = deque()
        self.busy = False  # a block is being denoised
        self.decoding = False  # a block is being decoded
        self.epoch = 0  # rises with every interrupt: blocks of an older one are void
        self.revising = False  # interrupted: the stream is to be taken back before the next block
        self.beginning = False  # likewise, but so that speech begins where silence was to be
        self.faulty: BlockRecord | None = None  # to be made again with fresh noise
        self.retrying = False  # the block being made has been faulty once
        self.re_anchor = False  # drop the rolling past before the next block
        self.error: BaseException | None = None
        self.closed = False
        self.speaking = False  # the newest planned block speaks
        self.clock_origin: float | None = None  # when the session's clock showed 0
        self.paused_at: float | None = None
        self.first_block_requested = False  # the consumer waits for a first block
        self.taken_frames = 0  # frames released to the consumer
        self.decoded_frames = 0  # frames that are there, up to the last of them
        self.committed_frames = 0  # frames that an interrupt leaves as they are, if they are there by then
        self.on_change: Callable[[], None] = lambda: None  # for the asyncio face
        self._consumers = 0

    def push(self, speech: np.ndarray, rate: int = SAMPLE_RATE) -> None:
        """The next piece of speech: mono floats of any length and rate.

        Raises ValueError for speech that cannot be used and after `close`; the session goes on unharmed.
        """
        with self.lock:
            self._usable()
            self.stream.push(np.asarray(speech), rate)
            self._begin()
            self.lock.notify_all()

    def end(self) -> None:
        """The utterance is over; what waits is spoken without waiting for more."""
        with self.lock:
            self._usable()
            self.stream.end()
            self._begin()
            self.lock.notify_all()

    def interrupt(self) -> None:
        """Stop speaking now. The consumer is given a `Cut` at once."""
        with self.lock:
            self._usable()
            self.stream.speech.clear()
            self.stats.interrupts += 1
            # Frames that come before others could be there go on, without sound, so that nothing freezes.
            kept = [block.muted() for block in self._before(self._soonest)]
            self._go_back(self._end_of(kept), beginning=False)
            self.items = deque([Interrupted(min(round(self.playhead * SAMPLE_RATE), self._taken_pts)), *kept])
            self._changed()

    def set_prompt(self, prompt: str) -> None:
        """How it is said, from the next block that is begun on."""
        with self.lock:
            self._usable()
        text = self.stream.networks.encode_prompt(prompt)  # may take a while, and others go on meanwhile
        with self.lock:
            self._usable()
            self.stream.text = text

    def pause(self) -> None:
        """The clock stands still; nothing is made or released until `resume`."""
        with self.lock:
            self._usable()
            self.paused_at = self.clock() if self.paused_at is None else self.paused_at
            self._changed()

    def resume(self) -> None:
        with self.lock:
            self._usable()
            if self.paused_at is not None and self.clock_origin is not None:
                self.clock_origin += self.clock() - self.paused_at
            self.paused_at = None
            self._changed()

    def snapshot(self) -> StreamSnapshot:
        """The stream as of the newest finished block, copied out. Waits for a block that is being made."""
        with self.lock:
            self._usable()
            self.lock.wait_for(lambda: not (self.busy or self.decoding or self.going_back))
            return self.stream.snapshot()

    def close(self) -> None:
        """Free the session's place. May be called twice; the consumer gets None from `take`."""
        with self.lock:
            self.closed = True
            self.items.clear()
            self.stream.speech.clear()
            # The engine frees the place, once no block is being made in it.
            self._changed()

    def take(self, timeout: float | None = None) -> TimedBlock | Interrupted | None:
        """The next block when its time has come, or a `Cut`; None when the session is closed.

        Raises TimeoutError after `timeout` seconds, ValueError for a second consumer, and what broke the session.
        """
        with self.lock:
            if self._consumers:
                raise ValueError("the session has a consumer already: a block can be shown only once")
            self._consumers += 1
            self.first_block_requested = True
            self.lock.notify_all()
            try:
                return self._await(None if timeout is None else self.clock() + timeout)
            finally:
                self._consumers -= 1

    def poll(self) -> tuple[TimedBlock | Interrupted | None, float]:
        """See `AvatarSession`. Raises what broke the session, ValueError while another consumer waits in `take`."""
        with self.lock:
            if self._consumers:
                raise ValueError("the session has a consumer already: a block can be shown only once")
            if not self.first_block_requested:
                self.first_block_requested = True
                self.lock.notify_all()
            item = self.take_now()
            if item is not None or self.paused_at is not None or not self.items:
                return item, float("inf")
            return None, min(self.starts(block.first_frame) for block in self._blocks()) - self.clock()

    def take_now(self) -> TimedBlock | Interrupted | None:
        """What may be taken now, without waiting; None if there is nothing. The lock is held by the caller."""
        if self.error is not None:
            raise self.error
        if not self.items or self.paused_at is not None:
            return None
        item = self.items[0]
        if isinstance(item, TimedBlock):
            now, due = self.clock(), self.starts(item.first_frame)
            if now < due:
                return None
            if (
                now > due + LATE and self.clock_origin is not None
            ):  # the consumer was late, or the block: the clock waited
                self.clock_origin += now - due
        self.items.popleft()
        if isinstance(item, TimedBlock):
            self.taken_frames = item.first_frame + len(item.frames)
            self.lock.notify_all()
        return item

    def starts(self, frame: int) -> float:
        """When a frame's time comes on the engine's clock; now for the first one of all."""
        return self.clock() if self.clock_origin is None else self.clock_origin + frame / FRAME_RATE

    @property
    def going_back(self) -> bool:
        """The stream is to be taken back before it goes on: that is done alone, not in a batch."""
        return self.revising or self.faulty is not None

    @property
    def playhead(self) -> float:
        """Seconds on the session's clock."""
        if self.clock_origin is None:
            return 0.0
        return max(0.0, (self.clock() if self.paused_at is None else self.paused_at) - self.clock_origin)

    def want(self, lead: float) -> tuple[Demand, float]:
        """What is wanted now, and if that is nothing, when to ask again. `lead`: seconds a block takes to make."""
        never, stream = float("inf"), self.stream
        if self.busy or self.closed or self.error is not None or self.paused_at is not None:
            return Demand.NOTHING, never
        if self.going_back:
            return (Demand.NOTHING, never) if self.decoding else (Demand.BLOCK, 0.0)
        if stream.index == 0 and not (self.first_block_requested or stream.speech.pending):
            return Demand.NOTHING, never
        onset = stream.ready and not self.speaking
        geometry = stream.networks.preset.geometry
        first = geometry.frames_of_block(stream.index).start
        if first - self.taken_frames > (3 if onset else 2) * geometry.frames_per_block:
            return Demand.NOTHING, never
        if onset:
            return Demand.BLOCK, 0.0
        latest = self.starts(first) - lead
        if self.clock() < latest:
            return Demand.NOTHING, latest
        if stream.speech.pending and not stream.ready:
            if not self.speaking:
                return Demand.QUIET, 0.0
            self.stats.underruns += 1
        return Demand.BLOCK, 0.0

    def announce(self, block: TimedBlock) -> None:
        """A block is ready. The lock is held by the caller."""
        now = self.clock()
        if self.clock_origin is None:  # a lone first frame is shown when the next ones will be there in its time
            self.clock_origin = now + max(0.0, 2 * self.latency.piece_decode - len(block.frames) / FRAME_RATE)
        late = now - self.starts(block.first_frame)
        begins = block.first_frame == self.stream.networks.preset.geometry.frames_of_block(block.index).start
        if late > 0:
            self.stats.stalls += late
        if begins or block.replaces:
            self.stats.blocks += 1
            self.stats.late += late > 0
            self.stats.ready.append((block.index, block.speaking, now))
        self.decoded_frames = block.first_frame + len(block.frames)
        if self.revising:
            block = block if self.beginning else block.muted()
            if self.decoded_frames >= self.committed_frames:
                self.committed_frames = self.decoded_frames
                self.epoch += 1
        self.items.append(block)
        self._changed()

    def fail(self, error: BaseException) -> None:
        """Nothing more will come. The lock is held by the caller."""
        self.error = error
        self._changed()

    def _begin(self) -> None:
        """Speech has come into silence: what is not seen yet is made again, with it. The lock is held by the caller."""
        free = not (self.speaking or self.going_back or self.paused_at is not None or self.clock_origin is None)
        if not free or not self.stream.ready or self.stream.index == 0 or not self.stream.records:
            return
        records = self.stream.records
        spoken = [record.job.frames.stop for record in records if record.job.heard.speaking]
        kept = self._before(max(self._soonest, records[0].job.frames.start, *spoken))
        certain = self._end_of(kept)
        made = self.stream.networks.preset.geometry.frames_of_block(self.stream.index)
        if (made.stop if self.busy else made.start) - certain < WORTH or certain < max(spoken, default=0):
            return
        self._go_back(certain, beginning=True)
        self.items = deque([*(item for item in self.items if isinstance(item, Interrupted)), *kept])
        self._changed()

    def _go_back(self, certain: int, beginning: bool) -> None:
        """From frame `certain` on others are to be made. What is being made is void, or ends with its next piece."""
        self.decoded_frames = self.committed_frames = certain
        if self._needs_another:
            self.committed_frames += PIECE
        else:
            self.epoch += 1
        self.revising, self.beginning = True, beginning

    @property
    def _needs_another(self) -> bool:
        """Whether what is there ends before others can follow, and a block that goes on from it is being made."""
        made = self.stream.networks.preset.geometry.frames_of_block(self.stream.index)
        coming = (made.stop if self.busy else made.start) - self.decoded_frames
        under_way = (self.busy or self.decoding) and not self.going_back
        return (
            under_way
            and coming >= PIECE
            and self.decoded_frames / FRAME_RATE < self.playhead + self.latency.earliest_replacement
        )

    @property
    def _soonest(self) -> int:
        """Frames that are seen by the time others could be there in place of those to come."""
        return int((self.playhead + self.latency.replacement) * FRAME_RATE) + 1

    def _before(self, frame: int) -> list[TimedBlock]:
        return [block for block in self._blocks() if block.first_frame < frame]

    def _end_of(self, kept: list[TimedBlock]) -> int:
        """Frames that are certain when these pieces go on."""
        return kept[-1].first_frame + len(kept[-1].frames) if kept else self.taken_frames

    @property
    def _taken_pts(self) -> int:
        return self.taken_frames * SAMPLE_RATE // FRAME_RATE

    def _blocks(self) -> list[TimedBlock]:
        return [item for item in self.items if isinstance(item, TimedBlock)]

    def _await(self, end: float | None) -> Any:
        while True:
            item = self.take_now()
            if item is not None:
                return item
            if self.closed:
                return None
            now = self.clock()
            if end is not None and now >= end:
                raise TimeoutError("no block came in time")
            due = [self.starts(block.first_frame) for block in self._blocks()]
            wakes = [t for t in (end, min(due, default=None)) if t is not None and self.paused_at is None]
            self.lock.wait(max(0.0005, min(wakes) - now) if wakes else end and end - now)

    def _usable(self) -> None:
        if self.error is not None:
            raise self.error
        if self.closed:
            raise ValueError("the session is closed: open a new one")

    def _changed(self) -> None:
        self.lock.notify_all()
        self.on_change()
