"""Promises of mixing down: the speech of every channel, none cancelled, at its level; scales are found."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetalk.media import open_sound, read_speech
from livetalk.media.mixdown import PLAIN, Mixdown, scale_of, survey
from tests.helpers.sounds import alike, at, encoded, hello, wav


def heard(path: Path) -> np.ndarray:
    return np.concatenate(list(read_speech(path)))


@pytest.mark.parametrize("channels", [3, 6, 8, 9, 16, 24, 64])
def test_speech_in_any_one_of_any_number_of_channels_is_heard_at_its_level(tmp_path: Path, channels: int) -> None:
    samples = np.zeros((len(hello()), channels))
    samples[:, -1] = hello() * 32_767
    speech = heard(wav(tmp_path / "a.wav", samples))
    assert np.abs(speech - hello()).max() < 1e-3


@pytest.mark.parametrize("channels", [8, 16])
def test_the_same_in_all_channels_is_the_same(tmp_path: Path, channels: int) -> None:
    sound = open_sound(wav(tmp_path / "a.wav", np.repeat(hello()[:, None] * 32_767, channels, 1)))
    assert sound.channels == channels
    for made in (np.concatenate(list(sound.speech())), np.concatenate(list(sound.pieces(16_000, 1)))[:, 0]):
        assert np.abs(made - hello()).max() < 1e-3


def test_no_foreign_memory_is_heard(tmp_path: Path) -> None:
    for channels in (8, 9, 16, 24):
        assert not heard(wav(tmp_path / "a.wav", np.zeros((20_000, channels)), 44_100)).any()


def test_eight_channels_of_aac_are_one_voice(tmp_path: Path) -> None:
    samples = np.zeros((len(at(48_000)), 8))
    samples[:, 7] = at(48_000)
    path = encoded(tmp_path / "a.m4a", [samples], "aac", 48_000, "mp4")
    assert alike(heard(path), hello()) > 0.9


@pytest.mark.parametrize("share", [-1.0, -0.6])
def test_antiphase_is_no_silence(tmp_path: Path, share: float) -> None:
    stereo = np.stack([hello(), share * hello()], 1)
    wave = heard(wav(tmp_path / "a.wav", stereo * 32_767))
    lossy = heard(encoded(tmp_path / "a.mp3", [stereo], "mp3", 16_000))
    for speech in (wave, lossy):
        assert alike(np.abs(speech), np.abs(hello())) > 0.9
        assert speech.std() == pytest.approx(hello().std() * (1 - share) / 2, rel=0.1)


def test_one_microphone_of_many_the_wrong_way_round_is_turned_back() -> None:
    rng, voice = np.random.default_rng(0), hello()[:, None]
    samples = (voice * np.array([1, 1, -1, 1, 1]) + 0.003 * rng.standard_normal((len(voice), 5))).astype(np.float32)
    mixdown = survey([samples])
    assert mixdown is not None
    assert np.abs(mixdown.mono(samples)[:, 0] - hello()).max() < 0.01


def test_ordinary_stereo_is_a_plain_mean() -> None:
    rng = np.random.default_rng(0)
    for other in (hello(), 0 * hello(), 0.1 * rng.standard_normal(len(hello())), np.roll(hello(), 9)):
        found = survey([np.stack([hello(), other], 1).astype(np.float32)])
        assert found == PLAIN


@given(channels=st.integers(1, 20), samples=st.integers(1, 50), seed=st.integers(0, 99))
def test_a_mixdown_never_exceeds_the_sum_and_any_shape_is_taken(channels: int, samples: int, seed: int) -> None:
    piece = np.random.default_rng(seed).uniform(-1, 1, (samples, channels)).astype(np.float32)
    found = survey([piece, piece[:0], np.zeros((5, channels), np.float32)])
    assert found is not None
    mono = found.mono(found.scaled(piece))
    assert mono.shape == (samples, 1)
    assert (np.abs(mono[:, 0]) <= np.abs(piece).sum(1) + 1e-5).all()


@pytest.mark.parametrize(
    ("kind", "scale", "level"),
    [("<f4", 2**15, 1.0), ("<f8", 2**15, 1.0), ("<f4", 2**31, None), ("<f8", 2**31, None), ("<f4", 1e6, None)],
)
def test_floats_of_other_scales_are_understood(tmp_path: Path, kind: str, scale: float, level: float | None) -> None:
    speech = heard(wav(tmp_path / "a.wav", hello().astype(np.float64) * scale, kind=kind))
    assert alike(speech, hello()) > 0.999
    assert 0.2 < np.abs(speech).max() <= 1
    assert level is None or np.allclose(speech, hello(), atol=1e-4)


def test_floats_a_little_beyond_full_scale_stay() -> None:
    assert scale_of(0.01) == scale_of(1.4) == scale_of(5.0) == 1.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e35])
@pytest.mark.parametrize("scale", [1.0, 32_768.0])
def test_what_is_no_number_is_silence_and_the_rest_is_heard(tmp_path: Path, bad: float, scale: float) -> None:
    samples = hello() * scale
    samples[100::4_000] = bad
    speech = heard(wav(tmp_path / "a.wav", samples, kind="<f4"))
    assert np.isfinite(speech).all()
    assert alike(speech, hello()) > 0.99


def test_samples_beyond_any_scale_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.wav holds samples beyond any scale"):
        open_sound(wav(tmp_path / "a.wav", hello().astype(np.float64) * 1e300, kind="<f8"))


def test_more_channels_than_can_be_mixed_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.wav has 65 channels"):
        open_sound(wav(tmp_path / "a.wav", np.zeros((1_000, 65))))


def test_what_is_no_number_counts_for_nothing() -> None:
    piece = np.array([[np.nan, 0.5], [np.inf, -0.5]], np.float32)
    assert Mixdown().scaled(piece).tolist() == [[0, 0.5], [0, -0.5]]
    assert survey([piece]) == PLAIN
