"""Session states as values: the phase of a session, what it demands of the engine, an ordered block, a revision.

A revision is what is to be made again: everything from one frame on, because speech was interrupted, because speech
has come into silence, or because a block was faulty. At most one waits; an interrupt takes the place of any other.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, Flag

from livetalk.performer.block_plan import BlockPlan


class SessionPhase(Enum):
    """Phase of a session's life. FAILED and CLOSED give nothing more."""

    READY = "ready"  # its clock has not begun: no frame is there yet
    PLAYING = "playing"
    PAUSED = "paused"
    FAILED = "failed"
    CLOSED = "closed"

    def may_become(self, other: "SessionPhase") -> bool:
        return other in _NEXT[self]

    @property
    def usable(self) -> bool:
        return self not in (SessionPhase.FAILED, SessionPhase.CLOSED)

    @property
    def running(self) -> bool:
        """Blocks are made in these phases only."""
        return self in (SessionPhase.READY, SessionPhase.PLAYING)


_NEXT = {
    SessionPhase.READY: {SessionPhase.PLAYING, SessionPhase.PAUSED, SessionPhase.FAILED, SessionPhase.CLOSED},
    SessionPhase.PLAYING: {SessionPhase.PAUSED, SessionPhase.FAILED, SessionPhase.CLOSED},
    SessionPhase.PAUSED: {SessionPhase.READY, SessionPhase.PLAYING, SessionPhase.FAILED, SessionPhase.CLOSED},
    SessionPhase.FAILED: {SessionPhase.CLOSED},
    SessionPhase.CLOSED: set[SessionPhase](),
}


class RunningStages(Flag):
    """Stages that have a block of the session in hand: both may, each another one."""

    NONE = 0
    DENOISING = 1
    DECODING = 2


class Demand(Enum):
    """Demand of a session on the engine."""

    NOTHING = 0
    BLOCK = 1  # what waits is spoken, or silence
    QUIET = 2  # silence, though some speech waits: too little to begin with


class RevisionKind(Enum):
    """Why frames are made again."""

    INTERRUPT = "interrupt"  # what was said is not to be said
    ONSET = "onset"  # speech begins where silence was to be
    RETRY = "retry"  # the block was faulty: once more, with fresh noise


@dataclass(frozen=True)
class Revision:
    """Frames from `from_frame` on are to be made again, before anything else."""

    from_frame: int
    kind: RevisionKind


@dataclass(frozen=True)
class BlockOrder:
    """A block that a session has ordered. Void once the session's epoch has passed the order's."""

    plan: BlockPlan
    epoch: int
    spoken: int  # samples of speech in the blocks before it


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

    def block_ready(self, index: int, speaking: bool, when: float, late: bool) -> None:
        self.blocks += 1
        self.late += late
        self.ready.append((index, speaking, when))

    def stalled(self, seconds: float) -> None:
        self.stalls += seconds

    def underrun(self) -> None:
        self.underruns += 1

    def interrupted(self) -> None:
        self.interrupts += 1

    def re_anchored(self) -> None:
        self.re_anchors += 1
