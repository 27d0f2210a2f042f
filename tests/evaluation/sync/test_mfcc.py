"""Coefficients agree with python_speech_features 0.6, whose numbers for a made-up sound are recorded here."""

import numpy as np
import pytest

from livetalk.evaluation.sync.mfcc import filter_bank, mfcc

# python_speech_features.mfcc(sound(), 16000), rows by their place.
RECORDED = {
    0: [17.88784, -8.34537, 11.97979, 11.55405, 3.1272, -10.02261, -10.23971, -2.54679, 0.34236, -12.97289, -35.16514,
        -44.34565, -25.65092],
    10: [19.06922, -1.8863, 7.68087, -5.67846, -20.50973, -32.85371, -33.14057, -26.14476, -13.7366, -3.25342,
         -1.03432, -2.87534, 4.89464],
    27: [-36.04365, *[0.0] * 12],
    40: [20.77763, -6.48624, -19.76584, -36.92701, -19.89216, 11.66688, 29.08813, 12.97792, -14.73968, -24.29431,
         -10.71358, 7.28426, 13.01573],
    68: [20.88886, -6.23761, -22.51886, -21.19725, 18.1276, 25.8937, -6.31394, -24.55222, -1.73112, 19.39748, 4.87959,
         -18.65721, -12.72143],
}  # fmt: skip


def _sound() -> np.ndarray:
    """A rising tone that comes and goes, hiss, and 75 ms of digital silence."""
    time = np.arange(11_237) / 16_000
    tone = 9000 * np.sin(2 * np.pi * (180 * time + 900 * time * time)) * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * time))
    samples = (tone + (np.arange(len(time)) * 7919 % 2003 - 1001)).astype(np.int16)
    samples[4000:5200] = 0
    return samples


def test_coefficients_are_those_of_the_published_library() -> None:
    found = mfcc(_sound())
    assert found.shape == (69, 13)
    for row, numbers in RECORDED.items():
        assert np.abs(found[row] - numbers).max() < 1e-4, row


@pytest.mark.parametrize(("samples", "rows"), [(100, 1), (400, 1), (401, 2), (560, 2), (561, 3)])
def test_the_last_window_reaches_over_the_end(samples: int, rows: int) -> None:
    assert mfcc(_sound()[:samples]).shape == (rows, 13)


def test_filters_are_triangles_over_whole_bins() -> None:
    bank = filter_bank()
    assert bank.shape == (26, 257)
    assert (bank.max(1) == 1).all()
    assert bank.argmax(1).tolist() == sorted(bank.argmax(1).tolist())
