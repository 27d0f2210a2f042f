"""Room on a disk, asked for before anything large is written."""

import shutil
from pathlib import Path


def need_room(folder: Path, size: int) -> None:
    """Raises ValueError if the disk of `folder` has no room for `size` bytes."""
    free = shutil.disk_usage(folder).free
    if free < size:
        raise ValueError(f"{folder} has {free / 1e9:.1f} GB free and {size / 1e9:.1f} GB are needed: make room")
