"""Treatments change the sound as they say, and move time only where they must."""

import numpy as np
import pytest

from livetalk.data.augment import (
    Treatment,
    band,
    drive,
    level,
    loudness,
    noise,
    room,
    sample_treatment,
    tape,
    tilt,
    treat,
)
from livetalk.data.speech import RATE, Utterance
from livetalk.voice.timing import Phoneme


@pytest.fixture
def speech() -> Utterance:
    rng = np.random.default_rng(0)
    audio = np.zeros(2 * RATE, np.float32)
    audio[RATE // 2 : RATE] = 0.1 * rng.standard_normal(RATE // 2)
    times = (Phoneme(" ", 0.0, 0.5), Phoneme("s", 0.5, 1.0), Phoneme(" ", 1.0, 2.0))
    return Utterance("x", "s", "nobody", audio, times)


def power(audio: np.ndarray, low: float, high: float) -> float:
    spectrum = np.abs(np.fft.rfft(audio)) ** 2
    hertz = np.fft.rfftfreq(len(audio), 1 / RATE)
    return float(spectrum[(hertz >= low) & (hertz < high)].sum())


def test_the_plain_treatment_changes_nothing(speech: Utterance) -> None:
    same = treat(speech, Treatment())
    np.testing.assert_allclose(same.audio, speech.audio, atol=1e-6)
    assert same.phonemes == speech.phonemes


def test_the_same_treatment_gives_the_same_sound(speech: Utterance) -> None:
    treatment = sample_treatment(np.random.default_rng(3))
    np.testing.assert_array_equal(treat(speech, treatment).audio, treat(speech, treatment).audio)


def test_random_treatments_stay_in_range_and_cover_their_sound(speech: Utterance) -> None:
    for seed in range(40):
        treated = treat(speech, sample_treatment(np.random.default_rng(seed)))
        assert treated.audio.dtype == np.float32
        assert np.isfinite(treated.audio).all()
        assert np.abs(treated.audio).max() < 1.0
        assert abs(treated.phonemes[-1].end_s - treated.seconds) < 1e-3


def test_tape_scales_times_with_the_sound(speech: Utterance) -> None:
    audio, phonemes = tape(speech.audio, speech.phonemes, 1.1)
    assert abs(len(audio) * 1.1 - len(speech.audio)) < 2
    heard = np.flatnonzero(np.abs(audio) > 0.03)[0] / RATE
    assert abs(heard - phonemes[1].start_s) < 0.003


def test_bands_and_tilt_shape_the_spectrum(speech: Utterance) -> None:
    telephone = band(speech.audio, 300.0, 3400.0)
    assert power(telephone, 5000, 8000) < 1e-3 * power(speech.audio, 5000, 8000)
    assert power(telephone, 0, 100) < 1e-2 * power(speech.audio, 0, 100)
    bright = tilt(speech.audio, 6.0)
    gain = power(bright, 3900, 4100) / power(speech.audio, 3900, 4100)
    assert 10 * np.log10(gain) == pytest.approx(12.0, abs=1.0)


def test_nothing_but_tape_moves_an_onset(speech: Utterance) -> None:
    rng = np.random.default_rng(1)
    for treated in (band(speech.audio, 300.0, 3400.0), room(speech.audio, 0.4, -8.0, rng), tilt(speech.audio, 3.0)):
        assert len(treated) == len(speech.audio)
        onset = np.flatnonzero(np.abs(treated) > 0.02)[0] / RATE
        assert abs(onset - 0.5) < 0.004


def test_levels_and_noise_are_as_asked(speech: Utterance) -> None:
    loud = level(speech.audio, -30.0)
    assert loudness(loud) == pytest.approx(-30.0, abs=0.1)
    noisy = noise(loud, 20.0, 1.0, np.random.default_rng(2))
    hiss = noisy - loud
    assert 20 * np.log10(hiss.std()) == pytest.approx(-50.0, abs=0.3)
    assert np.abs(drive(loud, 9.0)).max() == pytest.approx(np.abs(loud).max(), rel=1e-4)


def test_silence_survives() -> None:
    silence = np.zeros(RATE, np.float32)
    assert loudness(silence) is None
    assert not level(silence, -20.0).any()
    assert not drive(silence, 6.0).any()
    utterance = Utterance("x", "", "nobody", silence, (Phoneme(" ", 0.0, 1.0),))
    for seed in range(10):
        assert np.isfinite(treat(utterance, sample_treatment(np.random.default_rng(seed))).audio).all()
