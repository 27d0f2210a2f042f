"""Record of a dialogue that was held with a system: what was said, which files hold it, how long each answer took.

Lies as `record.json` beside its files in OUT/SYSTEM/SCENARIO. Whoever holds dialogues writes it; whoever judges or
measures them reads it. Knows one folder; neither scenarios nor systems.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from livetalk.media.files import part_of, written

SCHEMA = 1
NAME = "record.json"

# began, ended: of the visitor's sound, known exactly; answer_began, answer_ended: of what was heard of the system,
# with pauses of less than a second; interrupting: the visitor begins to speak while an answer is heard; the others:
# states, as the system tells them.
EventName = Literal[
    "turn",
    "visitor_began",
    "visitor_ended",
    "interrupting",
    "answer_began",
    "answer_ended",
    "listening",
    "thinking",
    "speaking",
    "interrupted",
    "reconnecting",
    "problem",
    "ended",
]


@dataclass(frozen=True)
class TurnRecord:
    """One turn. Files are names in the dialogue's folder, times are seconds.

    says, language: of the visitor, `says` empty where they are silent. visitor: their sound (wav). video: the answer's
    picture and sound (mp4). answered: the answer's text, if the system tells it. latency_s: from the end of the
    visitor's speech to the first sound of the answer; first_frame_s: to the first picture of it. interrupted: the
    visitor cut this answer off. failed: why there is no whole answer. price: in US dollars.
    """

    says: str
    language: str
    visitor: str | None = None
    video: str | None = None
    answered: str | None = None
    latency_s: float | None = None
    first_frame_s: float | None = None
    interrupted: bool = False
    failed: str | None = None
    price: float | None = None


@dataclass(frozen=True)
class DialogueEvent:
    """Something that happened, in seconds since the session began; `turn` begins a turn, the first one, too."""

    time_s: float
    event: EventName


@dataclass(frozen=True)
class DialogueRecord:
    """A dialogue, as far as it was held.

    scenario, system, machine: names. session: the system's picture and sound of the whole dialogue (mp4), of systems
    that live; visitor: the visitor's sound on the same clock (wav).
    """

    scenario: str
    system: str
    machine: str
    turns: tuple[TurnRecord, ...]
    session: str | None = None
    visitor: str | None = None
    events: tuple[DialogueEvent, ...] = ()

    @property
    def failed(self) -> str | None:
        """The first failure, if any turn failed."""
        return next((turn.failed for turn in self.turns if turn.failed is not None), None)

    @property
    def price(self) -> float | None:
        """US dollars, None where nothing has a price."""
        prices = [turn.price for turn in self.turns if turn.price is not None]
        return sum(prices) if prices else None


def folder_of(out: Path, system: str, scenario: str) -> Path:
    """Where a dialogue lies."""
    return out / system / scenario


def is_finished(out: Path, system: str, scenario: str, retry: bool = False) -> bool:
    """Whether a dialogue need not be held (again). retry: one that failed is to be.

    Raises ValueError, with what to do, for a damaged record.
    """
    path = folder_of(out, system, scenario) / NAME
    return path.is_file() and not (retry and read_record(path).failed is not None)


def find_records(out: Path) -> list[DialogueRecord]:
    """All records below a folder, by system and scenario. Raises ValueError for none, or a damaged one."""
    found = [read_record(path) for path in sorted(out.glob(f"*/*/{NAME}"))]
    if not found:
        raise ValueError(f"{out} holds no dialogue: hold some with `livetalk evaluate dialogue run --out {out}`")
    return found


def write_record(out: Path, record: DialogueRecord) -> Path:
    """Write a record beside its files; it is there when it is whole. Returns its path."""
    return keep_record(folder_of(out, record.system, record.scenario) / NAME, record)


def keep_record(path: Path, record: DialogueRecord) -> Path:
    """Write a record under any name, of a dialogue that is not finished for example."""
    text = json.dumps({"schema": SCHEMA, **asdict(record)}, indent=1, ensure_ascii=False)
    part = part_of(path)
    with written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_text(text + "\n", encoding="utf-8")
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    return path


def read_record(path: Path) -> DialogueRecord:
    """A record from its file. Raises ValueError that says what is wrong with it, or which of its files is missing."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ValueError(f"{path} cannot be read as JSON: remove its folder and hold the dialogue again") from error
    try:
        record = _record(_mapping(held, "the record"))
    except ValueError as error:
        raise ValueError(f"{path} is no record of a dialogue: {error}") from error
    for name in (
        record.session,
        record.visitor,
        *(name for turn in record.turns for name in (turn.visitor, turn.video)),
    ):
        if name is not None and not (path.parent / name).is_file():
            raise ValueError(f"{path} names {name}, which is not there: remove the folder and hold the dialogue again")
    return record


def _record(held: Mapping[str, object]) -> DialogueRecord:
    if held.get("schema") != SCHEMA:
        raise ValueError(f"its schema is {held.get('schema')!r}, this version reads {SCHEMA}")
    turns = tuple(_turn(_mapping(turn, "a turn")) for turn in _list(held, "turns"))
    if not turns:
        raise ValueError("it has no turns")
    return DialogueRecord(
        _text(held, "scenario"),
        _text(held, "system"),
        _text(held, "machine"),
        turns,
        _file(held, "session"),
        _file(held, "visitor"),
        tuple(_event(_mapping(event, "an event")) for event in _list(held, "events")),
    )


def _turn(held: Mapping[str, object]) -> TurnRecord:
    interrupted = held.get("interrupted")
    if not isinstance(interrupted, bool):
        raise ValueError(f"'interrupted' is {interrupted!r}, not true or false")
    return TurnRecord(
        _text(held, "says"),
        _text(held, "language"),
        _file(held, "visitor"),
        _file(held, "video"),
        _text_or_none(held, "answered"),
        _number_or_none(held, "latency_s"),
        _number_or_none(held, "first_frame_s"),
        interrupted,
        _text_or_none(held, "failed"),
        _number_or_none(held, "price"),
    )


def _event(held: Mapping[str, object]) -> DialogueEvent:
    time, name = _number_or_none(held, "time_s"), _text(held, "event")
    if time is None or name not in get_args(EventName):
        raise ValueError(f"{name!r} at {time} is no event that this version knows")
    return DialogueEvent(time, cast("EventName", name))


def _mapping(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is not an object")
    return cast("dict[str, object]", value)


def _list(held: Mapping[str, object], name: str) -> list[object]:
    value = held.get(name)
    if not isinstance(value, list):
        raise ValueError(f"{name!r} is not a list")
    return cast("list[object]", value)


def _text(held: Mapping[str, object], name: str) -> str:
    value = held.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name!r} is {value!r}, not a text")
    return value


def _text_or_none(held: Mapping[str, object], name: str) -> str | None:
    return None if held.get(name) is None else _text(held, name)


def _file(held: Mapping[str, object], name: str) -> str | None:
    value = _text_or_none(held, name)
    if value is not None and (Path(value).name != value or value in ("", ".", "..")):
        raise ValueError(f"{name!r} is {value!r}, not the name of a file beside it")
    return value


def _number_or_none(held: Mapping[str, object], name: str) -> float | None:
    value = held.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name!r} is {value!r}, not a number")
    return float(value)
