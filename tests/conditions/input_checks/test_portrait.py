"""Promises of the portrait checks, on bundled avatars, one photograph and rendered people."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from livetalk.conditions.input_checks import check_framed, check_portrait, frame_checked, load_checked
from livetalk.conditions.portrait import find_face, load_portrait
from livetalk.media.pictures import open_picture

HERE = Path(__file__).parents[3]
AVATARS = sorted((HERE / "livetalk/assets/avatars").glob("*.jpg"))
REAL = HERE / "tests/real/portrait.jpg"


def said(picture: np.ndarray) -> list[str]:
    return [warning.kind for warning in check_portrait(picture, find_face(picture))]


def enlarged(path: Path, size: int = 512) -> np.ndarray:
    return np.asarray(Image.fromarray(open_picture(path)).resize((size, size), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("path", AVATARS, ids=lambda path: path.stem)
def test_a_bundled_avatar_will_do(path: Path):
    assert check_framed(open_picture(path)) == []


def test_a_photograph_will_do_and_is_framed_as_ever():
    picture, warnings = load_checked(REAL)
    assert [warning.kind for warning in warnings if warning.kind != "small"] == []
    assert np.array_equal(picture, load_portrait(REAL))


def test_a_small_face_is_told_and_no_blur():
    assert said(np.asarray(Image.fromarray(open_picture(AVATARS[0])).resize((180, 180)))) == ["small"]


def test_a_face_beyond_the_border_is_told():
    picture = enlarged(AVATARS[0])
    assert "cut" in said(picture[:, 190:])
    assert "cut" in said(picture[180:])


@pytest.mark.parametrize("path", AVATARS[::3], ids=lambda path: path.stem)
def test_blur_and_too_little_light_are_told(path: Path):
    picture = enlarged(path)
    assert "blurred" in said(np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(10))))
    assert "dark" in said((255 * ((picture / 255) ** 2.2 / 20) ** (1 / 2.2)).astype(np.uint8))


def test_something_before_the_face_is_told():
    picture = enlarged(AVATARS[1]).copy()
    face = find_face(picture)
    x, y, side = int(face.x), int(face.y), int(face.side)
    picture[y + side // 10 : y + side // 2, x - side // 2 : x + side // 2] = (150, 190, 220)
    assert "covered" in [warning.kind for warning in check_portrait(picture, face)]


def test_without_a_face_the_sentence_is_as_before():
    with pytest.raises(ValueError, match="no face was found"):
        frame_checked(np.full((300, 300, 3), 90, np.uint8))


def test_each_warning_is_one_sentence_that_says_what_to_do():
    (warning,) = [w for w in check_portrait(*_small()) if w.kind == "small"]
    assert "give a larger photo" in warning.message


def _small():
    picture = np.asarray(Image.fromarray(open_picture(AVATARS[0])).resize((180, 180)))
    return picture, find_face(picture)
