"""Mel-frequency cepstral coefficients of 16-bit samples, with the conventions that SyncNet was trained on.

Those are the defaults of python_speech_features 0.6: pre-emphasis 0.97, windows of 25 ms every 10 ms that are
rectangular, 512 points, 26 triangles whose edges are whole bins, 13 coefficients with lifter 22, of which the first is
the log of the energy. Knows samples; not what the coefficients are for.
"""

import numpy as np
from jaxtyping import Float, Int16

from livetalk.geometry import SAMPLE_RATE

WINDOW, STEP = SAMPLE_RATE // 40, SAMPLE_RATE // 100  # samples
POINTS = 512
FILTERS, COEFFICIENTS = 26, 13
EMPHASIS, LIFTER = 0.97, 22


def mfcc(samples: Int16[np.ndarray, " n"]) -> Float[np.ndarray, "rows 13"]:
    """A row for each 10 ms of the sound; the last one may reach beyond its end, over zeros."""
    power = np.abs(np.fft.rfft(_windows(samples), POINTS)) ** 2 / POINTS
    energy = _no_zeros(power.sum(1))
    bands = _no_zeros(power @ filter_bank().T)
    cepstrum = np.log(bands) @ _cosines().T
    cepstrum *= 1 + LIFTER / 2 * np.sin(np.pi * np.arange(COEFFICIENTS) / LIFTER)
    cepstrum[:, 0] = np.log(energy)
    return cepstrum


def filter_bank() -> Float[np.ndarray, "26 257"]:
    """Triangles that are equally wide in mel = 2595 log10(1 + f / 700), from 0 to half the sample rate."""
    highest = float(2595 * np.log10(1 + SAMPLE_RATE / 2 / 700))
    hertz = 700 * (np.power(10.0, np.linspace(0, highest, FILTERS + 2) / 2595) - 1)
    edges = np.floor((POINTS + 1) * hertz / SAMPLE_RATE).astype(int)
    bank = np.zeros((FILTERS, POINTS // 2 + 1))
    for row, low, peak, high in zip(bank, edges[:-2], edges[1:-1], edges[2:], strict=True):
        row[low:peak] = (np.arange(low, peak) - low) / (peak - low)
        row[peak:high] = (high - np.arange(peak, high)) / (high - peak)
    return bank


def _cosines() -> Float[np.ndarray, "13 26"]:
    """The first rows of the orthonormal cosine transform (type II)."""
    order, place = np.arange(COEFFICIENTS)[:, None], np.arange(FILTERS) + 0.5
    rows = np.cos(np.pi * order * place / FILTERS) * np.sqrt(2 / FILTERS)
    rows[0] /= np.sqrt(2)
    return rows


def _windows(samples: Int16[np.ndarray, " n"]) -> Float[np.ndarray, "rows 400"]:
    sound = samples.astype(float)
    sound[1:] -= EMPHASIS * samples[:-1].astype(float)
    rows = 1 + max(0, -(-(len(sound) - WINDOW) // STEP))
    sound = np.pad(sound, (0, max(0, (rows - 1) * STEP + WINDOW - len(sound))))
    return np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::STEP][:rows]


def _no_zeros(powers: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Silence has no logarithm: zeros become the smallest step of a float."""
    return np.where(powers == 0, np.finfo(float).eps, powers)
