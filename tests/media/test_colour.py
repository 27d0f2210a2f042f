"""What a picture's profile says of its colours is heard; what makes no sense of it is passed over."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from livetalk.media.colour import in_srgb, matrix_profile, profile_told
from tests.helpers.profiles import cmyk_profile, grey_profile

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# Linear light of other primaries as linear sRGB, both with white D65: the product of their matrices to XYZ.
ADOBE = np.array([[1.39836, -0.39836, 0], [0, 1, 0], [0, -0.04293, 1.04293]])
P3 = np.array([[1.22494, -0.22494, 0], [-0.04206, 1.04206, 0], [-0.01964, -0.07864, 1.09827]])


@pytest.fixture(scope="module")
def skin() -> np.ndarray:
    """Colours that all three spaces hold, of skin, cloth and sky: a smooth field of them."""
    x, y = np.meshgrid(np.linspace(0, 1, 64), np.linspace(0, 1, 48))
    return np.stack([70 + 120 * x, 60 + 100 * y, 110 - 40 * x + 30 * y], -1).round().astype(np.uint8)


def as_stored(srgb: np.ndarray, matrix: np.ndarray, gamma: float | None) -> Image.Image:
    """An sRGB picture's colours as the numbers of another space; no gamma: the curve of sRGB."""
    v = srgb / 255
    linear = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4) @ np.linalg.inv(matrix).T
    stored = linear ** (1 / gamma) if gamma else 1.055 * linear ** (1 / 2.4) - 0.055
    return Image.fromarray((255 * stored.clip(0, 1)).round().astype(np.uint8))


@pytest.mark.parametrize(("name", "matrix", "gamma"), [("p3", P3, None), ("adobe", ADOBE, 563 / 256)])
def test_the_colours_are_those_that_were_meant(skin: np.ndarray, name: str, matrix: np.ndarray, gamma: float | None):
    stored = as_stored(skin, matrix, gamma)
    assert np.abs(np.asarray(stored).astype(int) - skin).max() > 8, "the numbers are others"
    shown = np.asarray(in_srgb(stored, matrix_profile(name))).astype(int)
    assert np.abs(shown - skin).max() <= 2


@pytest.mark.parametrize(
    "profile", [None, SRGB, b"", b"no profile at all", SRGB[:200], cmyk_profile(), grey_profile(1.0)]
)
def test_a_profile_that_says_nothing_changes_nothing(skin: np.ndarray, profile: bytes | None):
    assert np.array_equal(np.asarray(in_srgb(Image.fromarray(skin), profile)), skin)


def test_grey_pictures_hear_profiles_of_grey_and_of_colour(skin: np.ndarray):
    grey = Image.fromarray(skin[..., 0])
    linear = np.asarray(in_srgb(grey, grey_profile(1.0)))
    assert linear.shape == (48, 64, 3)
    assert (linear > skin[..., :1]).all(), "linear numbers of a grey are a brighter grey in sRGB"
    assert np.array_equal(np.asarray(in_srgb(grey, SRGB)), np.repeat(skin[..., :1], 3, 2))
    assert in_srgb(grey.convert("LA"), grey_profile(1.0)).mode == "RGBA"


def test_ink_is_what_its_press_makes_of_it():
    cyan = Image.new("CMYK", (4, 4), (255, 0, 0, 0))
    without = np.asarray(in_srgb(cyan, None))[0, 0]
    pressed = np.asarray(in_srgb(cyan, cmyk_profile()))[0, 0].astype(int)
    assert without.tolist() == [0, 255, 255]
    assert pressed[1] < 140
    black, paper = (np.asarray(in_srgb(Image.new("CMYK", (1, 1), ink), cmyk_profile()))[0, 0] for ink in ("#f00f", 0))
    assert paper.min() >= 250
    assert black.max() < pressed.max()
    assert np.array_equal(np.asarray(in_srgb(cyan, SRGB))[0, 0], without), "a profile of another kind"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "La", "P", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "LAB", "HSV"])
def test_pictures_of_every_mode_become_colours(skin: np.ndarray, mode: str):
    image = Image.fromarray(skin)
    if mode in ("La", "RGBa"):
        image = image.convert(mode.upper())
    if mode == "LAB":
        image = ImageCms.profileToProfile(
            image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
    for profile in (None, SRGB):
        shown = in_srgb(image if mode == "LAB" else image.convert(mode), profile)
        assert shown.mode == ("RGBA" if "a" in mode.lower() and mode != "LAB" else "RGB")
        if mode in ("P", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "LAB", "HSV"):
            off = np.abs(np.asarray(shown)[..., :3].astype(int) - skin)
            assert off.mean() < (20 if mode == "P" else 6 if mode == "HSV" else 2)


def test_transparency_stays_while_colours_change(skin: np.ndarray):
    image = as_stored(skin, P3, None)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    shown = in_srgb(image, matrix_profile("p3"))
    assert shown.getchannel("A").tobytes() == image.getchannel("A").tobytes()
    assert np.abs(np.asarray(shown)[..., :3].astype(int) - skin).max() <= 2


def test_cameras_say_adobe_rgb_in_exif_alone(skin: np.ndarray):
    def told(space: int, index: str | None) -> bytes | None:
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0xA001] = space
        if index is not None:
            exif.get_ifd(0x8769)[0xA005] = {1: index}
        file = io.BytesIO()
        Image.fromarray(skin).save(file, "JPEG", exif=exif)
        return profile_told(Image.open(file).getexif())

    assert told(2, None) == told(0xFFFF, "R03") == matrix_profile("adobe")
    assert told(1, "R98") is told(0xFFFF, "R98") is told(0xFFFF, None) is None
    assert profile_told(Image.Exif()) is None
