"""Simulated viewer of a live session: records when frames and sound arrive, speaks to the avatar and interrupts it.

`Playback` is the screen: frames at their media time, a freeze where one is missing. `Viewer` takes a session's items
and keeps what the figures need; `act` speaks, waits and interrupts as people do. Frames after an interrupt go to a
temporary file, not to memory, so that watching does not grow the process. Knows no figures and no engine's insides.
"""

import tempfile
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.avatar.blocks import BlockTimings, Interrupted, TimedBlock, UtteranceFinished
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.live.session import LiveSession

WATCHED = 1.5  # seconds after an interrupt in which nothing new is said and all frames are kept
PIECE = 0.02  # seconds of speech in a push
FASTER = 4.0  # speech comes so many times as fast as it is spoken
INTERRUPTED = 0.4  # share of utterances
PAUSES = (WATCHED + 0.1, 4.0)  # seconds of silence between utterances
HEARD = 1e-4  # amplitude above which a sample is sound
COARSE = 2  # every second pixel each way is enough for the difference of two frames


@dataclass(frozen=True)
class Shown:
    """A frame on the screen. `when`: on the engine's clock."""

    when: float
    picture: UInt8[np.ndarray, "h w 3"]
    index: int
    revised: bool


class Playback:
    """The screen: shows frame i of the session at i / 16 s; where it comes late, the last one stays and time waits."""

    def __init__(self) -> None:
        self.zero: float | None = None  # when frame 0 was, or would have been, shown
        self.next = 0  # frame to be shown next
        self.freezes: list[float] = []  # seconds
        self._queue: deque[tuple[int, TimedBlock]] = deque()

    def advance(self, now: float) -> list[Shown]:
        """The frames that were shown since the last call."""
        shown = []
        while self._queue and (due := self.at(self._queue[0][0])) <= now:
            number, block = self._queue.popleft()
            shown.append(Shown(due, block.frames[number - block.first_frame], block.index, block.replaces))
            self.next = number + 1
        return shown

    def receive(self, block: TimedBlock, now: float) -> None:
        """A block has come: what it makes again is dropped, what it is too late for is skipped."""
        numbers = range(block.first_frame, block.first_frame + len(block.frames))
        if self.zero is None:
            self.zero, self.next = now - block.first_frame / FRAME_RATE, block.first_frame
        while self._queue and self._queue[-1][0] >= block.first_frame:
            self._queue.pop()
        late = [number for number in numbers if number >= self.next]
        if late and not self._queue and now > (due := self.at(late[0])):
            self.freezes.append(now - due)
            self.zero += now - due
        self._queue.extend((number, block) for number in late)

    def at(self, frame: float) -> float:
        """When a frame is shown, as things stand."""
        assert self.zero is not None, "nothing has come yet"
        return self.zero + frame / FRAME_RATE


@dataclass
class InterruptRecord:
    """Interrupt and what followed. Seconds on the engine's clock; `kept`: (seconds after it, frame in the file)."""

    when: float
    silent: float | None = None  # when the last sound was heard
    seams: list[tuple[bool, float]] = field(default_factory=list)  # (revised, difference) where blocks met
    kept: list[tuple[float, int]] = field(default_factory=list)

    @property
    def join(self) -> float:
        """Difference of the frames where what was made again begins; of a block that was not, its worst seam."""
        again = [difference for revised, difference in self.seams if revised]
        return again[0] if again else max((difference for _, difference in self.seams), default=float("nan"))


