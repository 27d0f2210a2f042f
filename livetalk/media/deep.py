"""Deep pictures: samples of 10 to 64 bits, whole numbers or floats, as bytes; and the TIFF files that hold them.

Pillow opens pictures of eight bits, and few others. How many bits of a number are used is seldom written down, so it
is seen from the largest one. Knows no colours and no faces.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import av
import numpy as np
from av.error import FFmpegError
from jaxtyping import Num, UInt8
from PIL import Image

if TYPE_CHECKING:
    from tifffile import TiffPage

DEPTHS = (8, 10, 12, 14, 16, 24, 31, 32)  # bits that cameras, scanners and programs use
WHITES = (1.0, 255.0, 65535.0)  # of float samples
BAND = 1 << 22  # samples that are converted at once
BRIGHTER = 1.2  # times white that floats may reach: sharpening and scaling overshoot
PILLOW_DARES = 178_956_970  # pixels
DEFLATE = (8, 32946)  # TIFF's numbers of zlib
UNCOMPRESSED = 1
GREY_FROM_WHITE, GREY, RGB, CMYK = 0, 1, 2, 5  # TIFF's photometric interpretations
MODES = {
    (GREY_FROM_WHITE, 1): "L",
    (GREY, 1): "L",
    (GREY, 2): "LA",
    (RGB, 3): "RGB",
    (RGB, 4): "RGBA",
    (CMYK, 4): "CMYK",
}
ORIENTATION, PROFILE = 274, 34675  # TIFF's tags
WHOLE, FLOATS = (1, 16), (3, 32)  # its sample formats, and bits


@dataclass(frozen=True)
class Deep:
    """A picture out of a deep file, its colour profile and its orientation as EXIF counts it."""

    image: Image.Image
    profile: bytes | None = None
    orientation: int | None = None


def as_bytes(samples: Num[np.ndarray, "..."], bits: int | None = None) -> UInt8[np.ndarray, "..."]:
    """Samples of any type as 0..255.

    bits: how many of a whole number are used; else the fewest of `DEPTHS` that hold the largest. Floats have their
    white at 1, 255 or 65535, whichever is next to the largest; what is no number is black.
    """
    if samples.dtype == np.uint8:
        return samples
    bands = np.array_split(samples, max(1, samples.size // BAND))
    white = _white_of_floats(bands) if samples.dtype.kind == "f" else _white_of_numbers(samples, bits)
    made: list[np.ndarray] = []
    for band in bands:  # in parts: floats of a large picture would take four times its memory
        values = np.nan_to_num(band.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        values *= np.float32(255 / white)
        made.append(np.clip(values + np.float32(0.5), 0, 255).astype(np.uint8))
    return np.concatenate(made)


def _white_of_floats(bands: Sequence[Num[np.ndarray, "..."]]) -> float:
    peak = max((float(band.max(initial=0.0, where=np.isfinite(band))) for band in bands), default=0.0)
    return next((white for white in WHITES if peak <= BRIGHTER * white), peak)


def _white_of_numbers(samples: Num[np.ndarray, "..."], bits: int | None) -> float:
    peak = int(samples.max(initial=0))
    return float(2 ** (bits or next((bits for bits in DEPTHS if peak < 2**bits), 64)) - 1)


def is_deep_tiff(file: BinaryIO) -> bool:
    """Whether a TIFF file's first picture has samples that Pillow would not read, or cut, or more than it dares to."""
    try:
        page = _first_page(file)
        sizes = page.bitspersample if isinstance(page.bitspersample, tuple) else (page.bitspersample,)
        return max(sizes) > 8 or page.imagewidth * page.imagelength > PILLOW_DARES
    except Exception:  # whatever a damaged file makes it stumble over: that is for whoever opens it
        return False
    finally:
        file.seek(0)


def read_deep_tiff(file: BinaryIO, most_bytes: int) -> Deep | None:
    """A TIFF file's first picture; None if it is packed in a way that is not known here.

    Raises Image.DecompressionBombError if it takes more than so many bytes.
    """
    page = _first_page(file)
    if page.nbytes > most_bytes:
        raise Image.DecompressionBombError
    samples = _samples(file, page)
    mode = MODES.get((int(page.photometric), 1 if samples is None or samples.ndim == 2 else samples.shape[2]))
    if samples is None or mode is None:
        return None
    bits = page.bitspersample if page.bitspersample % 8 else None
    pixels = as_bytes(samples, bits)
    if page.photometric == GREY_FROM_WHITE:
        pixels = 255 - pixels
    tags = page.tags
    profile, turned = (tags[tag].value if tag in tags else None for tag in (PROFILE, ORIENTATION))
    return Deep(Image.fromarray(np.ascontiguousarray(pixels), mode), profile, None if turned is None else int(turned))


def _first_page(file: BinaryIO) -> "TiffPage":
    import tifffile

    file.seek(0)
    page = tifffile.TiffFile(file).pages[0]
    assert isinstance(page, tifffile.TiffPage)
    return page


def _samples(file: BinaryIO, page: "TiffPage") -> Num[np.ndarray, "..."] | None:
    """Rows, columns and, where there are several, channels."""
    if page.bitspersample == 12:
        return _twelve_bits(file, page)
    try:
        samples = page.asarray()
    except (ValueError, NotImplementedError):  # a compression that it has no code for
        return _by_ffmpeg(file, page)
    samples = samples[0] if page.axes[0] == "Z" else samples
    return np.moveaxis(samples, 0, -1) if page.axes.startswith("S") else samples


def _twelve_bits(file: BinaryIO, page: "TiffPage") -> Num[np.ndarray, "..."] | None:
    """Samples of 12 bits, two in three bytes, each row beginning with a byte of its own."""
    if page.is_tiled or page.planarconfig != 1 or page.compression not in (UNCOMPRESSED, *DEFLATE):
        return None
    parts: list[bytes] = []
    for start, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        file.seek(start)
        data = file.read(count)
        parts.append(zlib.decompress(data) if page.compression in DEFLATE else data)
    row = page.imagewidth * page.samplesperpixel
    packed = np.frombuffer(b"".join(parts), np.uint8)[: page.imagelength * -(-row * 12 // 8)]
    packed = packed.reshape(page.imagelength, -1)
    packed = np.pad(packed, ((0, 0), (0, -packed.shape[1] % 3))).reshape(page.imagelength, -1, 3).astype(np.uint16)
    first, second = packed[..., 0] << 4 | packed[..., 1] >> 4, (packed[..., 1] & 15) << 8 | packed[..., 2]
    samples = np.stack([first, second], -1).reshape(page.imagelength, -1)[:, :row]
    return samples if page.samplesperpixel == 1 else samples.reshape(page.imagelength, -1, page.samplesperpixel)


def _by_ffmpeg(file: BinaryIO, page: "TiffPage") -> Num[np.ndarray, "..."] | None:
    """Strips of LZW, which FFmpeg unpacks; it takes tiles, and floats of 16 bits, for something else."""
    numbers = (page.sampleformat, page.bitspersample)
    if page.is_tiled or page.photometric == GREY_FROM_WHITE or numbers not in (WHOLE, FLOATS):
        return None
    file.seek(0)
    try:
        with av.open(file, "r", format="tiff_pipe") as container:
            return next(container.decode(video=0)).to_ndarray()
    except (FFmpegError, StopIteration, ValueError):
        return None
