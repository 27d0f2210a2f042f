"""Ogg chains: files that are several recordings one behind another, as radios store them (RFC 3533, section 4).

FFmpeg gives up where the next one has other channels or another rate; so each is opened by itself. Knows pages, not
codecs.
"""

import io
import mmap
from itertools import pairwise
from pathlib import Path

CAPTURE = b"OggS"  # a page begins so; then its version, 0, and its flags
FIRST = 2  # flag of a stream's first page


def chain_links(path: Path) -> list[tuple[int, int]]:
    """Where the recordings of a chain begin and end in a file, in bytes; one for a file that is no Ogg."""
    size = path.stat().st_size if path.is_file() else 0
    whole = [(0, size)]
    with path.open("rb") as file:
        if size < len(CAPTURE) or file.read(len(CAPTURE)) != CAPTURE:
            return whole
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            starts = _starts(data)
    return list(pairwise([*starts, size])) if starts else whole


def _starts(data: mmap.mmap) -> list[int]:
    """First pages that follow other pages: streams of one recording all begin before any goes on."""
    starts: list[int] = []
    going_on, place = True, data.find(CAPTURE)
    while 0 <= place < len(data) - len(CAPTURE) - 2:
        version, flags = data[place + 4], data[place + 5]
        if version == 0 and flags < 8:
            begins = bool(flags & FIRST)
            if begins and going_on:
                starts.append(place)
            going_on = not begins
        place = data.find(CAPTURE, place + len(CAPTURE))
    return starts


class FilePart(io.RawIOBase):
    """A part of a file, as a file."""

    def __init__(self, path: Path, start: int, stop: int) -> None:
        self._file, self._start, self._size, self._place = path.open("rb"), start, stop - start, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._place)
        self._file.seek(self._start + self._place)
        data = self._file.read(left if size < 0 else min(size, left))
        self._place += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def tell(self) -> int:
        return self._place

    def close(self) -> None:
        self._file.close()
        super().close()
