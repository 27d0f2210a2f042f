"""Timeline of a session's output: pictures and sound on one clock.

Samples wait in a line; pictures and marks have a place between them. Whoever plays takes so many samples at a time and
is given what has its place there, so that picture and sound leave together whatever happens before: a gap is filled
with silence and moves both. Pure bookkeeping: knows no time of day, no transport, no pipecat.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from jaxtyping import Int16

from livetalk.geometry import SAMPLE_RATE

FADE = SAMPLE_RATE // 200  # samples over which a cut falls silent: 5 ms do not click

TimelineItem = TypeVar("TimelineItem")


@dataclass(frozen=True)
class Taken(Generic[TimelineItem]):
    """`pts`: samples taken before these. `things`: (samples of the clock, thing), in order. `starved`: some lack."""

    pts: int
    audio: Int16[np.ndarray, " n"]
    things: list[tuple[int, TimelineItem]]
    starved: bool
    began: bool = False  # to starve, with this piece


@dataclass
class Timeline(Generic[TimelineItem]):
    """See the module docstring. For one event loop.

    cushion: samples of time for which sound waits before the first of it is given, and again after a gap, since the
    next does not come to the millisecond. most: samples that may wait in silence, where a quarter of a second comes at
    a time; more are a delay that something late has left behind, and is caught up a little with every `take`, where
    nobody hears it.
    """

    cushion: int = SAMPLE_RATE // 16
    most: int = SAMPLE_RATE // 2
    played: int = 0  # samples given so far: the clock
    _audio: deque[Int16[np.ndarray, " n"]] = field(default_factory=deque)
    _things: deque[tuple[int, TimelineItem]] = field(default_factory=deque)  # (place in what was ever put in, thing)
    _put: int = 0
    _gone: int = 0  # of what was put in
    _filling: bool = True
    _waited: int = 0  # samples of time since there is something to begin with

    @property
    def waiting(self) -> int:
        """Samples that wait."""
        return self._put - self._gone

    def put(self, audio: Int16[np.ndarray, " n"]) -> None:
        """Sound behind all that waits."""
        if len(audio):
            self._audio.append(audio)
            self._put += len(audio)

    def place(self, thing: TimelineItem) -> None:
        """A picture or a mark behind all the sound so far."""
        self._things.append((self._put, thing))

    def fade_out(self) -> None:
        """Silence pending sound within `FADE` samples. Its time still passes, and other items keep their places."""
        count = self.waiting
        if count:
            sound = np.concatenate(self._audio)
            ramp = np.clip(1 - np.arange(count) / FADE, 0, 1)
            self._audio = deque([(sound * ramp).astype(np.int16)])

    def forget(self, unwanted: Callable[[TimelineItem], bool]) -> None:
        """Some of the things that wait go."""
        self._things = deque((at, thing) for at, thing in self._things if not unwanted(thing))

    def take(self, count: int) -> Taken[TimelineItem]:
        """The next `count` samples, silence for those that are missing, and what has its place among them."""
        pts = self.played
        self.played += count
        if self._filling and (not self.waiting or self._waited < self.cushion):
            self._waited += count if self.waiting else 0
            end = self._gone + (self.waiting == 0)
            return Taken(pts, np.zeros(count, np.int16), self._due(end, pts), True)
        self._filling, self._waited = False, 0
        things = self._catch_up(count, pts)
        got = min(count, self.waiting)
        audio = np.concatenate([*self._pop(got), np.zeros(count - got, np.int16)])
        things += self._due(self._gone + got + (got < count), pts)  # what nothing comes behind need not wait
        self._gone += got
        self._filling = got < count
        return Taken(pts, audio, things, self._filling, self._filling)

    def _catch_up(self, count: int, pts: int) -> list[tuple[int, TimelineItem]]:
        """Leave out so much silence, if more waits than should. What has its place there is given now."""
        if self.waiting - count < self.most:
            return []
        ahead, silent = 0, True
        for piece in self._audio:
            if ahead >= count or not silent:
                break
            silent = not piece[: count - ahead].any()
            ahead += len(piece)
        if not silent:
            return []
        self._pop(count)
        self._gone += count
        return self._due(self._gone, pts)

    def _due(self, end: int, pts: int) -> list[tuple[int, TimelineItem]]:
        """Things placed before `end`, with the samples of the clock at which their place is given."""
        due = []
        while self._things and self._things[0][0] < end:
            at, thing = self._things.popleft()
            due.append((pts + max(0, at - self._gone), thing))
        return due

    def _pop(self, count: int) -> list[Int16[np.ndarray, " n"]]:
        pieces = []
        while count:
            piece = self._audio.popleft()
            if len(piece) > count:
                self._audio.appendleft(piece[count:])
                piece = piece[:count]
            pieces.append(piece)
            count -= len(piece)
        return pieces
