"""HDTF: clips of public speakers (CVPR 2021), from the lists that its authors published and the videos that a user has.

Two layouts are known. Clips that are cut and cropped already, `RD_Radio34_003.mp4`; or long videos, `Radio34.mp4` or
`RD_Radio34.mp4` (the common download keeps them in `_videos_raw`), beside the authors' lists `RD_annotion_time.txt`
(their spelling) and `RD_crop_wh.txt`, which give times and squares; `RD_resolution.txt` says at which height the
squares were measured. Videos that the lists name and the folder lacks are passed over: many are gone from the web.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from livetalk.conditions.crop import Frame
from livetalk.evaluation.table.datasets.films import CutOptions, Film, FilmSource

GROUPS = ("RD", "WDA", "WRA")
TIMES, SQUARES, HEIGHTS = "annotion_time.txt", "crop_wh.txt", "resolution.txt"
FINISHED = re.compile(rf"(?:{'|'.join(GROUPS)})_.+_\d{{3}}\.mp4")
CROPPING = "HDTF's published squares"


@dataclass(frozen=True)
class MeasuredSquare:
    """A square in pixels of a picture of some height; None: of the picture itself."""

    left: int
    top: int
    side: int
    measured_at: int | None = None

    def square(self, height: int, width: int) -> Frame:
        scale = 1.0 if self.measured_at is None else height / self.measured_at
        side = min(self.side * scale, height, width)
        x = min(self.left * scale + side / 2, width - side / 2)
        return Frame(x, min(self.top * scale + side / 2, height - side / 2), side)


def source(folder: Path, options: CutOptions) -> FilmSource:
    """HDTF in a folder. Raises ValueError, with what is missing, for half of it."""
    finished = [path for path in sorted(folder.rglob("*.mp4")) if FINISHED.fullmatch(path.name)]
    films = [Film(path.stem, path) for path in finished] or list(_listed(folder))
    return FilmSource("hdtf", "HDTF", CROPPING, films, options)


def _listed(folder: Path) -> Iterator[Film]:
    """The clips of long videos that the lists name."""
    lists = {group: path for group in GROUPS if (path := _list(folder, group, TIMES)) is not None}
    videos = {path.stem: path for path in sorted(folder.rglob("*.mp4"))}
    if not lists:
        what = f"{len(videos)} videos and no" if videos else "neither clips like RD_Radio34_003.mp4 nor"
        raise ValueError(f"{folder} holds {what} list RD_{TIMES}: put HDTF's lists from its repository beside them")
    found = 0
    for group, times in lists.items():
        squares = _list(folder, group, SQUARES)
        if squares is None:
            raise ValueError(f"{times} has no {group}_{SQUARES} beside it: get it from HDTF's repository")
        heights = _list(folder, group, HEIGHTS)
        for film in _group(group, videos, times, squares, heights):
            found += 1
            yield film
    if not found:
        raise ValueError(
            f"{folder} holds HDTF's lists and none of their videos: put them there as Radio34.mp4 or RD_Radio34.mp4"
        )


def _group(group: str, videos: Mapping[str, Path], times: Path, squares: Path, heights: Path | None) -> Iterator[Film]:
    sizes, measured = _rows(squares), {} if heights is None else _rows(heights)
    for name, spans in _rows(times).items():
        video = videos.get(f"{group}_{name}") or videos.get(name)
        if video is None:
            continue
        for place, span in enumerate(spans):
            numbers = sizes.get(f"{name}_{place}")
            if numbers is None:
                continue  # the authors left some out: hands, moving surroundings
            left, width, top, height = _whole(numbers, 4, squares)
            if width != height:
                raise ValueError(f"{squares} names no square for {name}_{place}: get it anew from HDTF's repository")
            told = measured.get(name, [])
            square = MeasuredSquare(left, top, width, int(told[0]) if len(told) == 1 and told[0].isdigit() else None)
            start, end = _span(span, times)
            yield Film(f"{group}_{name}_{place:03d}", video, square, start, end - start)


def _list(folder: Path, group: str, kind: str) -> Path | None:
    """A list of the authors', in the folder or one in it."""
    return next(iter(sorted(folder.rglob(f"{group}_{kind}"))), None)


def _rows(path: Path) -> dict[str, list[str]]:
    """Lines of a list: a video's or clip's name, without its ending, and words."""
    lines = [line.replace("|", " ").split() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    return {words[0].removesuffix(".mp4"): words[1:] for words in lines if words}


def _whole(words: Sequence[str], count: int, path: Path) -> list[int]:
    if len(words) != count or not all(word.isdigit() for word in words):
        raise ValueError(f"{path} has {' '.join(words)!r} where {count} numbers belong: get it from HDTF's repository")
    return [int(word) for word in words]


def _span(words: str, path: Path) -> tuple[float, float]:
    """Seconds of `00:30-01:00`."""
    try:
        start, end = (
            sum(60**n * float(part) for n, part in enumerate(reversed(time.split(":")))) for time in words.split("-")
        )
    except ValueError as error:
        raise ValueError(f"{path} has {words!r} where times belong, as 00:30-01:00: get it anew") from error
    return start, end
