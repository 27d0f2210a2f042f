"""Phoneme times, from the model's token durations to times that a mouth can follow.

The sound runs about 60 ms ahead of the raw token durations (measured on stop closures, hisses and onsets of
four voices), the tokens of stress and length marks and of spaces take time that belongs to their neighbours,
and phonemes beside a pause soak up part of its silence. All three are put right here. Nothing here knows the
voice model or faces.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32

LEAD = 0.0625  # s by which the sound precedes the token durations
PAUSE = " "  # symbol of silence
PAUSES = frozenset(' ;:,.!?—…"()“”')
STRESS = frozenset("ˈˌ")  # their time belongs to the vowel after
LENGTH = frozenset("ː")  # its time belongs to the vowel before
STOPS = frozenset("pbtdkɡʧʤɾʔ")  # closed and silent before they sound
CLOSURE = 0.05  # s a stop beside a pause is held shut
HOP = 0.005  # s between two measurements of loudness
QUIET = -40.0  # dB below the loud parts that count as silence
MARGIN = 0.06  # s of silence kept around a trimmed part

Times = Float[np.ndarray, "n"]


class Phoneme(NamedTuple):
    """One symbol of Kokoro's alphabet and its time in the sound, seconds. Marks last 0 s."""

    symbol: str
    start_s: float
    end_s: float


def place(
    symbols: Sequence[str], edges: Float[np.ndarray, "e"], audio: Float32[np.ndarray, "m"], rate: int
) -> tuple[Phoneme, ...]:
    """Contiguous phonemes over the whole audio, from raw token edges in seconds."""
    end = len(audio) / rate
    edges = np.clip(np.asarray(edges, np.float64) - LEAD, 0.0, end)
    edges[0], edges[-1] = 0.0, end
    quiet = silences(audio, rate)
    starts, ends = edges[:-1].copy(), edges[1:].copy()
    for i, symbol in enumerate(symbols):
        if symbol in STRESS and i + 1 < len(symbols):
            starts[i + 1] = ends[i] = starts[i]
        elif symbol in LENGTH and i:
            ends[i - 1] = starts[i] = ends[i]
    for first, last in _runs(symbols):
        _settle(symbols, starts, ends, first, last, quiet)
    return tuple(Phoneme(s, float(a), float(b)) for s, a, b in zip(symbols, starts, ends, strict=True))


def silences(audio: Float32[np.ndarray, "m"], rate: int) -> list[tuple[float, float]]:
    """Stretches of at least 30 ms that lie 40 dB below the loud parts: (start, end) in seconds."""
    hop = round(HOP * rate)
    count = max(1, -(-len(audio) // hop))
    padded = np.zeros(count * hop, np.float32)
    padded[: len(audio)] = audio
    power = np.square(padded.reshape(count, hop)).mean(1)
    power = np.convolve(power, np.full(3, 1 / 3), mode="same")
    loud = max(float(np.percentile(power, 95)), 1e-7)
    quiet = power < loud * 10 ** (QUIET / 10)
    steps = np.flatnonzero(np.diff(np.concatenate([[0], quiet.astype(np.int8), [0]])))
    end = len(audio) / rate
    spans = [(a * HOP, min(b * HOP, end)) for a, b in zip(steps[::2], steps[1::2], strict=True)]
    return [(float(a), float(b)) for a, b in spans if b - a >= 0.03]


def join(
    parts: Sequence[tuple[Float32[np.ndarray, "_"], tuple[Phoneme, ...]]], pauses: Sequence[float], rate: int
) -> tuple[Float32[np.ndarray, "n"], tuple[Phoneme, ...]]:
    """Parts in a row, the silence at their ends trimmed and `pauses[i]` seconds put between i and i + 1."""
    assert len(pauses) == len(parts) - 1
    sounds: list[np.ndarray] = []
    phonemes: list[Phoneme] = []
    now = 0
    for i, (audio, times) in enumerate(parts):
        if i:
            gap = np.zeros(round(pauses[i - 1] * rate), np.float32)
            phonemes.append(Phoneme(PAUSE, now / rate, (now + len(gap)) / rate))
            sounds.append(gap)
            now += len(gap)
        audio, times = trim(audio, times, rate)
        phonemes += shifted(times, now / rate)
        sounds.append(audio)
        now += len(audio)
    return np.concatenate(sounds), tuple(phonemes)


def trim(
    audio: Float32[np.ndarray, "m"], phonemes: tuple[Phoneme, ...], rate: int
) -> tuple[Float32[np.ndarray, "n"], tuple[Phoneme, ...]]:
    """The sound without the silence before its first and after its last sounding phoneme, bar 60 ms."""
    spoken = [p for p in phonemes if p.symbol not in PAUSES and p.end_s > p.start_s]
    if not spoken:
        return audio, phonemes
    first = max(0, round((spoken[0].start_s - MARGIN) * rate))
    last = min(len(audio), round((spoken[-1].end_s + MARGIN) * rate))
    low, high = first / rate, last / rate
    kept = (Phoneme(p.symbol, max(p.start_s, low) - low, min(p.end_s, high) - low) for p in phonemes)
    return audio[first:last], tuple(p for p in kept if p.end_s >= p.start_s)


def shifted(phonemes: Sequence[Phoneme], by: float) -> list[Phoneme]:
    """The phonemes `by` seconds later."""
    return [Phoneme(p.symbol, p.start_s + by, p.end_s + by) for p in phonemes]


def _runs(symbols: Sequence[str]) -> list[tuple[int, int]]:
    """First and last index of every run of pause symbols."""
    marks = np.array([0, *(symbol in PAUSES for symbol in symbols), 0], np.int8)
    steps = np.flatnonzero(np.diff(marks))
    return [(int(a), int(b) - 1) for a, b in zip(steps[::2], steps[1::2], strict=True)]


def _settle(
    symbols: Sequence[str], starts: Times, ends: Times, first: int, last: int, quiet: list[tuple[float, float]]
) -> None:
    """Give the pause `first..last` the silence heard around it, or nothing where none is heard."""
    before = _sounding(starts, ends, first - 1, -1)
    after = _sounding(starts, ends, last + 1, 1)
    if before is None and after is None:
        return
    low = 0.0 if before is None else float(starts[before]) + 0.025
    high = float(ends[-1]) if after is None else float(ends[after]) - 0.025
    spans = [(max(a, low), min(b, high)) for a, b in quiet]
    start, end = max(spans, key=lambda span: span[1] - span[0], default=(0.0, 0.0))
    middle = float(starts[first] + ends[last]) / 2
    if end - start < 0.04:
        start = end = middle
    else:
        start += CLOSURE if before is not None and symbols[before] in STOPS else 0.0
        end -= CLOSURE if after is not None and symbols[after] in STOPS else 0.0
        start, end = (start, end) if start < end else (middle, middle)
    start, end = (0.0 if before is None else start), (float(ends[-1]) if after is None else end)
    start, end = max(low, min(start, high)), min(high, max(end, low))
    for i in range(first, last + 1):
        starts[i], ends[i] = (start, end) if i == first else (end, end)
    if before is not None:
        ends[before:first] = start
        starts[before + 1 : first] = start
    if after is not None:
        starts[last + 1 : after + 1] = end
        ends[last + 1 : after] = end


def _sounding(starts: Times, ends: Times, i: int, step: int) -> int | None:
    """Nearest index from `i` in direction `step` whose phoneme takes time (marks take none)."""
    while 0 <= i < len(starts):
        if ends[i] > starts[i]:
            return i
        i += step
    return None
