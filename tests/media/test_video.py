"""A video is in step with its sound, appears when it is complete and says what it is."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from livetalk.media import Mp4Writer, open_sound, read_frames, read_speech, write_talking
from livetalk.media.video import ai_origin

ORIGIN = ai_origin("tiny", "0", 3, "she nods")


def flashes(count: int, every: int = 16) -> np.ndarray:
    """Grey frames, one white one every second."""
    frames = np.full((count, 64, 64, 3), 60, np.uint8)
    frames[::every] = 250
    return frames


def clicks(seconds: int, rate: int = 16_000) -> np.ndarray:
    """Silence with a 2 kHz click of 10 ms at every full second."""
    sound = np.zeros(seconds * rate, np.float32)
    click = np.sin(2 * np.pi * 2_000 * np.arange(rate // 100) / rate)
    for second in range(seconds):
        sound[second * rate : second * rate + len(click)] = click
    return sound


def test_flashes_and_clicks_stay_together(tmp_path: Path):
    path = tmp_path / "a.mp4"
    with Mp4Writer(path, size=(64, 64)) as writer:
        writer.write_frames(flashes(80))
        writer.write_audio(clicks(5))
    with av.open(str(path)) as container:
        lit = [frame.time for frame in container.decode(video=0) if frame.to_ndarray(format="rgb24").mean() > 150]
    speech = np.concatenate(list(read_speech(path)))
    for second, time in enumerate(lit):
        assert time == second
        onset = np.argmax(np.abs(speech[max(0, second * 16_000 - 4_000) :]) > 0.3) + max(0, second * 16_000 - 4_000)
        assert onset / 16_000 == pytest.approx(second, abs=0.005)
    assert len(lit) == 5


def test_every_frame_is_stamped_by_the_sample_clock(tmp_path: Path):
    path = tmp_path / "a.mp4"
    with Mp4Writer(path, size=(64, 64)) as writer:
        writer.write_frames(flashes(50))
        writer.write_audio(np.zeros(50_000, np.float32))
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec.name, video.pix_fmt, audio.codec.name) == ("h264", "yuv420p", "aac")
        assert video.duration * video.time_base == audio.duration * audio.time_base == 50 / 16
        samples = [frame.pts * video.time_base * 16_000 for frame in container.decode(video=0)]
    assert samples == [1_000 * i for i in range(50)]


def test_frames_come_back_as_they_went_in(tmp_path: Path):
    frames = np.zeros((9, 64, 64, 3), np.uint8)
    frames[:, :32, :, 0], frames[:, :, 32:, 1], frames[:, 32:, :32, 2] = 200, 120, 90
    with Mp4Writer(tmp_path / "a.mp4", size=(64, 64), rate=None) as writer:
        writer.write_frames(frames)
    back = np.stack(list(read_frames(tmp_path / "a.mp4")))
    inner = np.abs(back.astype(int) - frames)[:, 4:28, 4:28]  # away from the edges that 4:2:0 softens
    assert back.shape == frames.shape
    assert inner.max() <= 3
    assert abs((back.astype(int) - frames).mean()) < 0.5


def test_reading_at_another_rate_shows_the_newest_picture(tmp_path: Path):
    frames = np.repeat(np.arange(0, 250, 10, dtype=np.uint8)[:, None, None, None], 64, axis=1)
    frames = np.broadcast_to(frames, (25, 64, 64, 3))
    with Mp4Writer(tmp_path / "a.mp4", size=(64, 64), frame_rate=25, rate=None) as writer:
        writer.write_frames(frames)
    levels = [int(frame.mean().round()) for frame in read_frames(tmp_path / "a.mp4", frame_rate=16)]
    expected = [10 * (i * 25 // 16) for i in range(16)]
    assert np.allclose(levels[:16], expected, atol=2)


def test_a_video_says_that_it_is_ai_generated(tmp_path: Path):
    with Mp4Writer(tmp_path / "a.mp4", size=(64, 64), origin=ORIGIN) as writer:
        writer.write_frames(flashes(3))
        writer.write_audio(clicks(1))
    with av.open(str(tmp_path / "a.mp4")) as container:
        tags = container.metadata
    assert tags["ai_generated"] == "true"
    assert tags["digital_source_type"].endswith("trainedAlgorithmicMedia")
    assert (tags["model"], tags["model_version"], tags["seed"], tags["prompt"]) == ("tiny", "0", "3", "she nods")
    assert "AI-generated" in tags["comment"]


def test_the_name_appears_only_when_the_file_is_complete(tmp_path: Path):
    path = tmp_path / "a.mp4"
    path.write_text("an older video")
    with Mp4Writer(path, size=(64, 64)) as writer:
        writer.write_frames(flashes(40))
        assert path.read_text() == "an older video"
        writer.write_audio(clicks(1))
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
    assert len(list(read_frames(path))) == 40


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interruption_leaves_the_folder_as_it_was(tmp_path: Path, error: type[BaseException]):
    path = tmp_path / "a.mp4"
    path.write_text("an older video")
    with pytest.raises(error), Mp4Writer(path, size=(64, 64)) as writer:
        writer.write_frames(flashes(40))
        raise error
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
    assert path.read_text() == "an older video"


@pytest.mark.parametrize("rate", [8_000, 16_000, 37_800, 44_100, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_sound_of_the_file_lies_beside_the_frames(save_sound, tone, tmp_path: Path, rate: int, channels: int):
    sound = open_sound(save_sound(np.stack([tone(1.5, rate)] * channels, axis=1), rate=rate))
    count = write_talking(tmp_path / "a.mp4", iter([flashes(9)[:, ::1], flashes(15)]), sound, ORIGIN)
    assert count == 24
    with av.open(str(tmp_path / "a.mp4")) as container:
        audio = container.streams.audio[0]
        assert audio.rate == (48_000 if rate == 37_800 else rate)
        assert audio.channels == channels
        assert float(audio.duration * audio.time_base) == pytest.approx(1.5, abs=0.01)
    back = np.concatenate(list(read_speech(tmp_path / "a.mp4")))[:24_000]
    assert np.corrcoef(back, tone(1.5)[: len(back)])[0, 1] > 0.99


def test_an_unwritable_place_is_named_before_any_work(tmp_path: Path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.mp4").mkdir()
    for path, words in [
        (tmp_path / "nowhere" / "a.mp4", "does not exist: make it first"),
        (tmp_path / "file" / "a.mp4", "make it first"),
        (tmp_path / "folder.mp4", "is a folder"),
        (tmp_path / ("a" * 300 + ".mp4"), "too long"),
        (Path("/proc/a.mp4"), "may not be written|does not exist"),
    ]:
        with pytest.raises(ValueError, match=words):
            Mp4Writer(path)


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(ValueError, match="is full: make room"), Mp4Writer(tmp_path / "a.mp4", size=(64, 64)) as writer:
        monkeypatch.setattr(os, "replace", full)
        writer.write_frames(flashes(3))
        writer.write_audio(clicks(1))
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_for_real_is_one_sentence(tmp_path: Path):
    """The kernel refuses more than 20 kB: FFmpeg meets the error, not a stand-in of ours."""
    script = f"""