class Viewer:
    """Watches one session. `watch` is its thread; what it keeps is read when that has ended."""

    def __init__(self, session: LiveSession, clock: Callable[[], float]) -> None:
        self.session, self.clock = session, clock
        self.screen = Playback()
        self.idle = True  # the newest block is not spoken
        self.pushes: list[float] = []  # when the first piece of an utterance was pushed
        self.interrupts: list[InterruptRecord] = []
        self.ready: list[tuple[int, bool, float]] = []
        self.timings: dict[int, BlockTimings] = {}
        self.depths: list[int] = []  # items that wait when one has been taken
        self.differences: list[float] = []  # of neighbouring frames, mean grey levels
        self.seams: list[float] = []  # the same where blocks meet and nobody interrupted
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 closed when the viewer is forgotten
        weakref.finalize(self, self._file.close)
        self._kept, self._last = 0, None

    def watch(self, stop: threading.Event) -> None:
        """Take items until the session is closed or the stop is set."""
        while not stop.is_set():
            try:
                item = self.session.take(timeout=0.2)
            except TimeoutError:
                continue
            if item is None:
                return
            self.take(item, self.clock())

    def take(self, item: TimedBlock | Interrupted | UtteranceFinished, now: float) -> None:
        for shown in self.screen.advance(now):
            self._see(shown)
        known = self.ready[-1][2] if self.ready else -np.inf
        self.ready += [entry for entry in list(self.session.stats.ready) if entry[2] > known]
        if isinstance(item, Interrupted):
            self.idle = True
            self.interrupts[-1].silent = max(now, self.screen.at(item.pts * FRAME_RATE / SAMPLE_RATE))
            return
        if isinstance(item, UtteranceFinished):
            return
        self.depths.append(len(self.session.items))
        self.screen.receive(item, now)
        self.idle = not item.speaking
        if not item.replaces:
            self.timings[item.index] = item.timings
        self._hear(item)

    def frames(self) -> UInt8[np.ndarray, "t h w 3"] | None:
        """All frames kept after interrupts; None if there are none."""
        if not self._kept or self._last is None:
            return None
        self._file.flush()
        return np.memmap(self._file, np.uint8, "r", shape=(self._kept, *self._last.picture.shape))

    def following(self, when: float) -> InterruptRecord | None:
        """The interrupt that a moment still belongs to."""
        newest = self.interrupts[-1] if self.interrupts else None
        if newest is None or not newest.when <= when < newest.when + WATCHED:
            return None
        return newest

    def _hear(self, block: TimedBlock) -> None:
        """Sound that a block brings after an interrupt counts against its silence."""
        newest = self.interrupts[-1] if self.interrupts else None
        if newest is None or newest.silent is None or (self.pushes and self.pushes[-1] > newest.when):
            return
        loud = np.flatnonzero(np.abs(block.audio) > HEARD)
        if len(loud):
            last = self.screen.at(block.first_frame + loud[-1] * FRAME_RATE / SAMPLE_RATE)
            newest.silent = max(newest.silent, last)

    def _see(self, shown: Shown) -> None:
        before, self._last = self._last, shown
        interrupt = self.following(shown.when)
        if interrupt is not None:
            self._file.write(np.ascontiguousarray(shown.picture).data)
            interrupt.kept.append((shown.when - interrupt.when, self._kept))
            self._kept += 1
        if before is None:
            return
        change = shown.picture[::COARSE, ::COARSE].astype(np.int16) - before.picture[::COARSE, ::COARSE]
        difference = float(np.abs(change).mean())
        self.differences.append(difference)
        if (shown.index, shown.revised) != (before.index, before.revised):
            if interrupt is None:
                self.seams.append(difference)
            else:
                interrupt.seams.append((shown.revised, difference))


def act(
    viewer: Viewer, recordings: Sequence[Float32[np.ndarray, " n"]], rng: np.random.Generator, stop: threading.Event
) -> None:
    """Speak, be silent, interrupt, until the stop is set: an actor's thread."""
    while not stop.wait(rng.uniform(*PAUSES)):
        while not (viewer.idle or stop.wait(PIECE)):
            pass
        recording = recordings[int(rng.integers(len(recordings)))]
        sound = recording[: round(rng.uniform(0.3, 1.0) * len(recording))]
        seconds = len(sound) / SAMPLE_RATE
        after = rng.uniform(0.2, max(0.3, seconds - 0.3)) if rng.random() < INTERRUPTED else None
        _speak(viewer, sound, after, stop)


def _speak(viewer: Viewer, sound: Float32[np.ndarray, " n"], after: float | None, stop: threading.Event) -> None:
    """One utterance, until it has been seen; or until it is interrupted, `after` seconds after it was first seen."""
    session, size, said, seen = viewer.session, round(PIECE * SAMPLE_RATE), 0, None
    viewer.pushes.append(viewer.clock())
    give_up = viewer.pushes[-1] + 2 * len(sound) / SAMPLE_RATE + 10
    while viewer.clock() < give_up:
        if said < len(sound):
            session.push(sound[said : said + size])
            said += size
            if said >= len(sound):
                session.end()
        if seen is None and not viewer.idle:
            seen = viewer.clock()
        if seen is not None and after is not None and viewer.clock() >= seen + after:
            viewer.interrupts.append(InterruptRecord(viewer.clock()))
            session.interrupt()
            return
        if (seen is not None and viewer.idle and said >= len(sound)) or stop.wait(PIECE / FASTER):
            return
