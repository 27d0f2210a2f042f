"""Speech comes out of any common file, whole, at 16 kHz, in little memory."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from livetalk.media import open_sound, read_speech
from livetalk.media.sound import trimmed
from tests.helpers.sounds import alike, at, encoded, hello, wav


def heard(path: Path) -> np.ndarray:
    return np.concatenate(list(read_speech(path)))


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_rate_and_channel_count_gives_the_same_speech(save_sound, tone, rate: int, channels: int):
    sound = np.repeat(tone(0.5, rate)[:, None], channels, axis=1)
    speech = heard(save_sound(sound, rate=rate))
    assert speech.dtype == np.float32
    assert len(speech) == pytest.approx(8_000, abs=1)
    assert np.abs(speech[:7_900] - tone(0.5)[:7_900]).max() < 0.02


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg", "a.m4a"])
def test_every_format_keeps_the_speech_in_its_place(save_sound, tone, name: str):
    sound = np.concatenate([np.zeros(24_000, np.float32), tone(0.5, 48_000)])
    speech = heard(save_sound(sound, name, rate=48_000))
    assert len(speech) == pytest.approx(16_000, abs=1_300)  # lossy formats round up to whole packets
    onset = np.argmax(np.abs(speech) > 0.1)
    assert onset == pytest.approx(8_000 + 20, abs=80)  # 5 ms, less than a tenth of a frame


def test_channels_are_averaged_without_changing_the_level(save_sound):
    sound = np.stack([np.full(1600, 0.5), np.zeros(1600)], axis=1)
    assert np.allclose(heard(save_sound(sound)), 0.25, atol=1e-3)


def test_a_tenth_of_a_second_and_silence_are_speech_too(save_sound):
    assert len(heard(save_sound(np.zeros(1_600)))) == 1_600


def test_the_header_tells_rate_channels_and_length(save_sound, tone):
    sound = open_sound(save_sound(np.stack([tone(0.5, 44_100)] * 2, axis=1), rate=44_100))
    assert (sound.rate, sound.channels) == (44_100, 2)
    assert sound.seconds == pytest.approx(0.5)


def test_memory_does_not_grow_with_length(save_sound, tone):
    path = save_sound(np.tile(tone(1.0), 240), "long.flac")
    tracemalloc.start()
    samples = sum(len(piece) for piece in read_speech(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert samples == 240 * 16_000
    assert peak < 1_000_000  # the whole of it would be 15 MB


def test_damage_in_the_middle_does_not_end_the_speech(save_sound, tone):
    path = save_sound(tone(2.0), "a.mp3")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    path.write_bytes(data)
    assert len(heard(path)) > 24_000


def test_not_a_number_is_silence(tmp_path: Path):
    path = tmp_path / "nan.wav"
    samples = np.full(1_600, np.nan, np.float32).tobytes()
    head = b"RIFF" + (36 + len(samples)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    head += (3).to_bytes(2, "little") + (1).to_bytes(2, "little") + (16_000).to_bytes(4, "little")
    head += (64_000).to_bytes(4, "little") + (4).to_bytes(2, "little") + (32).to_bytes(2, "little")
    path.write_bytes(head + b"data" + len(samples).to_bytes(4, "little") + samples)
    assert np.array_equal(heard(path), np.zeros(1_600))


BAD = {
    "missing.wav": (None, "does not exist"),
    "empty.wav": (b"", "is empty"),
    "noise.wav": (bytes(range(256)) * 40, "cannot be understood as sound"),
    "page.mp3": (b"<!DOCTYPE html><html><body>404 Not Found</body></html>" * 20, "cannot be understood as sound"),
    "head.wav": (b"RIFF", "cannot be understood as sound"),
    "page.ogg": (b"OggS", "cannot be understood as sound"),
    "zeros.wav": (bytes(5_000), "cannot be understood as sound"),
    "words.mp3": (b"these are words, not sound\n" * 50, "cannot be understood as sound"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gets_one_clear_sentence(tmp_path: Path, name: str):
    content, words = BAD[name]
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=words) as caught:
        read_speech(path)  # at once, not with the first piece
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_and_a_picture_are_no_speech(tmp_path: Path):
    with pytest.raises(ValueError, match="is a folder"):
        read_speech(tmp_path)
    from PIL import Image

    Image.new("RGB", (64, 64)).save(tmp_path / "face.png")
    with pytest.raises(ValueError, match="has no sound in it"):
        read_speech(tmp_path / "face.png")


def test_silence_is_cut_from_both_ends_and_kept_between_words():
    sound = np.array([0, 0.01, 0.5, 0, -0.3, 0.02, 0], np.float32)
    assert trimmed(sound, 0.02).tolist() == sound[2:5].tolist()
    assert len(trimmed(sound, 0.5)) == 0
    assert len(trimmed(sound[:0], 0.0)) == 0


NAMES = [
    "12:30.wav",
    "-x.wav",
    "a%d.wav",
    "%03d.wav",
    "pipe:",
    "pipe:0",
    "http:x",
    "file:a.wav",
    "concat:a|b",
    "a b'c.wav",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name_whatever_it_looks_like(monkeypatch, tmp_path: Path, name: str):
    monkeypatch.chdir(tmp_path)
    wav(Path("plain"), hello() * 32_767)
    Path("plain").rename(name)
    sound = open_sound(name)
    assert np.array_equal(np.concatenate(list(sound.speech())), heard(Path(name)))
    assert len(heard(Path(name))) == len(hello())


def test_of_several_sound_streams_the_one_with_speech_is_heard(tmp_path: Path):
    speech, rng = at(48_000), np.random.default_rng(0)
    hum = 0.3 * np.sin(np.arange(len(speech)) / 48_000 * 2 * np.pi * 100)
    for number, others in enumerate([[0 * speech], [hum], [0.05 * rng.standard_normal(len(speech)), 0 * speech]]):
        path = encoded(tmp_path / f"{number}.mkv", [*others, speech], "aac")
        sound = open_sound(path)
        assert sound.stream == len(others)
        assert sound.choice is not None
        assert f"{path} has {len(others) + 1} sound streams: number {len(others) + 1}" in sound.choice
        assert alike(np.concatenate(list(sound.speech())), hello()) > 0.9


def test_the_first_sound_stream_is_heard_where_it_speaks_or_none_does(tmp_path: Path):
    speech = at(48_000)
    for number, streams in enumerate([[speech, speech], [speech, 0 * speech], [0 * speech, 0 * speech]]):
        sound = open_sound(encoded(tmp_path / f"{number}.mp4", streams, "aac"))
        assert (sound.stream, sound.choice) == (0, None)
        assert alike(np.concatenate(list(sound.speech())), hello()) > 0.9 or number == 2
