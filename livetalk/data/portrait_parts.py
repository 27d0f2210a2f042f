"""A folder of portraits in three parts that share no picture: to train on, to fix thresholds on, to measure on.

By name, so that everybody who is given the folder agrees. Knows no faces.
"""

from enum import StrEnum
from pathlib import Path

PICTURES = (".jpg", ".jpeg", ".png", ".webp")
FINAL_FROM = 0.7  # share of the names, in order, behind which pictures are measured on only
EVERY = 3  # of the others every third is for thresholds


class PortraitPart(StrEnum):
    """What a part is for."""

    TRAINING = "training"
    THRESHOLDS = "thresholds"
    FINAL = "final"


def portraits_of(folder: Path, part: PortraitPart) -> list[Path]:
    """The pictures of a part, by name. Raises ValueError if there are none."""
    names = sorted(path for path in folder.glob("*") if path.suffix.lower() in PICTURES)
    final = int(FINAL_FROM * len(names))
    found = [path for place, path in enumerate(names) if _part(place, final) == part]
    if not found:
        raise ValueError(f"{folder} holds too few pictures: give a folder of ten portraits or more, or leave it out")
    return found


def _part(place: int, final: int) -> PortraitPart:
    if place >= final:
        return PortraitPart.FINAL
    return PortraitPart.THRESHOLDS if place % EVERY == EVERY - 1 else PortraitPart.TRAINING