import resource, numpy as np
from livetalk.media import Mp4Writer
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
noise = np.random.default_rng(0).integers(0, 255, (200, 64, 64, 3)).astype(np.uint8)
try:
    with Mp4Writer({str(tmp_path / "a.mp4")!r}, size=(64, 64), rate=None) as writer:
        writer.write_frames(noise)
except ValueError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert "write elsewhere" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_video_is_said_so(save_sound, tone, tmp_path: Path):
    with pytest.raises(ValueError, match="has no pictures"):
        read_frames(save_sound(tone(0.2)))
    (tmp_path / "a.mp4").write_bytes(b"x" * 1000)
    with pytest.raises(ValueError, match="cannot be understood as video"):
        read_frames(tmp_path / "a.mp4")


@pytest.mark.parametrize("name", ["12:30.mp4", "-x.mp4", "a%d.mp4", "pipe:.mp4", "http:x.mp4"])
def test_a_name_is_a_name_whatever_it_looks_like(monkeypatch, tmp_path: Path, name: str):
    monkeypatch.chdir(tmp_path)
    with Mp4Writer(name, size=(64, 64)) as writer:
        writer.write_frames(np.zeros((4, 64, 64, 3), np.uint8))
        writer.write_audio(np.zeros(4_000, np.float32))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert len(list(read_frames(name))) == 4
    assert open_sound(name).rate == 16_000
