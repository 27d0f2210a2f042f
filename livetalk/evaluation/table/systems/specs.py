"""Words that name a system under test.

    student                                 student:name=before,weights=FOLDER
    student:preset=1.3b,mode=fast           teacher:preset=14b,weights=FILE
    command:NAME=PROGRAM {portrait} {speech} {prompt} {out}
    folder:NAME=FOLDER                      truth

Simple ones may stand with commas between: `student,teacher,truth`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from livetalk.evaluation.table.systems.base import SystemUnderTest
from livetalk.evaluation.table.systems.commands import CommandSystem
from livetalk.evaluation.table.systems.finished import Finished, FinishedVideos, Truth
from livetalk.evaluation.table.systems.models import Student, TeacherModel
from livetalk.performer.options import Mode

AnySystem = SystemUnderTest | Finished

KINDS = "student, teacher, truth, command:NAME=TEMPLATE or folder:NAME=PATH"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def systems(words: Sequence[str], timeout: float = CommandSystem.timeout) -> list[AnySystem]:
    """The systems that are named, in their order. Raises ValueError, with what to write, for others."""
    found = [_system(each, timeout) for each in _each(words)]
    for each in found:
        if not NAME.fullmatch(each.name):
            raise ValueError(f"{each.name!r} cannot name a system: use letters, digits, dots and dashes")
        each.require()
    names = [each.name for each in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"two systems are called {twice}: give one of them another name, as student:name=before")
    if not found:
        raise ValueError(f"no system is named: give --systems {KINDS}")
    return found


def _each(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        yield from [word] if ":" in word else [part.strip() for part in word.split(",") if part.strip()]


def _system(words: str, timeout: float) -> AnySystem:
    kind, _, rest = words.partition(":")
    match kind:
        case "truth" if not rest:
            return Truth()
        case "student" | "teacher":
            return _model(kind, rest, words)
        case "command":
            name, template = _named(rest, words)
            return CommandSystem(name, template, timeout)
        case "folder":
            name, path = _named(rest, words)
            return FinishedVideos(name, Path(path).expanduser())
    raise ValueError(f"there is no system {words!r}: give {KINDS}")


def _named(rest: str, words: str) -> tuple[str, str]:
    name, sign, value = rest.partition("=")
    if not sign or not value.strip():
        raise ValueError(f"{words!r} says no name, or nothing of it: give {KINDS}")
    return name, value


def _model(kind: str, rest: str, words: str) -> AnySystem:
    """A model with what is set of its fields."""
    made = Student if kind == "student" else TeacherModel
    settings, known = _Settings(words), sorted(each.name for each in fields(made))
    for part in rest.split(",") if rest else ():
        key, sign, value = part.partition("=")
        if not sign or key not in known:
            raise ValueError(f"{words!r} sets {key!r}: a {kind} has {', '.join(known)}, as {kind}:name=one")
        settings.values[key] = value
    name, preset = settings.text("name", kind), settings.text("preset", made.preset)
    weights, random = settings.path("weights"), settings.flag("random")
    if made is TeacherModel:
        return TeacherModel(name, preset, weights, settings.path("folder"), random)
    return Student(name, preset, weights, settings.number("seed"), settings.mode(), random)


@dataclass(frozen=True)
class _Settings:
    """Settings of a model, as they were written. words: all that was, for sentences."""

    words: str
    values: dict[str, str] = field(default_factory=dict[str, str])

    def text(self, key: str, otherwise: str) -> str:
        return self.values.get(key, otherwise)

    def path(self, key: str) -> Path | None:
        return Path(self.values[key]).expanduser() if key in self.values else None

    def flag(self, key: str) -> bool:
        value = self.values.get(key, "no")
        if value not in ("yes", "no"):
            raise ValueError(f"{self.words!r} says {value!r} for {key}: give {key}=yes or leave it out")
        return value == "yes"

    def number(self, key: str) -> int:
        value = self.values.get(key, "0")
        if not value.isdecimal():
            raise ValueError(f"{self.words!r} has no whole number for {key}: give {key}=0")
        return int(value)

    def mode(self) -> Mode | None:
        match self.values.get("mode"):
            case None:
                return None
            case "exact":
                return "exact"
            case "fast":
                return "fast"
            case other:
                raise ValueError(f"{self.words!r} has no mode {other!r}: give exact or fast")
