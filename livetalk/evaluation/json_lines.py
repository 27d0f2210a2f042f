"""Rows of JSON in a file that grows, a line each: what a run has found, for the next one to go on from.

A run that is stopped in the middle of a line loses that row only. Does not know what rows mean.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from livetalk.media.files import written


class JsonLines:
    """A file of rows; without a path nothing is kept. Not to be written by several threads at once."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def rows(self) -> Iterator[object]:
        """Rows that are there, in their order; a line that is no JSON is passed over."""
        if self.path is None or not self.path.is_file():
            return
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue

    def append(self, row: object) -> None:
        """Add a row, on disk before this returns. Raises ValueError, with what to do, if it cannot be written."""
        if self.path is None:
            return
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        with written(self.path), self.path.open("ab+") as file:
            file.write(b"\n" + line if _cut_off(file) else line)


def _cut_off(file: BinaryIO) -> bool:
    """True if a run was stopped in the middle of the last line."""
    if not file.tell():
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"
