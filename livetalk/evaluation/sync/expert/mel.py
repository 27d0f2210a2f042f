"""Log-mel bands of speech as the sync expert hears it: five rows a frame, whatever the level of the recording.

Knows samples; not what the rows are for.
"""

import numpy as np
from jaxtyping import Float, Float32

from livetalk.geometry import FRAME_RATE, SAMPLE_RATE

ROWS = 5  # of a frame of 1/16 s: one each 12.5 ms
BANDS = 40
WINDOW, POINTS = 400, 512  # samples: 25 ms, and the points of their spectrum
LOWEST, HIGHEST = 80.0, 7600.0  # Hz
DEPTH = 60.0  # dB below the loudest band of the clip that are heard


def log_mel(sound: Float32[np.ndarray, " n"], frames: int) -> Float32[np.ndarray, "rows 40"]:
    """Rows of `frames` frames, silence beyond the sound; between 0 (silent) and 1 (the loudest band of the clip)."""
    step = SAMPLE_RATE // FRAME_RATE // ROWS
    rows, half = frames * ROWS, POINTS // 2
    padded = np.zeros((rows - 1) * step + POINTS, np.float32)
    heard = sound[: len(padded) - half]
    padded[half : half + len(heard)] = heard
    windows = np.lib.stride_tricks.sliding_window_view(padded, POINTS)[::step][:rows]
    shape = np.pad(np.hanning(WINDOW), (POINTS - WINDOW) // 2).astype(np.float32)
    power = np.abs(np.fft.rfft(windows * shape)) ** 2
    level = 10 * np.log10(power @ _bank().T + 1e-10)
    loudest = max(float(level.max()), -40.0)  # what is softer still is no speech
    return np.clip(1 + (level - loudest) / DEPTH, 0, 1).astype(np.float32)


def band_centres() -> Float[np.ndarray, " 40"]:
    """Frequencies in Hz that the bands are centred at."""
    return _edges()[1:-1]


def _bank() -> Float[np.ndarray, "40 257"]:
    """Triangles between the edges."""
    edges = _edges()
    hertz = np.arange(POINTS // 2 + 1) * SAMPLE_RATE / POINTS
    rising = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(np.minimum(rising, falling), 0)


def _edges() -> Float[np.ndarray, " 42"]:
    """Equally far from each other in mel = 2595 log10(1 + f / 700)."""
    low, high = (float(2595 * np.log10(1 + f / 700)) for f in (LOWEST, HIGHEST))
    return 700 * (np.power(10.0, np.linspace(low, high, BANDS + 2) / 2595) - 1)
