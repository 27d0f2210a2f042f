"""Errors that a person may meet with a file, in one sentence each.

Turns the operating system's and FFmpeg's errors into `ValueError`s that say what to do. Knows nothing
of what is inside a file.
"""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from av.error import FFmpegError


def existing(path: str | Path, what: str) -> Path:
    """`path`, made sure to be a readable file with something in it; `what` names it to the person.

    Raises ValueError if it is missing, a folder, empty or unreadable.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise ValueError(f"{path} is a folder: give the {what} as a file")
    if not path.exists():
        raise ValueError(f"{path} does not exist: check the path of the {what}")
    if not os.access(path, os.R_OK):
        raise ValueError(f"{path} may not be read: change its permissions or give another {what}")
    if path.is_file() and path.stat().st_size == 0:
        raise ValueError(f"{path} is empty: give a {what} with something in it")
    return path


def ffmpeg_path(path: str | Path) -> str:
    """A file's name as FFmpeg takes it for a name: in `12:30.wav` or `pipe:` it would see a protocol, in `-x.wav` an
    option, unless they are absolute."""
    return os.path.abspath(path)


@contextmanager
def understood(path: Path, what: str) -> Iterator[None]:
    """Says which file it was when FFmpeg cannot make sense of its input."""
    try:
        yield
    except FFmpegError as error:
        raise ValueError(
            f"{path} cannot be understood as {what}: it may be damaged; convert or export it anew"
        ) from error


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Says what to do when a file cannot be written: no room, no right, no such folder."""
    try:
        yield
    except OSError as error:
        raise ValueError(_why_unwritten(path, error)) from error


def part_of(path: Path) -> Path:
    """Where `path` is written until it is complete: beside it, so that renaming stays on one disk.

    The process number keeps two runs apart.
    """
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def claim(path: str | Path, inputs: Iterable[str | Path | None] = (), option: str = "--out") -> None:
    """Makes sure, before any work is done, that `path` can be written and is no input; leaves nothing behind.

    Links, and other spellings of a name, are the file that they lead to; a folder stands for the files in it, None for
    an input that was not given. Raises ValueError, with what to do.
    """
    path = Path(path).expanduser()
    for each in _files(inputs) if os.path.isfile(path) else ():  # False of a name too long, where `Path.is_file` raises
        if path.samefile(each):
            also = "" if str(each) == str(path) else f" ({path} is the same file)"
            raise ValueError(f"{each} would be replaced by what is made of it{also}: give {option} another name")
    with written(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        part_of(path).touch()
        part_of(path).unlink()


def _files(inputs: Iterable[str | Path | None]) -> Iterator[Path]:
    for each in inputs:
        if each is not None:
            given = Path(each).expanduser()
            found = given.iterdir() if given.is_dir() else (given,)
            yield from (file for file in found if file.is_file())


def _why_unwritten(path: Path, error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"the disk of {path} is full: make room or write elsewhere with --out"
        case errno.EFBIG:
            return f"{path} would be larger than this system allows a file to be: write elsewhere with --out"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"{path} may not be written: choose another place with --out"
        case errno.ENOENT | errno.ENOTDIR:
            return f"the folder {path.parent} does not exist: make it first or choose another place with --out"
        case errno.EISDIR:
            return f"{path} is a folder: give --out a file name"
        case errno.ENAMETOOLONG:
            return f"the name {path.name[:24]}... is too long: choose a shorter one with --out"
    return f"{path} cannot be written ({error.strerror or error}): choose another place with --out"
