"""Picture files as people have them are opened upright, in the right colours and within bounds, or one sentence."""

import io
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livetalk.media.colour import matrix_profile
from livetalk.media.pictures import Bounds, as_picture, open_picture, read_picture
from tests.helpers.heif import Heic, heic

SIDE = (96, 64)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Smooth, and different at every edge: 64 rows, 96 columns."""
    y, x = np.mgrid[: SIDE[1], : SIDE[0]]
    return np.stack([60 + x, 200 - 2 * y, 60 + x // 2 + y], -1).astype(np.uint8)


def file_of(picture: np.ndarray, kind: str, **facts: object) -> io.BytesIO:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **facts)
    file.seek(0)
    return file


def off(shown: np.ndarray, picture: np.ndarray) -> float:
    assert shown.dtype == np.uint8
    assert shown.shape == picture.shape
    return float(np.abs(shown.astype(int) - picture).mean())


def turned(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "TIFF", "BMP", "GIF", "JPEG2000", "PPM", "TGA"])
def test_common_formats_open(picture: np.ndarray, kind: str):
    assert off(read_picture(file_of(picture, kind)), picture) < 5


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "TIFF"])
def test_every_format_is_turned_by_exif_once(picture: np.ndarray, kind: str):
    file = file_of(np.ascontiguousarray(np.rot90(picture)), kind, exif=turned(6))
    assert off(read_picture(file), picture) < 4


@pytest.mark.parametrize(
    "facts",
    [
        Heic(),
        Heic(tile=64),
        Heic(ten_bits=True),
        Heic(tile=64, ten_bits=True),
        Heic(turn=1),
        Heic(turn=3, tile=64, exif=turned(6).tobytes()),
        Heic(exif=turned(6).tobytes()),
        Heic(profile=b"no profile at all"),
    ],
)
def test_heic_is_opened_whole_and_turned_by_its_boxes_alone(picture: np.ndarray, facts: Heic):
    shown = read_picture(io.BytesIO(heic(picture, facts)))
    assert off(shown, np.rot90(picture, facts.turn)) < 2


def test_heic_has_colours_beyond_srgb(picture: np.ndarray):
    by_profile = read_picture(io.BytesIO(heic(picture, Heic(profile=matrix_profile("p3")))))
    by_number = read_picture(io.BytesIO(heic(picture, Heic(primaries=12))))
    expected = read_picture(file_of(picture, "PNG", icc_profile=matrix_profile("p3")))
    assert off(expected, picture) > 5
    assert off(by_profile, expected) < 2
    assert off(by_number, expected) < 2


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_a_moving_picture_the_first_one_counts(picture: np.ndarray, kind: str):
    others = [Image.fromarray(255 - picture), Image.fromarray(picture[::-1].copy())]
    assert off(read_picture(file_of(picture, kind, save_all=True, append_images=others)), picture) < 5


def test_jpegs_of_phones_hold_more_than_one_picture(picture: np.ndarray):
    file = file_of(picture, "MPO", save_all=True, append_images=[Image.fromarray(255 - picture)])
    assert off(read_picture(file), picture) < 4


def test_a_progressive_one_opens_and_what_lacks_its_end_is_one_sentence(picture: np.ndarray):
    whole = file_of(picture, "JPEG", progressive=True, quality=90)
    assert off(read_picture(whole), picture) < 4
    for kind in ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF"):
        data = file_of(picture, kind).getvalue()
        for share in (0.2, 0.5, 0.7):
            with pytest.raises(ValueError, match=r"^me (is damaged|cannot be understood as a picture): export"):
                read_picture(io.BytesIO(data[: int(share * len(data))]), "me")
    data = heic(picture)
    for share in (0.02, 0.3, 0.7):
        with pytest.raises(ValueError, match=r"^me (is damaged|cannot be understood as a picture): export"):
            read_picture(io.BytesIO(data[: int(share * len(data))]), "me")


def test_transparency_is_laid_over_grey_whatever_colour_it_hides(picture: np.ndarray):
    image = Image.fromarray(picture)
    image.putalpha(Image.fromarray(np.where(np.arange(96) < 48, 255, 0)[None].repeat(64, 0).astype(np.uint8)))
    for kind in ("PNG", "WEBP", "TIFF"):
        file = io.BytesIO()
        image.save(file, kind, **({"lossless": True} if kind == "WEBP" else {}))
        shown = read_picture(file)
        assert np.array_equal(shown[:, :48], picture[:, :48])
        assert (shown[:, 48:] == 128).all()


def test_large_pictures_are_made_smaller(picture: np.ndarray):
    large = np.asarray(Image.fromarray(picture).resize((960, 640)))
    for kind in ("JPEG", "PNG", "TIFF"):
        shown = read_picture(file_of(large, kind), bounds=Bounds(long_side=96))
        assert off(shown, picture) < 3
    assert read_picture(io.BytesIO(heic(large)), bounds=Bounds(long_side=96)).shape == picture.shape
    odd = Image.fromarray(large).convert("P")
    file = io.BytesIO()
    odd.save(file, "PNG")
    assert read_picture(file, bounds=Bounds(long_side=96)).shape == picture.shape


def test_more_pixels_than_can_be_held_are_one_sentence(picture: np.ndarray):
    bounds = Bounds(most_pixels=3000)  # of 6144
    sentence = r"^the picture has too many pixels: make it smaller"
    for file in (file_of(picture, "PNG"), file_of(picture, "JPEG", progressive=True), io.BytesIO(heic(picture))):
        with pytest.raises(ValueError, match=sentence):
            read_picture(file, bounds=bounds)
    assert read_picture(file_of(picture, "JPEG"), bounds=bounds).shape == picture.shape, "it is scaled as it is read"
    with pytest.raises(ValueError, match=sentence):
        read_picture(file_of(picture, "JPEG"), bounds=Bounds(most_pixels=1000))


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is counted in another way")
def test_three_hundred_megapixels_take_little_memory(tmp_path: Path):
    file = tmp_path / "large.jpg"
    Image.new("L", (22_000, 14_000), 90).save(file, quality=50)
    code = (
        "import resource, sys\n"
        "from livetalk.media.pictures import open_picture\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "assert max(open_picture(sys.argv[1]).shape) == 4096\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 300  # MiB; whole, its floats alone would take 1200


@pytest.mark.parametrize("side", [14_000, 65_000])
def test_a_bomb_is_one_sentence_before_it_goes_off(picture: np.ndarray, side: int):
    data = bytearray(file_of(picture, "PNG").getvalue())
    data[16:24] = side.to_bytes(4, "big") * 2  # what its head says; the pixels behind it do not matter
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    bounds = Bounds(most_pixels=100_000_000)
    with pytest.raises(ValueError, match="the picture has too many pixels"):
        read_picture(io.BytesIO(data), bounds=bounds)


def test_numbers_are_bytes_or_floats_up_to_one(picture: np.ndarray):
    assert as_picture(picture) is picture
    for kind in (np.float16, np.float32, np.float64):
        assert np.abs(as_picture((picture / 255).astype(kind)).astype(int) - picture).max() <= 1
    for wrong, words in [
        (picture.astype(np.float32), r"floats leave 0\.\.1"),
        (picture / 127.5 - 1, r"floats leave 0\.\.1"),
        (np.full((4, 4, 3), np.nan), r"floats leave 0\.\.1"),
        (picture.astype(np.uint16), "of uint16: give uint8"),
        (picture[..., 0], "64 x 96: give rows x columns x 3"),
        (np.dstack([picture, picture[..., :1]]), "64 x 96 x 4: give"),
        (np.moveaxis(picture, 2, 0), "3 x 64 x 96: give"),
        (picture[None], "1 x 64 x 96 x 3: give"),
        (picture[:0], "0 x 96 x 3: give"),
    ]:
        with pytest.raises(ValueError, match=words):
            as_picture(wrong)


def test_a_file_is_named_in_the_sentence_and_no_library(picture: np.ndarray, tmp_path: Path):
    whole = file_of(picture, "PNG").getvalue()
    for name, content, words in [
        ("missing.png", None, "does not exist"),
        ("empty.heic", b"", "is empty"),
        ("words.heic", b"not a picture " * 99, "cannot be understood as a picture"),
        ("words.tif", b"II*\0" + b"not a picture " * 99, "cannot be understood as a picture"),
        ("boxes.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "cannot be understood as a picture"),
        ("half.png", whole[: len(whole) // 2], "is damaged"),
        ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "cannot be understood as a picture"),
        ("picture.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "cannot be understood as a picture"),
    ]:
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=words) as caught:
            open_picture(tmp_path / name)
        assert str(caught.value).startswith(str(tmp_path / name))
        assert "\n" not in str(caught.value)
