"""Ends of utterances: counts the speech that blocks take and that is published, and says where an utterance ends.

Speech is counted in samples since the session began. Does not know: blocks, or the clock.
"""

from collections import deque


class UtteranceEnds:
    """Marks of the ends that are open. Every mark is given back once, or dropped by an interrupt."""

    def __init__(self) -> None:
        self.planned = 0  # samples of speech that blocks have taken
        self._published = 0  # of these, samples in pieces that are there
        self._pts = 0  # where the last of these is on the session's clock
        self._marks: deque[int] = deque()

    def plan(self, samples: int) -> None:
        """A block takes so many samples; negative: gives them back."""
        self.planned += samples

    def end(self, pending: int) -> int | None:
        """The utterance ends after so many samples that wait. Returns its place if all of it is there already."""
        mark = self.planned + pending
        if mark <= self._published:
            return self._pts
        self._marks.append(mark)
        return None

    def publish(self, samples: int, offset: int) -> list[int]:
        """Speech up to `samples` is there. Returns the places of the ends in it: their marks plus `offset`."""
        ends = []
        while self._marks and self._marks[0] <= samples:
            ends.append(self._marks.popleft() + offset)
        if samples > self._published:
            self._published, self._pts = samples, samples + offset
        return ends

    def interrupt(self, pts: int) -> None:
        """Forget planned speech: what was said ends at `pts`."""
        self._marks.clear()
        self._published, self._pts = self.planned, min(self._pts, pts)
