"""AVSpeech: people who speak on the web, 3 to 10 s each (SIGGRAPH 2018), from its list and a user's videos.

The list is Google's `avspeech_test.csv` (or `avspeech_train.csv`), without a header: video, start, end, and the middle
of the speaker's face as fractions of the picture. Videos are whole (`VIDEO.mp4`) or cut (`VIDEO_START_END.mp4`, or
`VIDEO_START.mp4`, in seconds). No size of a crop was published: the largest square around the face that the picture
holds is taken. Videos that the folder lacks are passed over.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from livetalk.evaluation.clip_files import FILMS
from livetalk.evaluation.table.datasets.films import Centre, CutOptions, Film, FilmSource

LISTS = ("avspeech_test.csv", "avspeech_train.csv")
ID = 11  # letters of a video's name
NEAR = 0.05  # s within which times in a file's name are those of the list
NUMBERS = re.compile(r"\d+(?:\.\d+)?")
CROPPING = "the largest square around the face's published middle"


@dataclass(frozen=True)
class Segment:
    """A line of the list."""

    video: str
    start: float
    end: float
    across: float
    down: float

    @property
    def name(self) -> str:
        return f"{self.video}_{self.start:.2f}_{self.end:.2f}"


def source(folder: Path, options: CutOptions) -> FilmSource:
    """AVSpeech in a folder. Raises ValueError, with what is missing, for half of it."""
    lists = [path for name in LISTS for path in sorted(folder.rglob(name))] or sorted(folder.glob("*.csv"))
    if not lists:
        raise ValueError(f"{folder} holds no {LISTS[0]}: put AVSpeech's list of segments beside its videos")
    files: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in FILMS:
            files[path.stem[:ID]].append(path)
    films = [film for film in (_film(segment, files) for segment in _segments(lists[0])) if film is not None]
    if not films:
        raise ValueError(
            f"{folder} holds none of the videos that {lists[0].name} names:"
            " put them there as VIDEO.mp4 or VIDEO_START_END.mp4"
        )
    return FilmSource("avspeech", "AVSpeech", CROPPING, films, options)


def _segments(path: Path) -> Iterator[Segment]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.reader(file):
            if not row:
                continue
            try:
                video, *numbers = row
                yield Segment(video, *map(float, numbers[:4]))
            except (ValueError, TypeError) as error:
                raise ValueError(
                    f"{path} has {','.join(row)[:60]!r} where video,start,end,x,y belong: give AVSpeech's list"
                ) from error


def _film(segment: Segment, files: Mapping[str, Sequence[Path]]) -> Film | None:
    """The segment's film: one that is cut already, or a part of the whole video."""
    crop = Centre(segment.across, segment.down)
    for path in files.get(segment.video[:ID], ()):
        if path.stem == segment.video:
            return Film(segment.name, path, crop, segment.start, segment.end - segment.start)
        if path.stem.startswith(f"{segment.video}_"):
            times = [float(number) for number in NUMBERS.findall(path.stem[len(segment.video) :])]
            told = (segment.start, segment.end)[: len(times)]
            if 0 < len(times) <= 2 and all(abs(a - b) < NEAR for a, b in zip(times, told, strict=True)):
                return Film(segment.name, path, crop)
    return None
