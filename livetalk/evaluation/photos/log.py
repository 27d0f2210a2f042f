"""Measurements of clips of photographs, and the file that keeps those of finished clips: one line of JSON each.

The file may hold several models, and the truth, side by side: a clip is known by who made it, of which photograph, in
which scene, to which voice. So a run that was stopped goes on where it was, and a second model's run finds the truth
measured. Knows numbers and one file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

import numpy as np
from jaxtyping import Bool, Float

from livetalk.evaluation.json_lines import JsonLines

MEASURES = 3  # rises when a measure changes: older lines are then passed over
DIGITS = 4


@dataclass(frozen=True)
class Key:
    """Which clip it is. maker: a model by its weights' fingerprint, or what else drew the frames."""

    maker: str
    photo: str
    scene: str = ""
    voice: str = ""


@dataclass(frozen=True)
class Seen:
    """A clip, measured. k: every few frames; t: all of them."""

    person: str  # whose photograph it is, by name
    asked: dict[str, str]  # attributes that the prompt names
    expression: dict[str, float]  # what `readback` reads them from
    ranges: dict[str, float]  # of motion, by channel
    lip_r: float  # 0 where the lips cannot be followed
    rest: Float[np.ndarray, " r"]  # lip gap in pauses beyond the portrait's; NaN without a face
    distances: Float[np.ndarray, " k"]  # of dlib's descriptors from the portrait's; NaN without a face
    descriptors: Float[np.ndarray, "k 128"]
    pictures: Float[np.ndarray, "k c"]  # of VGG16; NaN without a face; no columns without the network
    texture: Float[np.ndarray, "k 4"]  # as `metrics.texture.texture`
    shut: Bool[np.ndarray, " k"]  # both eyes
    detail: Float[np.ndarray, " k"]  # of the face box over the portrait's; 0 without a face


class MeasurementLog:
    """Finished clips by key, in a file that grows line by line; without a path, in memory only.

    Raises ValueError for a file that is no such log.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._file, self._lines = JsonLines(path), {}
        for row in self._file.rows():
            self._take(row)

    @property
    def path(self) -> Path | None:
        """The file in which measures are kept."""
        return self._file.path

    def __contains__(self, key: Key) -> bool:
        return key in self._lines

    def seen(self, key: Key) -> Seen:
        """The measures of a finished clip."""
        return _seen(key.photo, self._lines[key])

    def person(self, key: Key) -> Float[np.ndarray, "n c"]:
        """Identity descriptors of a still picture's person, or a film's; no rows where it could not be used."""
        rows = self._lines[key]
        return _array(rows) if rows else np.zeros((0, 128))

    def add(self, key: Key, found: Seen | Float[np.ndarray, "n c"]) -> None:
        """Keep a clip's measures, or a picture's descriptors, on disk before this returns."""
        kept = found if isinstance(found, np.ndarray) else {f.name: getattr(found, f.name) for f in fields(Seen)}
        row = {"measures": MEASURES, "clip": vars(key), "found": _plain(kept)}
        self._take(row)
        self._file.append(row)

    def _take(self, row: object) -> None:
        try:
            held = cast("Mapping[str, object]", row)
            if held["measures"] == MEASURES:
                self._lines[Key(**cast("Mapping[str, str]", held["clip"]))] = held["found"]
        except (KeyError, TypeError) as error:
            raise ValueError(f"{self._file.path} is not a log of photographs: give another file") from error


def _plain(value: Any) -> Any:
    """Ready for JSON: rounded, None for NaN."""
    match value:
        case np.ndarray():
            return _plain(value.tolist())
        case Mapping():
            return {name: _plain(one) for name, one in value.items()}
        case list():
            return [_plain(one) for one in value]
        case float():
            return round(value, DIGITS) if np.isfinite(value) else None
    return value


def _seen(person: str, held: Mapping[str, Any]) -> Seen:
    return Seen(
        person=person,
        asked=held["asked"],
        expression=held["expression"],
        ranges=held["ranges"],
        lip_r=np.nan if held["lip_r"] is None else held["lip_r"],
        rest=_array(held["rest"]),
        distances=_array(held["distances"]),
        descriptors=_array(held["descriptors"]),
        pictures=_array(held["pictures"]),
        texture=_array(held["texture"]),
        shut=np.array(held["shut"], bool),
        detail=_array(held["detail"]),
    )


def _array(values: list[Any]) -> Float[np.ndarray, "..."]:
    """NaN for None."""
    return np.array(values, float)
