"""Picture files -> upright RGB of eight bits in sRGB: whatever phones, cameras, scanners and programs write.

Large pictures are made smaller while they are read or right after, so that the memory taken is bounded; of moving
ones the first picture counts. Knows no faces.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from jaxtyping import Num, UInt8
from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from livetalk.media.colour import in_srgb, matrix_profile, profile_told
from livetalk.media.deep import Deep, as_bytes, is_deep_tiff, read_deep_tiff
from livetalk.media.files import existing

Picture = UInt8[np.ndarray, "h w 3"]

SCALED = 4  # times as many where the reader scales, which takes a 64th of the memory, but time
MOST_STRETCHED = 1.5  # times a picture is enlarged for the sake of larger frames
NEUTRAL = (128, 128, 128)  # behind transparent pictures
ORIENTATION = 0x0112  # EXIF's tag
TURNS = {  # by its value; 1 is upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
LARGE = {b"\xff\xd8\xff": JpegImageFile, b"\x89PNG": PngImageFile, b"RIFF": WebPImageFile}
HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
AVIF = {b"avif", b"avis"}  # which name `mif1` as well, and are Pillow's
UNREAD = {
    b"\x76\x2f\x31\x01": "OpenEXR",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL",
}  # by what they begin with
P3_PRIMARIES = 12  # among the colours that a HEIF file can name in place of a profile
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")  # HEIF besides, which is not Pillow's
RARE = ("JPEG2000", "PPM", "TGA", "PCX", "ICO", "ICNS", "QOI", "PSD", "DDS", "SGI", "DIB", "SUN", "XBM", "XPM")


@dataclass(frozen=True)
class Bounds:
    """What is read, and what is kept of it.

    long_side: pixels that are kept of a larger picture; faces are looked for in fewer. most_pixels: of a picture that
    is read whole: a gigabyte in Pillow's four bytes a pixel. formats: Pillow's names; those that run other programs
    are left out.
    """

    long_side: int = 4096
    most_pixels: int = 250_000_000
    formats: tuple[str, ...] = FORMATS + RARE


def open_picture(path: str | Path) -> Picture:
    """A picture file as upright sRGB, within `Bounds`; transparency is laid over neutral grey.

    Raises ValueError, with what to do, for a file that is missing, empty, damaged, far too large or no picture.
    """
    path = existing(path, "portrait")
    with path.open("rb") as file:
        return read_picture(file, str(path))


def read_picture(file: BinaryIO, name: str = "the picture", bounds: Bounds = Bounds()) -> Picture:
    """As `open_picture`, from an open file; `name` begins the sentence about what is wrong with it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about large pictures and odd metadata: neither harms here
            return _read(file, bounds)
    except UnidentifiedImageError as error:
        file.seek(0)
        head = file.read(16)
        kind = next((kind for start, kind in UNREAD.items() if head.startswith(start)), None)
        if kind is not None:
            raise ValueError(f"{name} is {kind}, which is not read here: convert it to png or jpg") from error
        raise ValueError(f"{name} cannot be understood as a picture: export it anew as png or jpg") from error
    except (Image.DecompressionBombError, MemoryError) as error:
        raise ValueError(f"{name} has too many pixels: make it smaller, 1000 pixels a side are plenty") from error
    except Exception as error:  # Pillow raises whatever a damaged file makes it stumble over
        raise ValueError(f"{name} is damaged: export it anew as png or jpg") from error


def as_picture(samples: Num[np.ndarray, "..."]) -> Picture:
    """A picture given as numbers: uint8 in 0..255, or floats in 0..1; rows, columns and RGB.

    Raises ValueError, with what to do, for any other.
    """
    samples = np.asarray(samples)
    if samples.ndim != 3 or samples.shape[2] != 3 or 0 in samples.shape:
        shape = " x ".join(map(str, samples.shape)) or "a single number"
        raise ValueError(f"the portrait is {shape}: give rows x columns x 3, RGB, as load_portrait does")
    if samples.dtype == np.uint8:
        return samples
    if samples.dtype.kind != "f":
        raise ValueError(f"the portrait is of {samples.dtype}: give uint8 in 0..255 or floats in 0..1")
    if not (np.isfinite(samples).all() and samples.min() >= 0 and samples.max() <= 1):
        raise ValueError("the portrait's floats leave 0..1: scale them, or give uint8 in 0..255")
    return np.round(samples.astype(np.float32) * 255).astype(np.uint8)


