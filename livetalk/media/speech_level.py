"""Speech level meter: how loud the speech in a sound is, and which parts of the sound are speech at all.

A cell of 20 ms counts as speech where it is voiced (its spectrum is harmonic, with a pitch that voices have) and stands
out from the quietest of the last three seconds. So hum, hiss, fans and clicks say nothing about the level of speech.
Works on a stream: results depend on the sound alone, not on how it was cut. Knows neither files nor models.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32

from livetalk.geometry import SAMPLE_RATE

CELL = SAMPLE_RATE // 50  # samples
SPAN = 1024  # samples whose spectrum says whether a cell is voiced: the cell and what was before it
BINS = 2 * SPAN
HZ = SAMPLE_RATE / BINS  # of a bin
PITCHES = slice(SAMPLE_RATE // 400, SAMPLE_RATE // 70)  # periods of voices, samples
BAND = slice(round(100 / HZ), round(2500 / HZ))  # harmonics that are looked at; a telephone leaves enough of them
AROUND = round(500 / HZ)  # the spectrum's envelope is its mean over so many bins on either side
VOICED = 0.4  # of perfectly periodic; noise of any colour reaches it in less than one cell of a thousand
ABOVE_FLOOR = 9.0  # dB
FLOOR_CELLS = 150
FAINTEST = -85.0  # dB of full scale; below it lies the rounding of 16 bits
NOTHING = -120.0  # dB, the level of digital silence


@dataclass(frozen=True)
class Cells:
    """Consecutive cells of a sound: their levels in dB of full scale (RMS), and which of them are speech."""

    levels: Float[np.ndarray, " n"]
    speech: Bool[np.ndarray, " n"]


class SpeechMeter:
    """Cells of one stream of sound at 16 kHz, as it comes; see the module docstring."""

    def __init__(self) -> None:
        self._tail = np.zeros(SPAN - CELL, np.float32)  # what was before the next cell, then its beginning
        self._recent = np.full(FLOOR_CELLS, np.inf)

    def push(self, samples: Float32[np.ndarray, " n"]) -> Cells:
        """The cells that these samples complete, perhaps none."""
        line = np.concatenate([self._tail, samples])
        count = (len(line) - (SPAN - CELL)) // CELL
        self._tail = line[count * CELL :]
        if not count:
            return Cells(np.zeros(0), np.zeros(0, bool))
        spans = np.lib.stride_tricks.sliding_window_view(line, SPAN)[: count * CELL : CELL]
        power = np.square(spans[:, -CELL:], dtype=np.float64).mean(1)
        levels = np.maximum(10 * np.log10(power + 1e-30), NOTHING)
        since = np.concatenate([self._recent, levels])
        floors = np.lib.stride_tricks.sliding_window_view(since, FLOOR_CELLS + 1).min(1)
        self._recent = since[-FLOOR_CELLS:]
        speech = (levels > floors + ABOVE_FLOOR) & (levels > FAINTEST)
        speech[speech] = periodicity(spans[speech]) > VOICED
        return Cells(levels, speech)


def periodicity(spans: Float[np.ndarray, "n span"]) -> Float[np.ndarray, " n"]:
    """How periodic spans of sound are at the pitches of voices, 0 to 1: the greatest autocorrelation once the spectrum
    has been divided by its envelope, without which deep noises would seem periodic."""
    window = np.hanning(SPAN).astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(spans * window, BINS)))
    sums = np.cumsum(np.pad(power, ((0, 0), (AROUND + 1, AROUND)), mode="edge"), 1)
    envelope = (sums[:, 2 * AROUND + 1 :] - sums[:, : -2 * AROUND - 1]) / (2 * AROUND + 1)
    flat = np.zeros_like(power)
    flat[:, BAND] = (power / (envelope + 1e-30))[:, BAND]
    found = np.fft.irfft(flat, BINS)
    usual = np.fft.irfft(np.square(np.abs(np.fft.rfft(window, BINS))), BINS)  # the window's own
    return (found[:, PITCHES] / usual[PITCHES] * usual[0] / (found[:, :1] + 1e-30)).max(1, initial=0.0)


def speech_seconds(samples: Float32[np.ndarray, " n"]) -> float:
    """Seconds of voiced speech in a sound at 16 kHz."""
    return float(SpeechMeter().push(samples).speech.sum()) * CELL / SAMPLE_RATE
