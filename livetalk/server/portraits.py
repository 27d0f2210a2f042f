"""Uploaded portraits: checked, framed, never written to a disk. Knows no visits."""

import asyncio
import io
import warnings

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from livetalk.conditions.portrait import eight_bit, frame_portrait, upright
from livetalk.server.limits import ServerLimits

FORMATS = ("PNG", "JPEG", "WEBP")
TOO_MANY = "the picture has too many pixels: 1000 a side are plenty"
LARGEST = 2000  # pixels a side: more is made smaller before a face is looked for


class Framer:
    """Where portraits are framed, one after the other: looking for a face takes a core."""

    def __init__(self, limits: ServerLimits) -> None:
        self._limits, self._free = limits, asyncio.Semaphore(1)

    async def framed(self, data: bytes, size: int) -> UInt8[np.ndarray, "h w 3"]:
        """The face in an uploaded picture, as the performer wants it. Raises ValueError, with what to do."""
        async with self._free:
            return await asyncio.to_thread(lambda: frame_portrait(_opened(data, self._limits), size))


def _opened(data: bytes, limits: ServerLimits) -> UInt8[np.ndarray, "h w 3"]:
    if not data:
        raise ValueError("the picture is empty: choose another one")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.width * image.height <= limits.pixels:
            image.draft("RGB", (LARGEST, LARGEST))
            image = eight_bit(upright(image))
            image.thumbnail((LARGEST, LARGEST))
            return np.asarray(_on_grey(image))
    except UnidentifiedImageError as error:
        raise ValueError("this is no picture we can read: use a PNG, JPEG or WebP file") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(TOO_MANY) from error
    except Exception as error:  # Pillow raises whatever a damaged file makes it stumble over
        raise ValueError("the picture is damaged: export it anew as PNG or JPEG") from error
    raise ValueError(TOO_MANY)


def _on_grey(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        behind = Image.new("RGBA", image.size, (128, 128, 128, 255))
        return Image.alpha_composite(behind, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")
