"""CelebV-HQ: clips of celebrities (ECCV 2022), from its list and a user's videos.

The list is `celebvhq_info.json`. Clips are cut and cropped already (`processed/CLIP.mp4`, named as in the list), or
whole videos (`raw/VIDEO.mp4`); of those the published square is cropped: the face's box, 2 % of the picture wider on
each side, its shorter side around its middle. Videos that the folder lacks are passed over.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from livetalk.conditions.crop import Frame
from livetalk.evaluation.table.datasets.films import CutOptions, Film, FilmSource

LIST = "celebvhq_info.json"
WIDER = 0.02  # of the picture, on each side of the box
CROPPING = "CelebV-HQ's published squares"


@dataclass(frozen=True)
class FaceBox:
    """A face's box, in fractions of the picture."""

    top: float
    bottom: float
    left: float
    right: float

    def square(self, height: int, width: int) -> Frame:
        top, bottom = (round(v * height) for v in (max(self.top - WIDER, 0), min(self.bottom + WIDER, 1)))
        left, right = (round(v * width) for v in (max(self.left - WIDER, 0), min(self.right + WIDER, 1)))
        half = min(bottom - top, right - left) // 2
        return Frame((left + right) / 2, (top + bottom) / 2, 2 * half)


def source(folder: Path, options: CutOptions) -> FilmSource:
    """CelebV-HQ in a folder. Raises ValueError, with what is missing, for half of it."""
    listed = next(iter(sorted(folder.rglob(LIST))), None)
    if listed is None:
        raise ValueError(f"{folder} holds no {LIST}: put CelebV-HQ's list from its repository beside its videos")
    videos = {path.stem: path for path in sorted(folder.rglob("*.mp4"))}
    films = list(_films(_clips(listed), videos, listed))
    if not films:
        raise ValueError(
            f"{folder} holds none of the videos that {LIST} names:"
            " put them there as raw/VIDEO.mp4 or processed/CLIP.mp4"
        )
    return FilmSource("celebvhq", "CelebV-HQ", CROPPING, films, options)


def _clips(path: Path) -> Mapping[str, object]:
    try:
        clips = json.loads(path.read_text(encoding="utf-8"))["clips"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} holds no list of clips: get {LIST} anew from CelebV-HQ's repository") from error
    return cast("Mapping[str, object]", clips)


def _films(clips: Mapping[str, object], videos: Mapping[str, Path], listed: Path) -> Iterator[Film]:
    for name, held in clips.items():
        if name in videos:
            yield Film(name, videos[name])
            continue
        try:
            told = cast("Mapping[str, object]", held)
            video = videos.get(str(told["ytb_id"]))
            if video is None:
                continue
            time, box = (cast("Mapping[str, float]", told[key]) for key in ("duration", "bbox"))
            square = FaceBox(box["top"], box["bottom"], box["left"], box["right"])
            yield Film(name, video, square, time["start_sec"], time["end_sec"] - time["start_sec"])
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"{listed} lacks {error} of clip {name}: get it anew from CelebV-HQ's repository"
            ) from error
