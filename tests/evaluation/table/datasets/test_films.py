"""Films become cases: the right square of the right seconds, the same for portrait and truth."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livetalk.evaluation.table.cases import prepare
from livetalk.evaluation.table.datasets import films
from livetalk.evaluation.table.datasets.films import Centre, CutOptions, Film, FilmSource
from livetalk.evaluation.table.draw import DrawProtocol, place
from livetalk.media import Mp4Writer, read_speech
from livetalk.media.excerpt import film_seconds, frames_between
from tests.helpers.tables import STEP, tone, write_film

OPTIONS = CutOptions(DrawProtocol("livetalk", 1, 0.4, anywhere=True), size=32)


def _source(films: list[Film], options: CutOptions = OPTIONS) -> FilmSource:
    return FilmSource("films", "Films", "whole squares", films, options)


def test_portrait_speech_and_truth_are_of_the_same_seconds(tmp_path: Path) -> None:
    film = Film("a", write_film(tmp_path / "a.mp4", 2.0), start=0.2, seconds=1.6)
    case = prepare(_source([film]), tmp_path / "cases").cases[0]
    start = 0.2 + place("a", 1.6, OPTIONS.draw)
    with Image.open(case.portrait) as picture:
        assert picture.size == (32, 32)
        assert np.asarray(picture).mean() == pytest.approx(STEP * round(25 * start) % 240, abs=3)
    assert case.truth is not None
    assert film_seconds(case.truth) == pytest.approx(0.4)
    assert len(list(frames_between(case.truth, 0, 0.4, 25))) == 10
    assert len(np.concatenate(list(read_speech(case.speech)))) == 6400
    assert case.seconds == 0.4


def test_the_square_is_cropped(tmp_path: Path) -> None:
    path = tmp_path / "halves.mp4"
    frames = np.zeros((25, 64, 192, 3), np.uint8)
    frames[:, :, 128:] = 200
    with Mp4Writer(path, size=(64, 192), frame_rate=25) as writer:
        writer.write_frames(frames)
        writer.write_audio(tone(1.0))
    for across, level in ((0.9, 200), (0.2, 0)):
        crop, name = Centre(across), f"at_{across}"
        case = prepare(_source([Film(name, path, crop)]), tmp_path / name).cases[0]
        with Image.open(case.portrait) as picture:
            assert np.asarray(picture).mean() == pytest.approx(level, abs=3)


def test_squares_stay_inside_the_picture() -> None:
    for across, x in ((0.0, 32), (0.5, 96), (1.0, 160)):
        frame = Centre(across).square(64, 192)
        assert (frame.x, frame.y, frame.side) == (x, 32, 64)


def test_a_film_may_end_before_the_seconds_that_are_taken_from_its_beginning(tmp_path: Path) -> None:
    draw = DrawProtocol("omniavatar", None, 15.0, anywhere=False)
    source = _source([Film("a", write_film(tmp_path / "a.mp4", 0.6))], replace(OPTIONS, draw=draw))
    assert prepare(source, tmp_path / "cases").cases[0].seconds == pytest.approx(0.6, abs=0.01)


def test_films_that_cannot_be_used_are_skipped_with_their_reason(tmp_path: Path) -> None:
    shown = [Film("short", write_film(tmp_path / "short.mp4", 0.2)), Film("b", write_film(tmp_path / "b.mp4"))]
    shown.append(Film("mute", write_film(tmp_path / "mute.mp4", sound=False)))
    draw = replace(OPTIONS.draw, clips=2)
    with pytest.raises(ValueError, match="1 of 2 clips of Films can be used") as told:
        prepare(_source(shown, replace(OPTIONS, draw=draw)), tmp_path / "cases")
    assert "has 0.2 s of the 0.4 s" in str(told.value)
    assert "has no sound in it" in str(told.value)


def test_half_a_data_set_is_told_before_any_work(tmp_path: Path) -> None:
    source = _source([Film("a", tmp_path / "a.mp4")], replace(OPTIONS, draw=replace(OPTIONS.draw, clips=100)))
    with pytest.raises(ValueError, match=r"1 clips of Films are here and the protocol draws 100: .* or give --clips 1"):
        prepare(source, tmp_path / "cases")


def test_a_picture_without_a_face_cannot_be_framed_around_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def finds_none(picture: np.ndarray) -> None:
        raise ValueError("no face was found")

    monkeypatch.setattr(films, "find_face", finds_none)
    source = _source([Film("a", write_film(tmp_path / "a.mp4"))], replace(OPTIONS, framing="face"))
    with pytest.raises(ValueError, match=r"a\.mp4: no face was found"):
        source.write("a", tmp_path)


def test_the_protocol_says_how_films_are_cut() -> None:
    assert _source([]).protocol == (
        "livetalk: 1 clips, 0.4 s each, at a drawn place, seed 0; whole squares; 32 x 32, 25 pictures a second;"
        " prompt 'a person talks to the camera, calm and friendly'"
    )
