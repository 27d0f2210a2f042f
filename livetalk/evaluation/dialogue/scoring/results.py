"""Results of a judging as a file: every verdict with its reason, and what the controls say about the judge.

Written when all is judged, read by the report. Knows values; neither requests nor figures.
"""

import json
import os
import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from livetalk.evaluation.estimates import Estimate
from livetalk.media.files import part_of, written

SCHEMA = 1
NAME = "judging.json"

Role = Literal["must", "untouched"]
T = TypeVar("T")


@dataclass(frozen=True)
class JudgeNote:
    """Who judged, and how; probabilities: scores are expected levels under the judge's own probabilities."""

    model: str
    repeats: int
    temperature: float
    top_p: float
    frames: int
    frame_size: int
    sound: bool
    probabilities: bool
    brain: str | None = None


@dataclass(frozen=True)
class DimensionScores:
    """One dialogue in one dimension, an entry a repeat: score, whole level and reason; None: missing, and why."""

    dimension: str
    scores: tuple[float | None, ...]
    levels: tuple[int | None, ...]
    reasons: tuple[str, ...]

    @property
    def mean(self) -> float | None:
        """Over the repeats; None if one of them is missing: a mean of fewer would hide it."""
        found = [one for one in self.scores if one is not None]
        return sum(found) / len(found) if found and len(found) == len(self.scores) else None


@dataclass(frozen=True)
class CheckedStatement:
    """A statement about an answer, and whether it is true: 1, 0.5, 0, or None where it does not apply."""

    turn: int
    kind: str
    statement: str
    score: float | None
    reason: str


@dataclass(frozen=True)
class JudgedTurn:
    """One turn. video: path of the answer's clip, None where there was none."""

    says: str
    heard: str
    video: str | None
    latency_s: float | None
    failed: str | None


@dataclass(frozen=True)
class JudgedDialogue:
    """One dialogue of a system. unchecked: why the checklist is missing, if it is."""

    system: str
    scenario: str
    setting: str
    seconds: float
    turns: tuple[JudgedTurn, ...]
    scores: tuple[DimensionScores, ...]
    checklist: tuple[CheckedStatement, ...] = ()
    unchecked: str | None = None

    @property
    def words(self) -> int:
        """That were heard in its answers."""
        return sum(len(turn.heard.split()) for turn in self.turns)


@dataclass(frozen=True)
class FaultEffect:
    """How far a planted fault lowers a dimension. n dialogues it was planted in; role: what it should do."""

    fault: str
    dimension: str
    role: Role
    drop: Estimate
    moved: bool


@dataclass(frozen=True)
class AblationEffect:
    """How far a dimension falls when its judge is shown one kind of evidence only."""

    dimension: str
    shown: str
    drop: Estimate
    moved: bool
    decides: bool


@dataclass(frozen=True)
class ComparedSystems:
    """Two systems side by side in one dimension; missing: pairs without a verdict."""

    dimension: str
    a: str
    b: str
    wins: int
    losses: int
    ties: int
    inconsistent: int
    missing: int


@dataclass(frozen=True)
class Judging:
    """All of it."""

    judge: JudgeNote
    dialogues: tuple[JudgedDialogue, ...]
    faults: tuple[FaultEffect, ...] = ()
    ablation: tuple[AblationEffect, ...] = ()
    pairs: tuple[ComparedSystems, ...] = ()
    unmeasured: Mapping[str, str] | None = None  # dimensions that are not believed, and why; None: never tried

    @property
    def missing(self) -> list[str]:
        """Verdicts that are not there, a line each."""
        lines = [
            f"{dialogue.system}, {dialogue.scenario}, {row.dimension}, repeat {i}: {row.reasons[i - 1]}"
            for dialogue in self.dialogues
            for row in dialogue.scores
            for i, score in enumerate(row.scores, 1)
            if score is None
        ]
        lists = [one for one in self.dialogues if one.unchecked is not None]
        return lines + [f"{one.system}, {one.scenario}, checklist: {one.unchecked}" for one in lists]


def write_judging(folder: Path, judging: Judging) -> Path:
    """As a file in a folder; it is there when it is whole."""
    path = folder / NAME
    part = part_of(path)
    with written(path):
        part.write_text(
            json.dumps({"schema": SCHEMA, **document(judging)}, indent=1, ensure_ascii=False) + "\n", "utf-8"
        )
        os.replace(part, path)
    return path


def read_judging(folder: Path) -> Judging:
    """Raises ValueError, with what to do, for a folder without one, or a damaged one."""
    path = folder / NAME
    if not path.is_file():
        raise ValueError(
            f"{folder} holds no {NAME}: judge some dialogues with `livetalk evaluate dialogue judge` first"
        )
    try:
        held = cast("dict[str, object]", json.loads(path.read_text(encoding="utf-8")))
        if held.pop("schema", None) != SCHEMA:
            raise ValueError("another schema")
        return made(Judging, held)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no judging of this version: judge again, finished verdicts are found") from error


def document(judging: Judging) -> dict[str, object]:
    """As JSON holds it: what is not a number is null."""
    return cast("dict[str, object]", _finite(asdict(judging)))


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in cast("dict[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in cast("list[object]", value)]
    return value


def made(kind: type[T], value: object) -> T:
    """A value of a type out of JSON: dataclasses, tuples, optional ones and plain values."""
    return cast("T", _made(kind, value))


def _made(kind: object, value: object) -> object:
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else _made(next(one for one in inside if one is not type(None)), value)
    if origin is tuple:
        return tuple(_made(inside[0], one) for one in cast("list[object]", value))
    if origin is not None or kind is object:
        return value
    if isinstance(kind, type) and is_dataclass(kind):
        hints, held = get_type_hints(kind), cast("dict[str, object]", value)
        return kind(**{field.name: _made(hints[field.name], held[field.name]) for field in fields(kind)})
    if kind is float:
        return float("nan") if value is None else float(cast("float", value))
    if not isinstance(kind, type) or not isinstance(value, kind):
        raise ValueError(f"{value!r} is no {kind}")
    return value
