"""Stretches of speech in a sound: when somebody speaks, heard from the sound alone.

The house's voice activity network says in which windows of 32 ms there is speech; loudness says where in them it begins
and ends, since the network is some tens of milliseconds late at both ends. Knows no dialogue.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32

from livetalk.conditions.input_checks.voice_activity import WINDOW, voice_activity
from livetalk.geometry import SAMPLE_RATE

SPEECH = 0.5  # probability
BREAK = 0.2  # s: shorter silences lie inside words
SHORTEST = 0.1  # s: what is shorter is a click
STEP = 160  # samples: 10 ms, in which loudness is measured
SEARCH = 0.15  # s: as far as an edge is moved
FLOOR_DB = -35.0  # of loudness under the stretch's peak


@dataclass(frozen=True)
class SpeechSpan:
    """Stretch of speech, seconds from the beginning of the sound."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin


def speech_spans(sound: Float32[np.ndarray, " n"]) -> tuple[SpeechSpan, ...]:
    """Where there is speech in a sound at 16 kHz, in order; silences shorter than 0.2 s are part of it."""
    window = WINDOW / SAMPLE_RATE
    seconds = len(sound) / SAMPLE_RATE
    rough = [
        SpeechSpan(first * window, min(last * window, seconds)) for first, last in runs(voice_activity(sound) > SPEECH)
    ]
    level = _level_db(sound)
    exact = merged([_sharpened(span, level) for span in merged(rough, BREAK)], BREAK)
    return tuple(span for span in exact if span.seconds >= SHORTEST)


def merged(spans: Iterable[SpeechSpan], pause: float) -> tuple[SpeechSpan, ...]:
    """Spans in order of time, those that are less than `pause` seconds apart joined."""
    found: list[SpeechSpan] = []
    for span in sorted(spans, key=lambda each: each.begin):
        if found and span.begin - found[-1].end < pause:
            found[-1] = SpeechSpan(found[-1].begin, max(found[-1].end, span.end))
        else:
            found.append(span)
    return tuple(found)


def overlap(first: Sequence[SpeechSpan], second: Sequence[SpeechSpan]) -> float:
    """Seconds that lie in both. The spans of each do not overlap one another."""
    return sum(max(0.0, min(a.end, b.end) - max(a.begin, b.begin)) for a in first for b in second)


def runs(mask: Bool[np.ndarray, " n"]) -> list[tuple[int, int]]:
    """Stretches of True: first index, and the index behind the last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _level_db(sound: Float32[np.ndarray, " n"]) -> Float32[np.ndarray, " steps"]:
    """Loudness of each 10 ms."""
    padded = np.pad(sound, (0, -len(sound) % STEP)).reshape(-1, STEP)
    return (10 * np.log10(np.square(padded).mean(axis=1) + 1e-10)).astype(np.float32)


def _sharpened(span: SpeechSpan, level: Float32[np.ndarray, " steps"]) -> SpeechSpan:
    """The same span, its edges where the loudness near them crosses the floor."""
    step = STEP / SAMPLE_RATE
    first, last = int(span.begin / step), max(int(np.ceil(span.end / step)), int(span.begin / step) + 1)
    floor = level[first:last].max() + FLOOR_DB
    reach = round(SEARCH / step)
    begin, end = max(0, first - reach), min(len(level), last + reach)
    loud = np.flatnonzero(level[begin:end] > floor)
    early, late = begin + loud[0], begin + loud[-1] + 1
    return SpeechSpan(float(early * step), float(late * step))
