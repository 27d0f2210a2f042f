"""Colour profiles: what a picture's numbers mean, brought to sRGB, which screens and the model take them for.

Phones store Display P3, cameras Adobe RGB, printers CMYK. A profile that is broken, or made for pictures of another
kind, is passed over, as viewers do. Knows no files.
"""

import io
import struct
from collections.abc import Mapping
from functools import cache
from typing import Literal

import numpy as np
from PIL import Image, ImageCms

MODES = {b"RGB": "RGB", b"GRAY": "L", b"CMYK": "CMYK", b"Lab": "LAB"}  # of an ICC profile, and Pillow's
SAME = 2  # levels: a profile that changes less is sRGB by another name, and pictures stay as they are
EXIF_IFD, INTEROPERABILITY_IFD, COLOUR_SPACE, INDEX = 0x8769, 0xA005, 0xA001, 1  # EXIF's tags
ADOBE_RGB, UNCALIBRATED = 2, 0xFFFF  # EXIF's colour spaces that are not sRGB
D65, D50 = (0.3127, 0.3290), (0.9642, 1.0, 0.8249)  # the white of screens, and of profiles
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
PRIMARIES = {
    "adobe": ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)),
    "p3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
ADOBE_GAMMA = 563 / 256
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)  # ICC's parametric curve of type 3


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """A picture of any mode as RGB, or RGBA where it has transparency, with the colours that its profile means."""
    alpha = _alpha(image)
    rgb = _plain(image) if profile is None else _through(image, profile)
    if alpha is not None:
        rgb.putalpha(alpha)
    return rgb


def profile_told(exif: Image.Exif) -> bytes | None:
    """The profile that EXIF's colour space stands for, where it is no sRGB: cameras write it in place of a profile."""
    try:
        space = exif.get_ifd(EXIF_IFD).get(COLOUR_SPACE)
        index = str(exif.get_ifd(INTEROPERABILITY_IFD).get(INDEX)) if space == UNCALIBRATED else ""
    except Exception:  # any of it may be odd
        return None
    adobe = space == ADOBE_RGB or (space == UNCALIBRATED and "R03" in index)
    return matrix_profile("adobe") if adobe else None


@cache
def matrix_profile(name: str) -> bytes:
    """An ICC profile of a colour space of `PRIMARIES`."""
    if name == "adobe":
        curve = struct.pack(">4sII", b"curv", 0, 1) + struct.pack(">H", round(ADOBE_GAMMA * 256)) + bytes(2)
    else:
        curve = struct.pack(">4sIHH", b"para", 0, 3, 0) + b"".join(_fixed(value) for value in SRGB_CURVE)
    white = struct.pack(">4sI", b"XYZ ", 0) + b"".join(_fixed(value) for value in D50)
    columns = [
        struct.pack(">4sI", b"XYZ ", 0) + b"".join(_fixed(value) for value in column)
        for column in _to_d50(PRIMARIES[name]).T
    ]
    words = struct.pack(">4sI", b"mluc", 0) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", 2 * len(name), 28)
    words += name.encode("utf-16-be") + bytes(-2 * len(name) % 4)
    tags = {b"desc": words, b"cprt": words, b"wtpt": white}
    tags |= dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True))
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return _icc(tags)


def _through(image: Image.Image, profile: bytes) -> Image.Image:
    """RGB by a profile; as if there were none where it is of no use."""
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = MODES[profile[16:20].strip()]  # its head says what it is for
        own = image.mode if image.mode in ("L", "CMYK", "LAB") else "L" if image.mode in ("LA", "1") else "RGB"
        if mode == "RGB" and own == "L":
            own, image = "RGB", _plain(image)
        if mode != own:
            return _plain(image)
        transform = ImageCms.buildTransform(
            given,
            _made("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        image = _plain(image) if mode == "RGB" else image.convert(mode)
        if mode == "RGB" and _changes_nothing(transform):
            return image
        return ImageCms.applyTransform(image, transform) or image
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, KeyError):
        return _plain(image)


def _plain(image: Image.Image) -> Image.Image:
    """RGB without a profile; what is transparent keeps the colour it has."""
    if image.mode == "LAB":
        made = ImageCms.profileToProfile(image, _made("LAB"), _made("sRGB"), outputMode="RGB")
        return image.convert("L").convert("RGB") if made is None else made
    if image.mode in ("La", "RGBa"):
        image = image.convert(image.mode.upper())
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert("RGB")


def _made(space: Literal["LAB", "sRGB"]) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(space))  # pyright: ignore[reportUnknownArgumentType]


def _alpha(image: Image.Image) -> Image.Image | None:
    """How opaque each pixel is; None where all are."""
    if image.mode in ("La", "RGBa"):
        return image.getchannel("a" if "a" in image.getbands() else "A")
    if image.mode in ("LA", "PA", "RGBA"):
        return image.getchannel("A")
    if "transparency" in image.info and image.mode in ("1", "L", "P", "RGB"):
        return image.convert("RGBA").getchannel("A")
    return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether colours all over the cube come out as they went in."""
    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(9, 81, 3)
    made = ImageCms.applyTransform(Image.fromarray(cube), transform)
    return made is not None and int(np.abs(np.asarray(made).astype(int) - cube).max()) <= SAME


def _to_d50(primaries: tuple[tuple[float, float], ...]) -> np.ndarray:
    """Linear RGB of these primaries and the white D65 -> XYZ, adapted to the white D50 that profiles count from."""

    def xyz(x: float, y: float) -> np.ndarray:
        return np.array([x / y, 1.0, (1 - x - y) / y])

    columns = np.stack([xyz(*place) for place in primaries], 1)
    white = xyz(*D65)
    columns = columns * np.linalg.solve(columns, white)
    gains = (BRADFORD @ np.array(D50)) / (BRADFORD @ white)
    return np.linalg.inv(BRADFORD) @ np.diag(gains) @ BRADFORD @ columns


def _fixed(value: float) -> bytes:
    """ICC's number of 16 bits before and 16 behind the point."""
    return struct.pack(">i", round(value * 65536))


def _icc(tags: Mapping[bytes, bytes]) -> bytes:
    """A profile of version 4 for screens, of these tags."""
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = start + len(body)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x04300000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp").ljust(44, b"\0")
    head += b"".join(_fixed(value) for value in D50)
    return head.ljust(128, b"\0") + table + body