def _read(file: BinaryIO, bounds: Bounds) -> Picture:
    found, long_side = _decoded(file, bounds), bounds.long_side
    image = found.image
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(as_bytes(np.asarray(image)))
    if image.mode in ("1", "P", "PA") and max(image.size) > long_side:
        image = image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")
    image.thumbnail((long_side, long_side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    turn = TURNS.get(found.orientation) if found.orientation is not None else None
    image = in_srgb(image if turn is None else image.transpose(turn), found.profile)
    if image.mode == "RGBA":
        ground = Image.new("RGBA", image.size, (*NEUTRAL, 255))
        image = Image.alpha_composite(ground, image).convert("RGB")
    return np.asarray(image)


def _decoded(file: BinaryIO, bounds: Bounds) -> Deep:
    """The file's picture in its own colours and position, with what it says of them."""
    head = file.read(64)
    file.seek(0)
    if head[4:8] == b"ftyp" and _is_heif(head):
        return _from_heif(file, bounds.most_pixels)
    if head.startswith(TIFF) and is_deep_tiff(file):
        deep = read_deep_tiff(file, 4 * bounds.most_pixels)
        if deep is not None:
            return deep
        file.seek(0)
    image = _opened(file, head, bounds.formats)
    scales = isinstance(image, JpegImageFile) and not image.info.get("progressive")
    if image.width * image.height > bounds.most_pixels * (SCALED if scales else 1):
        raise Image.DecompressionBombError
    image.draft(None, (bounds.long_side, bounds.long_side))
    image.load()
    exif = image.getexif()
    turned = exif.get(ORIENTATION)
    return Deep(image, image.info.get("icc_profile") or profile_told(exif), turned if isinstance(turned, int) else None)


def _opened(file: BinaryIO, head: bytes, formats: tuple[str, ...]) -> Image.Image:
    """A file in one of Pillow's formats. Its own limit of pixels is lower than ours, so readers are called by name."""
    try:
        return Image.open(file, formats=formats)
    except Image.DecompressionBombError:
        file.seek(0)
        reader = next((reader for start, reader in LARGE.items() if head.startswith(start)), None)
        if reader is None:
            raise
        return reader(file)


def _is_heif(head: bytes) -> bool:
    """Whether the brands of a file of boxes are those of HEVC pictures; 3 to 12 of them fit into its first 64 bytes."""
    size = int.from_bytes(head[:4], "big")
    brands = {head[start : start + 4] for start in (8, *range(16, min(size, len(head)) - 3, 4))}
    return bool(brands & HEIF) and not brands & AVIF


def _from_heif(file: BinaryIO, most_pixels: int) -> Deep:
    """HEIC, as iPhones store it. Its reader turns it already, by the file's own boxes; EXIF's word of it is no news."""
    import pi_heif

    try:
        opened = pi_heif.open_heif(file, convert_hdr_to_8bit=True)
        width, height = opened.size
    except (ValueError, EOFError, RuntimeError) as error:
        raise UnidentifiedImageError from error
    if width * height > most_pixels:
        raise Image.DecompressionBombError
    facts = cast("dict[str, object]", opened.info)
    colours = cast("dict[str, object] | None", facts.get("nclx_profile"))
    named = matrix_profile("p3") if colours and colours.get("color_primaries") == P3_PRIMARIES else None
    profile = facts.get("icc_profile")
    return Deep(opened.to_pillow(), profile if isinstance(profile, bytes) and profile else named)


def fitting_size(side: float, size: int | Sequence[int]) -> int:
    """Of several sizes the largest that a square of `side` pixels has detail for, or the smallest."""
    if isinstance(size, int):
        return size
    return max((s for s in size if s <= MOST_STRETCHED * side), default=min(size))
