"""The face of any photo ends up at the same place in the same size."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livetalk.conditions.portrait import Face, find_face, load_portrait
from livetalk.geometry import FACE_CENTRE, FACE_SIDE
from livetalk.media.pictures import NEUTRAL, fitting_size, open_picture

PHOTO = Path(__file__).parents[1] / "real" / "portrait.jpg"


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return Image.open(PHOTO).convert("RGB")


def save(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


def assert_framed(picture: np.ndarray) -> None:
    assert picture.shape == (256, 256, 3)
    assert picture.dtype == np.uint8
    face = find_face(picture)
    assert face.angle == 0
    assert face.side / 256 == pytest.approx(FACE_SIDE, rel=0.08)
    assert face.x / 256 == pytest.approx(FACE_CENTRE[0], abs=0.04)
    assert face.y / 256 == pytest.approx(FACE_CENTRE[1], abs=0.04)


def test_a_landscape_photo_is_framed_as_trained(tmp_path: Path):
    assert_framed(load_portrait(PHOTO))


@pytest.mark.parametrize("width", [160, 3000])
def test_small_and_large_photos_are_framed_alike(photo: Image.Image, tmp_path: Path, width: int):
    small = photo.resize((width, width * 9 // 16))
    assert_framed(load_portrait(save(small, tmp_path / "a.png")))


def test_a_tall_photo_and_a_tight_one_are_completed(photo: Image.Image, tmp_path: Path):
    assert_framed(load_portrait(save(photo.crop((200, 0, 440, 360)), tmp_path / "tall.png")))
    assert_framed(load_portrait(save(photo.crop((240, 40, 400, 220)), tmp_path / "tight.png")))


@pytest.mark.parametrize(("tag", "undo"), [(3, Image.Transpose.ROTATE_180), (6, Image.Transpose.ROTATE_90)])
def test_the_camera_may_have_been_turned(photo: Image.Image, tmp_path: Path, tag: int, undo: Image.Transpose):
    exif = Image.Exif()
    exif[0x0112] = tag
    path = save(photo.transpose(undo), tmp_path / "a.jpg", exif=exif, quality=95)
    assert open_picture(path).shape == (360, 640, 3)
    assert_framed(load_portrait(path))


@pytest.mark.parametrize("angle", [-90, 90, 180])
def test_a_photo_on_its_side_is_put_upright(photo: Image.Image, tmp_path: Path, angle: int):
    assert_framed(load_portrait(save(photo.rotate(angle, expand=True), tmp_path / "a.png")))


@pytest.mark.parametrize("angle", [-33, 18])
def test_a_tilted_head_is_straightened(photo: Image.Image, tmp_path: Path, angle: int):
    tilted = photo.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=(40, 40, 45))
    assert find_face(np.asarray(tilted)).angle == pytest.approx(-angle, abs=4)
    assert_framed(load_portrait(save(tilted, tmp_path / "a.png")))


RENDERED = Path(__file__).parents[1] / "frozen" / "faces"


@pytest.mark.parametrize("name", ["omar", "zola", "kofi", "lena"])
@pytest.mark.parametrize(("light", "grain"), [(1.0, 42.0), (0.16, 12.0)])
def test_grain_and_evening_light_leave_a_face_upright_whatever_its_skin(name: str, light: float, grain: float):
    clean = open_picture(RENDERED / f"{name}.png")
    noise = np.random.default_rng(0).normal(0, grain, clean.shape)
    seen, found = find_face(clean), find_face(np.clip(light * clean + noise, 0, 255).astype(np.uint8))
    assert found.angle == 0
    assert (found.x, found.y) == pytest.approx((seen.x, seen.y), abs=0.1 * seen.side)
    assert found.side == pytest.approx(seen.side, rel=0.15)


def test_grain_alone_is_no_face():
    for seed, light in ((0, 1.0), (1, 0.1)):
        noise = np.random.default_rng(seed).normal(128 * light, 60 * light, (300, 300, 3))
        with pytest.raises(ValueError, match="no face was found"):
            find_face(np.clip(noise, 0, 255).astype(np.uint8))


def test_a_transparent_background_is_neutral_grey(photo: Image.Image, tmp_path: Path):
    cut = photo.convert("RGBA")
    alpha = np.zeros((360, 640), np.uint8)
    alpha[:, 230:410] = 255
    cut.putalpha(Image.fromarray(alpha))
    picture = load_portrait(save(cut, tmp_path / "a.png"))
    assert_framed(picture)
    assert np.abs(picture[:100, :20].astype(int) - NEUTRAL).max() < 8


def test_a_picture_that_is_framed_already_is_not_resampled(tmp_path: Path):
    framed = load_portrait(PHOTO)
    assert np.array_equal(load_portrait(save(Image.fromarray(framed), tmp_path / "a.png")), framed)


@pytest.mark.parametrize(("side", "size"), [(100, 256), (341, 256), (342, 512), (4000, 512)])
def test_of_several_sizes_the_largest_is_taken_that_there_is_detail_for(side: int, size: int):
    assert fitting_size(side, (256, 512)) == size
    assert fitting_size(side, 300) == 300


def test_framing_is_the_same_every_time():
    assert np.array_equal(load_portrait(PHOTO), load_portrait(PHOTO))


def test_no_face_is_one_sentence(tmp_path: Path):
    path = save(Image.linear_gradient("L"), tmp_path / "sky.png")
    with pytest.raises(ValueError, match=r"sky\.png: no face was found: give a photo"):
        load_portrait(path)


def test_two_people_are_one_sentence_but_one_in_the_back_is_fine(photo: Image.Image, tmp_path: Path):
    two = Image.new("RGB", (720, 360))
    two.paste(photo.crop((140, 0, 500, 360)), (0, 0))
    two.paste(photo.crop((140, 0, 500, 360)), (360, 0))
    with pytest.raises(ValueError, match="several faces were found: crop"):
        load_portrait(save(two, tmp_path / "two.png"))
    back = photo.copy()
    back.paste(photo.resize((213, 120)).crop((50, 0, 160, 120)), (0, 0))
    assert_framed(load_portrait(save(back, tmp_path / "back.png")))


def test_a_file_that_is_no_picture_is_one_sentence(photo: Image.Image, tmp_path: Path):
    whole = save(photo, tmp_path / "whole.png").read_bytes()
    for name, content, words in [
        ("missing.png", None, "does not exist"),
        ("empty.png", b"", "is empty"),
        ("words.jpg", b"not a picture " * 99, "cannot be understood as a picture"),
        ("light.exr", b"\x76\x2f\x31\x01" + bytes(99), "is OpenEXR, which is not read here: convert it to png or jpg"),
        ("new.jxl", b"\xff\x0a" + bytes(99), "is JPEG XL, which is not read here: convert it to png or jpg"),
        ("box.jxl", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(99), "is JPEG XL"),
        ("half.png", whole[: len(whole) // 2], "is damaged"),
        ("half.jpg", PHOTO.read_bytes()[:9_000], "is damaged"),
    ]:
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=words) as caught:
            load_portrait(tmp_path / name)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="is a folder"):
        load_portrait(tmp_path)


def test_a_tiny_face_is_refused(photo: Image.Image):
    speck = photo.resize((96, 54))
    with pytest.raises(ValueError, match=r"too small|no face"):
        find_face(np.asarray(speck))


def test_a_face_is_told_in_pixels_of_the_photo(photo: Image.Image):
    face = find_face(np.asarray(photo))
    assert isinstance(face, Face)
    assert (face.x, face.y) == pytest.approx((316, 140), abs=12)  # between the eyes and the mouth
    assert face.side == pytest.approx(125, rel=0.1)
