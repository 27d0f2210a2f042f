"""Promises of decoding: what changes on the way or is damaged goes on as players go on, and nothing read is lost."""

from pathlib import Path

import numpy as np
import pytest

from livetalk.media import open_sound, read_speech
from livetalk.media.decoding import decoded, resampled
from tests.helpers.sounds import alike, at, encoded, hello, wav


def heard(path: Path) -> np.ndarray:
    return np.concatenate(list(read_speech(path)))


def both(rate: int) -> np.ndarray:
    return np.stack([at(rate)] * 2, axis=1)


@pytest.mark.parametrize("codec", ["mp3", "aac", "ac3", "opus"])
def test_what_changes_on_the_way_goes_on(tmp_path: Path, codec: str) -> None:
    """Channels everywhere, and the rate where the format allows it."""
    encoder, container = {
        "mp3": ("mp3", "mp3"),
        "aac": ("aac", "adts"),
        "ac3": ("ac3", "ac3"),
        "opus": ("libopus", "ogg"),
    }[codec]
    other = 48_000 if codec == "opus" else 32_000
    parts = [
        encoded(tmp_path / f"1.{codec}", [at(48_000)], encoder, 48_000, container),
        encoded(tmp_path / f"2.{codec}", [both(other)], encoder, other, container),
        encoded(tmp_path / f"3.{codec}", [at(48_000)], encoder, 48_000, container),
    ]
    whole = tmp_path / f"whole.{codec}"
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    speech = heard(whole)
    assert len(speech) == pytest.approx(3 * len(hello()), abs=6_000)  # each part has its encoder's padding
    for part in np.split(speech, [len(speech) // 3, len(speech) * 2 // 3]):
        assert alike(part, hello()) > 0.9
    assert len(np.concatenate(list(open_sound(whole).pieces(48_000, 1)))) == pytest.approx(3 * len(speech), rel=0.01)


def test_six_channels_after_two_fill_two_channels(tmp_path: Path) -> None:
    parts = [
        encoded(tmp_path / f"{channels}.ac3", [np.stack([at(48_000)] * channels, 1)], "ac3", 48_000, "ac3")
        for channels in (2, 6)
    ]
    whole = tmp_path / "whole.ac3"
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    sound = np.concatenate(list(open_sound(whole).pieces(16_000, 2)))
    assert sound.shape[1] == 2
    assert len(sound) == pytest.approx(80_000, abs=2_000)
    assert alike(sound[:40_000, 1], hello()) > 0.9
    assert alike(sound[40_000:, 1], hello()) > 0.9


def test_a_chain_goes_on_behind_a_recording_that_is_cut_off(tmp_path: Path) -> None:
    one = encoded(tmp_path / "1.opus", [at(48_000)], "libopus", 48_000, "ogg").read_bytes()
    two = encoded(tmp_path / "2.opus", [both(48_000)], "libopus", 48_000, "ogg").read_bytes()
    whole = tmp_path / "whole.opus"
    whole.write_bytes(one[: len(one) * 2 // 3] + two + b"junk" * 100 + two[:200])
    assert alike(heard(whole)[-40_500:], hello()) > 0.9


@pytest.mark.parametrize("kind", ["mp3", "aac", "flac"])
def test_damage_is_passed_over(tmp_path: Path, kind: str) -> None:
    codec, container = {"mp3": ("mp3", "mp3"), "aac": ("aac", "adts"), "flac": ("flac", "flac")}[kind]
    path = encoded(tmp_path / f"a.{kind}", [at(48_000)], codec, 48_000, container)
    data, rng = bytearray(path.read_bytes()), np.random.default_rng(0)
    for place in range(len(data) // 3, len(data) - 500, len(data) // 4):
        data[place : place + 60] = rng.bytes(60)
    path.write_bytes(data)
    assert 0.6 * len(hello()) < len(heard(path)) < 1.2 * len(hello())


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.opus", "a.mkv"])
def test_a_file_cut_short_is_heard_as_far_as_it_goes(tmp_path: Path, name: str) -> None:
    codec = {"mp3": "mp3", "flac": "flac", "opus": "libopus", "mkv": "aac"}[name.split(".")[1]]
    path = encoded(tmp_path / name, [at(48_000)], codec, 48_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert len(heard(path)) > 8_000


@pytest.mark.parametrize("size", [0, 2**32 - 1, 6 * 3600 * 32_000])
def test_a_header_that_lies_about_the_length_does_no_harm(tmp_path: Path, size: int) -> None:
    path = wav(tmp_path / "a.wav", hello() * 32_767, size=size)
    assert len(heard(path)) == len(hello())


@pytest.mark.parametrize("samples", [1, 10, 100])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_a_single_sample_is_sound(tmp_path: Path, samples: int, rate: int) -> None:
    path = wav(tmp_path / "a.wav", np.full(samples, 16_000), rate)
    assert len(heard(path)) == pytest.approx(samples * 16_000 / rate, abs=1)


@pytest.mark.parametrize("rate", [100, 2_000, 192_000, 384_000])
def test_any_rate_is_understood(tmp_path: Path, rate: int) -> None:
    path = wav(tmp_path / "a.wav", at(rate) * 32_767, rate)
    assert len(heard(path)) == pytest.approx(len(hello()), abs=2)
    assert len(np.concatenate(list(open_sound(path).pieces(48_000, 1)))) == pytest.approx(3 * len(hello()), abs=4)


def test_samples_stay_as_they_are_without_a_rate(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(-9_000, 9_000, (5_000, 16))
    path = wav(tmp_path / "a.wav", samples, 11_025)
    assert np.array_equal(np.concatenate(list(resampled(decoded(path)))) * 32_768, samples)


def test_a_sound_stream_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert not list(decoded(wav(tmp_path / "a.wav", hello()), 3))
