"""Excerpts are the pictures and the sound of their times, wherever the key frames lie."""

from pathlib import Path

import av
import numpy as np
import pytest

from livetalk.geometry import SAMPLE_RATE
from livetalk.media.excerpt import film_seconds, film_size, frames_between, sound_between
from tests.helpers.tables import STEP, tone, write_film


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("films") / "film.mp4", 2.0, (48, 64))


@pytest.mark.parametrize("start", [0.0, 0.04, 0.52, 1.2])
def test_frames_are_those_of_their_times(film: Path, start: float) -> None:
    levels = [int(frame.mean()) for frame in frames_between(film, start, 0.4, 25)]
    first = round(start * 25)
    assert len(levels) == 10
    assert levels == pytest.approx([STEP * (first + n) % 240 for n in range(10)], abs=2)


def test_frames_are_taken_at_another_rate(film: Path) -> None:
    levels = [int(frame.mean()) for frame in frames_between(film, 0.4, 0.5, 10)]
    assert levels == pytest.approx([STEP * int(10 + 2.5 * n) for n in range(5)], abs=2)


def test_the_last_frame_lasts_as_long_as_the_others(film: Path) -> None:
    assert len(list(frames_between(film, 1.0, 1.0, 25))) == 25


def test_a_film_that_ends_before_is_refused(film: Path) -> None:
    with pytest.raises(ValueError, match="ends before 3 s"):
        list(frames_between(film, 1.5, 1.5, 25))


def test_sizes_are_told(film: Path) -> None:
    assert film_seconds(film) == pytest.approx(2.0, abs=0.01)
    assert film_size(film) == (48, 64)


def test_sound_is_that_of_its_times(film: Path) -> None:
    found, true = sound_between(film, 0.5, 1.0), tone(2.0)[SAMPLE_RATE // 2 :][:SAMPLE_RATE]
    assert len(found) == SAMPLE_RATE
    assert np.corrcoef(found, true)[0, 1] > 0.98
    assert not sound_between(film, 5.0, 0.5).any()


def test_sound_that_comes_later_stays_late(tmp_path: Path) -> None:
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width = video.height = 32
        audio = container.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        for _ in range(25):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray((tone(0.5) * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE, SAMPLE_RATE // 4
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    sound = sound_between(path, 0.0, 1.0)
    assert not sound[: SAMPLE_RATE // 4].any()
    assert np.abs(sound[SAMPLE_RATE // 4 :][:800]).max() > 0.2


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.mp4").write_text("no film")
    for look in (film_seconds, film_size, lambda path: list(frames_between(path, 0, 1, 25))):
        with pytest.raises(ValueError, match="cannot be understood as video"):
            look(tmp_path / "words.mp4")
