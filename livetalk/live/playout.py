"""Playout queue of a session: pieces wait in it, each until the session's clock reaches its first frame.

The clock starts with the first piece and stands still while the session is paused, its consumer lags behind or a
block is late. Does not know: locks, and who makes the pieces. The caller holds the session's lock.
"""

import math
from collections import deque
from collections.abc import Callable, Sequence

from livetalk.avatar.blocks import Interrupted, TimedBlock, UtteranceFinished
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE

LATE = 0.02  # seconds a consumer may be behind before the session's clock waits for it

Item = TimedBlock | Interrupted | UtteranceFinished


class Playout:
    """See the module docstring. `first_frame`: the one it begins with, in a session that goes on from a snapshot."""

    def __init__(self, clock: Callable[[], float], first_frame: int = 0) -> None:
        self.clock = clock
        self.items: deque[Item] = deque()
        self.taken_frames = first_frame  # frames released to the consumer
        self._origin: float | None = None  # when the session's clock showed 0
        self._paused_at: float | None = None

    @property
    def started(self) -> bool:
        return self._origin is not None

    @property
    def playhead(self) -> float:
        """Seconds on the session's clock."""
        return 0.0 if self._origin is None else max(0.0, self._now - self._origin)

    @property
    def blocks(self) -> list[TimedBlock]:
        return [item for item in self.items if isinstance(item, TimedBlock)]

    @property
    def next_start(self) -> float | None:
        """When the next item may be taken; None if there is none, or none before something else happens."""
        return self._due(self.items[0]) if self.items and self._paused_at is None else None

    def starts(self, frame: int) -> float:
        """When a frame's time comes on the engine's clock; now for the first one of all."""
        return self.clock() if self._origin is None else self._origin + frame / FRAME_RATE

    def lateness(self, frame: int) -> float:
        """Seconds since a frame's time came; negative before it."""
        return 0.0 if self._origin is None else self._now - self._origin - frame / FRAME_RATE

    def start(self, delay: float) -> None:
        """The clock will show 0 in so many seconds."""
        self._origin = self._now + delay

    def pause(self) -> None:
        self._paused_at = self._now

    def resume(self) -> None:
        if self._paused_at is not None and self._origin is not None:
            self._origin += self.clock() - self._paused_at
        self._paused_at = None

    def put(self, item: TimedBlock | UtteranceFinished) -> None:
        self.items.append(item)

    def put_after_speech(self, finished: UtteranceFinished) -> None:
        """Put an end behind the last piece that speaks, before the silence that was made ahead."""
        spoken = [i for i, x in enumerate(self.items) if not isinstance(x, TimedBlock) or x.speech_samples]
        self.items.insert(spoken[-1] + 1 if spoken else 0, finished)

    def take(self) -> Item | None:
        """Next due item, or None. A clock that runs ahead of its consumer is put back."""
        if not self.items or self._paused_at is not None:
            return None
        item = self.items[0]
        if self.clock() < self._due(item):
            return None
        if isinstance(item, TimedBlock):
            late = self.lateness(item.first_frame)
            if late > LATE and self._origin is not None:  # the consumer was late, or the block: the clock waits
                self._origin += late
            self.taken_frames = item.first_frame + len(item.frames)
        return self.items.popleft()

    def before(self, frame: int) -> list[TimedBlock]:
        """The pieces that begin before a frame."""
        return [block for block in self.blocks if block.first_frame < frame]

    def end_of(self, kept: Sequence[TimedBlock]) -> int:
        """Index of the first frame that may still be replaced if these pieces are displayed."""
        return kept[-1].first_frame + len(kept[-1].frames) if kept else self.taken_frames

    def interrupt(self, interrupted: Interrupted, kept: Sequence[TimedBlock]) -> None:
        """Give the interrupt to the consumer at once, and only these pieces after it."""
        self.items = deque([interrupted, *kept])

    def drop_from(self, frame: int) -> None:
        """Drop the pieces that begin at a frame or later."""
        self.items = deque(i for i in self.items if not isinstance(i, TimedBlock) or i.first_frame < frame)

    def clear(self) -> None:
        self.items.clear()

    def _due(self, item: Item) -> float:
        """When an item may be taken: an interrupt at once, and all else on the session's clock."""
        if self._origin is None or isinstance(item, Interrupted):
            return -math.inf
        return self._origin + item.pts / SAMPLE_RATE

    @property
    def _now(self) -> float:
        return self.clock() if self._paused_at is None else self._paused_at
