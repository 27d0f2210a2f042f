"""Live session, the caller's handle: speech and prompts go in, timed blocks come out.

Frames are released on media time (`playout.py`): a piece (a latent frame, a quarter of a second) may be taken when the
session's clock reaches its first frame, and not before. What is made when is the business of `machine.py`.
"""

from collections import deque

import numpy as np

from livetalk.avatar.blocks import Interrupted, UtteranceFinished
from livetalk.conditions.input_checks import InputWarning
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.live.machine import SessionMachine
from livetalk.live.playout import Item
from livetalk.live.revision import RevisionKind, SessionPhase
from livetalk.performer.block_plan import StreamSnapshot

WORTH = 4  # re-render queued silence only if speech then starts at least this many frames earlier


class LiveSession(SessionMachine):
    """See the module docstring. Made by `LivePerformer.open`; every method may be called from any thread."""

    def push(self, speech: np.ndarray, rate: int = SAMPLE_RATE) -> None:
        """Append a piece of speech: mono floats [n] in [-1, 1], of any length, at `rate` (8,000 to 192,000) Hz.

        Returns at once. Raises ValueError for speech that cannot be used, when more than ten minutes would wait, and
        after `close`; nothing has changed then.
        """
        with self.lock:
            self._check_usable()
            self.stream.push(np.asarray(speech), rate)
            self._begin_speech()
            self.lock.notify_all()
        self.checks.push(np.asarray(speech), rate)

    def end(self) -> None:
        """End the utterance: pending speech is spoken without waiting for more.

        Answered by one `UtteranceFinished` after its last block, or by the `Interrupted` that cuts it.
        Raises ValueError after `close`.
        """
        with self.lock:
            self._check_usable()
            self.stream.end()
            said = self._utterances.end(self.stream.speech.pending)
            if said is not None:
                self._playout.put_after_speech(UtteranceFinished(said))
            self._begin_speech()
            self.lock.notify_all()
        self.checks.end()

    def interrupt(self) -> None:
        """Stop speaking now: pending speech is dropped, and the next `take` gives an `Interrupted` at once.

        Frames go on with a mouth that closes. Raises ValueError after `close`.
        """
        with self.lock:
            self._check_usable()
            self.stream.speech.clear()
            self.stats.interrupted()
            # Frames that come before others could be there go on, without sound, so that nothing freezes.
            kept = [block.muted() for block in self._playout.before(self._first_replaceable)]
            self._revise(self._playout.end_of(kept), RevisionKind.INTERRUPT)
            cut = min(round(self.playhead * SAMPLE_RATE), self.taken_frames * SAMPLE_RATE // FRAME_RATE)
            self._utterances.interrupt(cut)
            self._playout.interrupt(Interrupted(cut), kept)
            self.lock.notify_all()
        self.checks.interrupt()

    def set_prompt(self, prompt: str) -> None:
        """Change the prompt, from the next block that is begun on. Raises ValueError after `close`."""
        with self.lock:
            self._check_usable()
        self.stream.set_prompt(prompt)  # without the lock: it may take a while, and others go on meanwhile
        with self.lock:
            self._check_usable()

    def pause(self) -> None:
        """Stop the session's clock: nothing is made or released until `resume`. Raises ValueError after `close`."""
        with self.lock:
            self._check_usable()
            if self.phase is not SessionPhase.PAUSED:
                self._enter(SessionPhase.PAUSED)
                self._playout.pause()

    def resume(self) -> None:
        """Let the clock of a paused session go on. Raises ValueError after `close`."""
        with self.lock:
            self._check_usable()
            if self.phase is SessionPhase.PAUSED:
                self._playout.resume()
                self._enter(SessionPhase.PLAYING if self._playout.started else SessionPhase.READY)

    def snapshot(self) -> StreamSnapshot:
        """Copy the stream's state after the newest finished block, for `LivePerformer.open`.

        Waits for a block that is being made. Pending speech is not part of it. Raises ValueError after `close`.
        """
        with self.lock:
            self._check_usable()
            self.lock.wait_for(lambda: not self.phase.usable or not (self.stages or self.revision))
            self._check_usable()
            return self.stream.snapshot()

    def snapshot_behind(self) -> StreamSnapshot:
        """The stream as of a moment ago, without waiting for the block that is being made.

        That is the state before the newest block whose decoding has begun, to which it could go back at an interrupt.
        In a session that has made none, the newest finished state is waited for. Raises ValueError for the full preset.
        """
        if self.stream.networks.preset.published:
            raise ValueError("a session of the full size is 3 GB: it is not copied out every few seconds")
        with self.lock:
            for record in reversed(self.stream.records) if self.stages else ():
                snapshot = self.stream.snapshot_before(record)
                if snapshot is not None:
                    return snapshot
        return self.snapshot()

    def close(self) -> None:
        """Free the session's place. May be called twice; the consumer gets None from `take`."""
        with self.lock:
            if self.phase is not SessionPhase.CLOSED:
                self._enter(SessionPhase.CLOSED)
            self._playout.clear()
            self.stream.speech.clear()  # the engine frees the place, once no block is being made in it

    def take(self, timeout: float | None = None) -> Item | None:
        """Wait for the next item; None when the session is closed.

        A `TimedBlock` (usually 4 frames, 0.25 s) comes when its time has come, an `Interrupted` at once, an
        `UtteranceFinished` after the last block that speaks. Raises TimeoutError after `timeout` seconds, ValueError
        for a second consumer, and the error that broke the session.
        """
        with self.lock:
            if self._consumers:
                raise ValueError("the session has a consumer already: a block can be shown only once")
            self._consumers += 1
            self._first_block_requested = True
            self.lock.notify_all()
            try:
                return self._await(None if timeout is None else self.clock() + timeout)
            finally:
                self._consumers -= 1

    @property
    def warnings(self) -> tuple[InputWarning, ...]:
        """What will not do well of the portrait and of the speech so far, each said once."""
        return self.checks.warnings

    @property
    def items(self) -> deque[Item]:
        """Items that wait for the consumer."""
        return self._playout.items

    @property
    def _first_replaceable(self) -> int:
        """Frames that are seen by the time others could be there, or whose blocks are too old to be made again."""
        oldest = min((record.job.frames.start for record in self.stream.records), default=0)
        return max(oldest, int((self.playhead + self.latency.replacement) * FRAME_RATE) + 1)

    def _begin_speech(self) -> None:
        """Speech has come into silence: what is not seen yet is made again, with it."""
        records, playing = self.stream.records, self.phase is SessionPhase.PLAYING
        if not playing or self.speaking or self.revision is not None or not self.stream.ready or not records:
            return
        spoken = [record.job.frames.stop for record in records if record.job.heard.speaking]
        kept = self._playout.before(max([self._first_replaceable, *spoken]))
        certain = self._playout.end_of(kept)
        if self._planned_frames - certain < WORTH or certain < max(spoken, default=0):
            return
        self._revise(certain, RevisionKind.ONSET)
        self._playout.drop_from(certain)
        self.lock.notify_all()

    def _await(self, end: float | None) -> Item | None:
        while True:
            if self.error is not None:
                raise self.error
            item = self._playout.take()
            if item is not None:
                self.lock.notify_all()
                return item
            if self.closed:
                return None
            now = self.clock()
            if end is not None and now >= end:
                raise TimeoutError("no block came in time")
            wakes = [t for t in (end, self._playout.next_start) if t is not None]
            self.lock.wait(max(0.0005, min(wakes) - now) if wakes else None)

    def _check_usable(self) -> None:
        if self.error is not None:
            raise self.error
        if self.closed:
            raise ValueError("the session is closed: open a new one")
