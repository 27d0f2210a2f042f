"""Promises of the speech level meter: speech of any loudness is found, nothing else is, however the sound is cut."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.media.speech_level import CELL, SpeechMeter
from tests.helpers.sounds import hello


def coloured(samples: int, colour: float, level: float) -> np.ndarray:
    """Noise of a 1/f^colour spectrum at a level in dB."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(samples))
    noise = np.fft.irfft(spectrum / np.clip(np.fft.rfftfreq(samples, 1 / 16_000), 50, None) ** (colour / 2), samples)
    return (noise / noise.std() * 10 ** (level / 20)).astype(np.float32)


@pytest.mark.parametrize("decibels", [0, -20, -48])
def test_speech_is_found_at_any_level(decibels: float) -> None:
    gain = np.float32(10 ** (decibels / 20))
    cells, loud = SpeechMeter().push(hello() * gain), SpeechMeter().push(hello())
    assert 0.25 < cells.speech.mean() < 0.8
    assert (cells.speech == loud.speech).mean() > 0.95
    assert np.allclose(cells.levels[cells.speech] - decibels, loud.levels[cells.speech], atol=0.1)


def test_speech_is_found_in_noise() -> None:
    cells = SpeechMeter().push(hello() + coloured(len(hello()), 1, -35))
    assert cells.speech.mean() > 0.2


@pytest.mark.parametrize("level", [-30, -60])
@pytest.mark.parametrize("colour", [0, 1, 2])
def test_noise_is_no_speech(colour: float, level: float) -> None:
    assert SpeechMeter().push(coloured(160_000, colour, level)).speech.sum() <= 2


def test_silence_hum_and_clicks_are_no_speech() -> None:
    time = np.arange(160_000) / 16_000
    hum = sum(np.sin(2 * np.pi * 50 * k * time) / k for k in range(1, 9)).astype(np.float32)
    clicks = coloured(160_000, 0, -80)
    clicks[3_000::8_000] = 0.5
    for sound in (0 * hum, 0.01 * hum, 0.01 * hum + coloured(160_000, 1, -50), clicks):
        assert SpeechMeter().push(sound.astype(np.float32)).speech.sum() <= 2


@settings(max_examples=20)
@given(cuts=st.lists(st.integers(0, 40_000), max_size=12))
def test_cells_do_not_depend_on_cuts(cuts: list[int]) -> None:
    meter, edges = SpeechMeter(), sorted({0, len(hello()), *cuts})
    parts = [meter.push(hello()[a:z]) for a, z in pairwise(edges)]
    whole = SpeechMeter().push(hello())
    assert len(whole.levels) == len(hello()) // CELL
    assert np.array_equal(np.concatenate([part.speech for part in parts]), whole.speech)
    assert np.allclose(np.concatenate([part.levels for part in parts]), whole.levels)
