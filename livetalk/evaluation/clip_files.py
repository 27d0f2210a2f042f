"""Clips as files: a folder of videos, each with its sound, read as the measures take them.

A clip may have neighbours of the same stem: `x.mp4` with `x.txt` (what is said), `x.json` (anything a system noted).
Knows files; neither models nor measures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.media import read_speech
from livetalk.media.video import read_frames

FILMS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg")


@dataclass(frozen=True)
class ClipFile:
    """A video of some seconds on disk. name: its path in its folder, without the ending."""

    name: str
    path: Path

    def frames(self, frame_rate: int, seconds: float | None = None) -> UInt8[np.ndarray, "t h w 3"]:
        """Pictures at `frame_rate` a second (the newest at each time), of the first `seconds` or all.

        Raises ValueError, with what to do, for a damaged or empty file.
        """
        most = None if seconds is None else round(seconds * frame_rate)
        found: list[UInt8[np.ndarray, "h w 3"]] = []
        for picture in read_frames(self.path, frame_rate=frame_rate):
            if most is not None and len(found) >= most:
                break
            found.append(picture)
        if not found:
            raise ValueError(f"{self.path} holds no picture that can be read: give a whole video")
        return np.stack(found)

    def sound(self) -> Float32[np.ndarray, " n"]:
        """Its sound, mono, 16 kHz, in [-1, 1]. Raises ValueError for a video without sound."""
        return np.concatenate(list(read_speech(self.path)))


def clip_files(folder: Path) -> list[ClipFile]:
    """All videos of a folder and its folders, by name. Raises ValueError for a folder without any."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: give one with videos in it")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in FILMS and path.is_file())
    if not paths:
        raise ValueError(f"{folder} holds no video: put {', '.join(FILMS[:3])} files there")
    return [ClipFile(path.relative_to(folder).with_suffix("").as_posix(), path) for path in paths]


def clips_of(paths: Sequence[Path]) -> list[ClipFile]:
    """Videos, and those of folders, in the order given. Raises ValueError for what is neither."""
    found: list[ClipFile] = []
    for path in paths:
        if path.is_dir():
            found += clip_files(path)
        elif path.is_file():
            found.append(ClipFile(path.stem, path))
        else:
            raise ValueError(f"there is no video or folder at {path}: check the path")
    return found


def pairs(real: Sequence[ClipFile], generated: Sequence[ClipFile]) -> list[tuple[ClipFile, ClipFile]]:
    """Clips of the same name, side by side. Raises ValueError that names a real clip which was never generated."""
    made = {clip.name: clip for clip in generated}
    lacking = [clip.name for clip in real if clip.name not in made]
    if lacking:
        some = ", ".join(lacking[:3])
        raise ValueError(f"{len(lacking)} of {len(real)} clips were not generated, {some} among them: make them first")
    return [(clip, made[clip.name]) for clip in real]
