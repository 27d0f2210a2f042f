"""Running checks of speech: too quiet, clipped, or no speech at all.

Sound comes in pieces of any length, as it is read or pushed; what was seen so far is kept as counts, so half an hour
costs no more memory than a second. Each warning is given once. Knows no files and no sessions.
"""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float, Float32

from livetalk.conditions.input_checks.sentences import InputWarning
from livetalk.conditions.input_checks.voice_activity import WINDOW, voice_activity
from livetalk.geometry import SAMPLE_RATE

LOOK = 3 * SAMPLE_RATE // WINDOW * WINDOW  # samples that are looked at together
SHORTEST = SAMPLE_RATE // 4  # of less sound nothing is said but that it is silent
SILENT = -80.0  # dBFS: what never gets louder is silence
HEARD_AT = -23.0  # dBFS to which the loud windows are brought before a voice is looked for in them
MOST_GAIN = 60.0  # dB
VOICED = 0.5  # probability from which on a window is speech
LEAST_VOICE = 0.25  # share of a look's windows from which on somebody speaks in it
PATIENCE, CERTAIN = 10.0, 2.0  # seconds: without speech, and of speech, before a running check says anything
QUIET = -43.0  # dBFS: mean power of the windows that speak
# Of the sizes of samples in speech the 999th thousandth lies 1.24 times above the 990th and more; clipping levels them.
CLIPPED = 1.13
LEAST_CLIPPING = SAMPLE_RATE // 2  # samples of speech below which that says nothing
FLOOR, STEPS, PER_DB = -100.0, 1200, 10  # of the histogram of sizes, tenths of decibels
FIRST_LOOK = 30.0  # seconds of a recording that are looked at, if they hold speech


class SpeechCheck:
    """See the module docstring. Not thread-safe."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self.begin()

    def push(self, sound: Float[np.ndarray, " n"], rate: int = SAMPLE_RATE) -> list[InputWarning]:
        """The next piece of an utterance; gives what has become certain with it."""
        return self._news(self.kinds(final=False)) if self.add(_at_our_rate(sound, rate)) else []

    def end(self) -> list[InputWarning]:
        """The utterance is over; what is pushed next belongs to another one."""
        news = self._news(self.finish())
        self.begin()
        return news

    def add(self, sound: Float32[np.ndarray, " n"]) -> bool:
        """Takes a piece; whether enough was there to look at it."""
        self._pieces.append(sound)
        self._waiting += len(sound)
        if self._waiting < LOOK:
            return False
        line = np.concatenate(self._pieces)
        whole = len(line) // LOOK * LOOK
        self._pieces, self._waiting = [line[whole:]], len(line) - whole
        self._look(line[:whole])
        return True

    def finish(self) -> list[str]:
        """What is wrong with all of it, the last piece included."""
        rest = np.concatenate([*self._pieces, np.zeros(0, np.float32)])
        if len(rest) >= SHORTEST or not self._windows:
            self._look(rest)
        return self.kinds(final=True)

    @property
    def spoken(self) -> bool:
        """Whether somebody has spoken so far."""
        return self._most_voiced >= LEAST_VOICE

    def kinds(self, final: bool) -> list[str]:
        """What is wrong with all that was looked at; before the end only what will hardly change."""
        seconds = WINDOW / SAMPLE_RATE * np.array([self._windows, self._voiced])
        if not self.spoken:
            return ["no speech"] if final or seconds[0] > PATIENCE else []
        if not self._voiced or (not final and seconds[1] < CERTAIN):
            return []
        found: list[str] = []
        if 10 * np.log10(self._power / self._voiced + 1e-12) < QUIET:
            found.append("quiet")
        counts = np.cumsum(self._sizes)
        if counts[-1] >= LEAST_CLIPPING:
            usual, largest = (int(np.searchsorted(counts, share * int(counts[-1]))) for share in (0.99, 0.999))
            if 10 ** ((largest - usual) / PER_DB / 20) < CLIPPED:
                found.append("clipped")
        return found

    def begin(self) -> None:
        """Another utterance: nothing of it is known yet."""
        self._pieces: list[np.ndarray] = []
        self._waiting = 0
        self._windows = self._voiced = 0
        self._most_voiced = 0.0  # the largest share of a look that is speech
        self._power = 0.0  # summed over voiced windows
        self._sizes = np.zeros(STEPS, np.int64)  # of samples in voiced windows, by tenths of decibels

    def _look(self, sound: np.ndarray) -> None:
        """Counts looks, the last of which may be shorter."""
        windows = -(-len(sound) // WINDOW)
        padded = np.pad(sound.astype(np.float32), (0, windows * WINDOW - len(sound))).reshape(windows, WINDOW)
        power = (padded**2).mean(1)
        level = np.ones(windows, np.float32)
        for start in range(0, windows, LOOK // WINDOW):
            here = slice(start, start + LOOK // WINDOW)
            level[here] = _gain(power[here])
        voiced = (voice_activity((padded * level[:, None]).ravel()) > VOICED) & (level > 0)
        for start in range(0, windows, LOOK // WINDOW):
            self._most_voiced = max(self._most_voiced, float(voiced[start : start + LOOK // WINDOW].mean()))
        self._windows += windows
        self._voiced += int(voiced.sum())
        self._power += float(power[voiced].sum())
        decibels = 20 * np.log10(np.abs(padded[voiced]).ravel() + np.float32(1e-12))
        places = ((decibels - FLOOR) * PER_DB).astype(int).clip(0, STEPS - 1)
        self._sizes += np.bincount(places, minlength=STEPS)

    def _news(self, found: list[str]) -> list[InputWarning]:
        fresh = [kind for kind in found if kind not in self._told]
        self._told.update(fresh)
        return [InputWarning.of(kind) for kind in fresh]


def check_speech(pieces: Iterable[Float32[np.ndarray, " n"]]) -> list[InputWarning]:
    """One look at a recording (mono, 16 kHz), before the work begins.

    Reads its first half minute; where nobody speaks in that, on to where somebody does, or to the end.
    """
    check, heard = SpeechCheck(), 0
    for piece in pieces:
        check.add(piece)
        heard += len(piece)
        if heard >= FIRST_LOOK * SAMPLE_RATE and check.spoken:
            break
    return [InputWarning.of(kind) for kind in check.finish()]


def _gain(power: Float32[np.ndarray, " windows"]) -> float:
    """What brings a look to the level at which voices are known; 0 for silence."""
    loud = 10 * np.log10(np.quantile(power, 0.95) + 1e-12)
    return 0.0 if loud < SILENT else float(10 ** (min(HEARD_AT - loud, MOST_GAIN) / 20))


def _at_our_rate(sound: np.ndarray, rate: int) -> Float32[np.ndarray, " n"]:
    """Roughly resampled: good enough for a look."""
    if rate == SAMPLE_RATE:
        return np.asarray(sound, np.float32)
    times = np.arange(round(len(sound) * SAMPLE_RATE / rate)) * (rate / SAMPLE_RATE)
    return np.interp(times, np.arange(len(sound)), sound).astype(np.float32) if len(sound) else np.zeros(0, np.float32)
