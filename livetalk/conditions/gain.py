"""Automatic gain control: what the model hears is brought to the levels that it was trained on.

Speech was treated to -23 dB of full scale, give or take 5, for training; within that a gain is exactly 1, so that
ordinary speech is heard as it is. Speech outside is lifted or lowered to the nearer edge, by a slow running level of
its own utterance. What is no speech has no level: a gain stays as it was, and silence silence. A gain depends on the
samples alone, not on how they were cut, and never on any behind those it is asked to regard. The sound that people
hear is no business of this module.
"""

from bisect import bisect_right
from collections import deque

import numpy as np
from jaxtyping import Float32

from livetalk.media.speech_level import CELL, SpeechMeter

# dB of full scale, the mean level of voiced cells: two standard deviations around the mean of training, and three.
QUIETEST, LOUDEST = -33.0, -8.0
MOST = 50.0  # dB of gain at most
ENOUGH, PLENTY = 5, 10  # cells of speech before a gain is believed: of more than `SMALL` dB (0.1 s), and any other
SMALL = 10.0
MEMORY = 150  # cells of speech that the running mean is made of, 3 s
REACH = 12.0  # dB below the loudest of late: speech still quieter is somebody far away
FORGET = 0.04  # dB a cell: how soon the loudest is forgotten
OTHER = 15.0  # dB from the mean: somebody else speaks, or nearer, and the mean begins anew
STEP = 0.1  # dB: gains are rounded to it


class RunningLevel:
    """The level of one utterance's speech so far: a running mean over cells of speech, in dB."""

    def __init__(self) -> None:
        self.count, self.mean, self._loudest = 0, 0.0, -np.inf

    def add(self, level: float, speech: bool) -> float | None:
        """The next cell. Returns the gain that the speech so far asks for, None where there is too little of it."""
        self._loudest -= FORGET
        if not speech or level < self._loudest - REACH:
            return None
        self._loudest = max(self._loudest, level)
        if abs(level - self.mean) > OTHER:
            self.count = 0
        self.count += 1
        self.mean += (level - self.mean) / min(self.count, MEMORY)
        gain = gain_for(self.mean)
        return gain if self.count >= (ENOUGH if abs(gain) > SMALL else PLENTY) else None


class GainControl:
    """Gains of a stream of samples that is made of utterances, one behind another.

    Places are counted in samples since the stream began. Samples are kept until a gain that regards them is asked for:
    adding costs nothing, however long the speech is.
    """

    def __init__(self) -> None:
        self.received = 0  # samples
        self._regarded = self._cells_end = 0  # places behind what was looked at, and behind the last whole cell
        self._waiting: deque[np.ndarray | None] = deque()  # None: an utterance ends here
        self._meter, self._level = SpeechMeter(), RunningLevel()
        self._places, self._gains = [0], [0.0]  # from a place on a gain holds, in dB
        self._starts = [0]  # of utterances

    def add(self, samples: Float32[np.ndarray, " n"]) -> None:
        """The utterance goes on. The samples must not change."""
        self.received += len(samples)
        self._waiting.append(samples)

    def end(self) -> None:
        """The utterance is over; the next sample begins another."""
        if self._starts[-1] != self.received:
            self._starts.append(self.received)
            self._waiting.append(None)

    def drop(self) -> None:
        """The utterance is over, and nobody will hear what was not asked for yet."""
        self._waiting.clear()
        self._regarded = self.received
        if self._starts[-1] != self.received:
            self._starts.append(self.received)
        self._begin()

    def levelled(self, samples: Float32[np.ndarray, " n"], start: int, known: int) -> Float32[np.ndarray, " n"]:
        """Samples from place `start` as the model hears them, when those before place `known` have been regarded.

        The same array where all gains are 1.
        """
        self._regard(known)
        later = self._starts[bisect_right(self._starts, start) :]  # utterances that begin behind the first sample
        ends = [place for place in later if place < start + len(samples)]
        edges = [start, *ends, start + len(samples)]
        regarded = [*ends, min([known, *later[len(ends) : len(ends) + 1]])]  # of each utterance, up to its end
        gains = [self._gain_at(place) for place in regarded]
        if not any(gains):
            return samples
        parts = zip(edges[:-1], edges[1:], gains, strict=True)
        return np.concatenate([amplified(samples[a - start : z - start], gain) for a, z, gain in parts])

    def forget(self, place: int) -> None:
        """Nothing before a place will be asked for any more."""
        old = max(0, bisect_right(self._places, place) - 1)
        del self._places[:old], self._gains[:old]
        del self._starts[: max(0, bisect_right(self._starts, place) - 1)]

    def _regard(self, place: int) -> None:
        """Look at the samples before a place."""
        while self._waiting and self._regarded < place:
            samples = self._waiting.popleft()
            if samples is None:
                self._begin()
                continue
            part = samples[: place - self._regarded]
            if len(part) < len(samples):
                self._waiting.appendleft(samples[len(part) :])
            self._regarded += len(part)
            self._measure(part)

    def _begin(self) -> None:
        """The next cell is another utterance's."""
        self._meter, self._level, self._cells_end = SpeechMeter(), RunningLevel(), self._regarded

    def _measure(self, samples: Float32[np.ndarray, " n"]) -> None:
        cells = self._meter.push(samples)
        for level, speech in zip(cells.levels, cells.speech, strict=True):
            self._cells_end += CELL
            gain = self._level.add(float(level), bool(speech))
            if gain is not None and gain != self._gains[-1]:
                self._places.append(self._cells_end)
                self._gains.append(gain)

    def _gain_at(self, place: int) -> float:
        return self._gains[max(0, bisect_right(self._places, place) - 1)]


def amplified(samples: Float32[np.ndarray, " n"], decibels: float) -> Float32[np.ndarray, " n"]:
    """Samples with a gain, within [-1, 1]; untouched by a gain of 0 dB."""
    return np.clip(samples * np.float32(10 ** (decibels / 20)), -1, 1) if decibels else samples


def gain_for(level: float) -> float:
    """dB that bring speech of a level to the levels of training."""
    wanted = min(max(level, QUIETEST), LOUDEST) - level
    return round(min(wanted, MOST) / STEP) * STEP
