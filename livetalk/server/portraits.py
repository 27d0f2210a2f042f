"""Uploaded portraits: checked, framed, never written to disk."""

import asyncio
import io

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from livetalk.avatar.session import AtCapacity
from livetalk.conditions.input_checks import InputWarning, frame_checked
from livetalk.media.pictures import FORMATS, Bounds, Picture, read_picture
from livetalk.server.limits import ServerLimits

LARGEST = 2000  # pixels a side: more is made smaller before a face is looked for
SHOWN = 1600  # pixels a side of what a page is given to show
WAITING = 4  # pictures that may wait to be made anew, which needs no place in the house


class Framer:
    """Where portraits are framed, one after the other: looking for a face takes a core."""

    def __init__(self, limits: ServerLimits) -> None:
        self._limits, self._free = limits, asyncio.Semaphore(1)
        self._waiting = 0

    async def framed(self, data: bytes, size: int) -> tuple[UInt8[np.ndarray, "h w 3"], list[InputWarning]]:
        """The face in an uploaded picture, as the performer wants it, and what is to be said about it.

        Raises ValueError, with what to do.
        """
        async with self._free:
            return await asyncio.to_thread(lambda: frame_checked(self._opened(data, LARGEST), size))

    async def as_jpeg(self, data: bytes) -> bytes:
        """An uploaded picture as browsers can show it. Raises AtCapacity, or ValueError with what to do."""
        if self._waiting >= WAITING:
            raise AtCapacity("many pictures are being read just now: try again in a few seconds")
        self._waiting += 1
        try:
            async with self._free:
                return await asyncio.to_thread(lambda: _as_jpeg(self._opened(data, SHOWN)))
        finally:
            self._waiting -= 1

    def _opened(self, data: bytes, long_side: int) -> Picture:
        if not data:
            raise ValueError("the picture is empty: choose another one")
        return read_picture(io.BytesIO(data), bounds=Bounds(long_side, self._limits.pixels, FORMATS))


def _as_jpeg(picture: Picture) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=92)
    return file.getvalue()
