"""Dialogues as they are written down: what a visitor says, turn by turn, and what a good answer is.

Files of TOML hold a list of `[[dialogue]]`, each with a list of `[[dialogue.turn]]`; keys are the fields of `Scenario`
and `Turn`. Whatever a file gets wrong is one ValueError that says where. Knows neither who answers nor who judges.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

from livetalk.data.acting.prompts import MOODS, Mood

BUNDLED = Path(__file__).parents[2] / "assets" / "dialogues"
FEWEST_TURNS, MOST_TURNS = 3, 6
LANGUAGES = ("en", "de", "es", "fr", "it")

Half = Literal["development", "test"]
HALVES: tuple[Half, ...] = get_args(Half)
Choice = TypeVar("Choice", bound=str)


class DimensionGroup(StrEnum):
    """The paper's two groups of dimensions."""

    VISUAL = "visual interaction performance"
    CONTENT = "interaction content quality"


class Dimension(StrEnum):
    """The paper's nine dimensions, in its order."""

    EMOTIONAL_APPROPRIATENESS = "emotional_appropriateness"
    NONVERBAL_INTERACTION = "nonverbal_interaction"
    MULTI_VIDEO_COHERENCE = "multi_video_coherence"
    CONVERSATIONAL_NATURALNESS = "conversational_naturalness"
    SEMANTIC_RELEVANCE = "semantic_relevance"
    INFORMATION_COMPLETENESS = "information_completeness"
    LOGICAL_CONSISTENCY = "logical_consistency"
    CONTEXT_UNDERSTANDING = "context_understanding"
    OVERALL_EXPERIENCE = "overall_experience"

    @property
    def group(self) -> DimensionGroup:
        """Visual for the first four, content for the others."""
        return DimensionGroup.VISUAL if list(Dimension).index(self) < 4 else DimensionGroup.CONTENT

    @property
    def abbreviation(self) -> str:
        """As the paper's table heads its column: EA, NI, MVC, CN, SR, IC, LC, CU or OIE."""
        if self is Dimension.OVERALL_EXPERIENCE:
            return "OIE"  # the paper's "overall interaction experience"
        return "".join(word[0].upper() for word in self.value.split("_"))


class TurnKind(StrEnum):
    """What a visitor does with a turn."""

    GREETING = "greeting"
    FOLLOW_UP = "follow_up"
    REFERENCE_BACK = "reference_back"  # leans on something said before, without saying it again
    CORRECTION = "correction"  # of what the visitor or the avatar said
    EMOTIONAL_SHIFT = "emotional_shift"
    REFUSAL = "refusal"  # a request that a good answer declines, or a visitor who declines a proposal
    INTERRUPTION = "interruption"  # breaks into the answer before
    SILENCE = "silence"
    MIXED_LANGUAGES = "mixed_languages"
    TOPIC_CHANGE = "topic_change"


@dataclass(frozen=True)
class Turn:
    """One turn of the visitor, and what a good answer to it is.

    says: what is said; empty for `silent_s` seconds of silence. language: "en", or the other one of a mixed line.
    must, must_not: plain statements that a judge can check, of what a good answer contains and what spoils it.
    emotion: mood of the face that fits the answer. interrupts_after: seconds of the answer after which the visitor
    breaks in with the next turn. remembers: facts of earlier turns that the answer uses.
    """

    kind: TurnKind
    says: str
    must: tuple[str, ...]
    must_not: tuple[str, ...]
    emotion: Mood
    language: str = "en"
    silent_s: float = 0.0
    interrupts_after: float | None = None
    remembers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """A dialogue of 3 to 6 turns. setting: who the avatar is and what the visitor wants, in one sentence.

    dimensions: those which the dialogue was written to try. half: development dialogues may be tuned on, test ones not.
    """

    name: str
    half: Half
    dimensions: tuple[Dimension, ...]
    setting: str
    turns: tuple[Turn, ...]


def load_scenarios(source: Path = BUNDLED) -> tuple[Scenario, ...]:
    """Dialogues of a file, or of all `.toml` files of a folder, by the names of the files.

    Raises ValueError that names the file, the dialogue and what is wrong.
    """
    paths = [source] if source.is_file() else sorted(source.glob("*.toml"))
    if not paths:
        raise ValueError(f"{source} holds no dialogues: give a .toml file, or a folder with some")
    places: dict[str, Path] = {}
    found: list[Scenario] = []
    for path in paths:
        for scenario in _read(path):
            if scenario.name in places:
                raise ValueError(
                    f"{path}, dialogue {scenario.name}: {places[scenario.name]} has one of this name: rename it"
                )
            places[scenario.name] = path
            found.append(scenario)
    return tuple(found)


def _read(path: Path) -> list[Scenario]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a file of TOML: {error}") from error
    table = _Table(document, str(path))
    rows = table.tables("dialogue")
    table.close()
    return [_scenario(row) for row in rows]


def _scenario(table: "_Table") -> Scenario:
    name = table.text("name")
    table = table.named(name)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise table.error("the name may hold small letters, digits and _ only")
    half, setting = table.choice("half", HALVES), table.text("setting")
    dimensions = tuple(table.one_of(word, "dimensions", list(Dimension)) for word in table.texts("dimensions"))
    if not dimensions or len(set(dimensions)) < len(dimensions):
        raise table.error("dimensions must name at least one dimension, and none twice")
    rows = table.tables("turn")
    table.close()
    if not FEWEST_TURNS <= len(rows) <= MOST_TURNS:
        raise table.error(f"it has {len(rows)} turns: write {FEWEST_TURNS} to {MOST_TURNS}")
    turns = tuple(_turn(row) for row in rows)
    before: Turn | None = None
    for row, turn in zip(rows, turns, strict=True):
        if wrong := _fault(turn, before):
            raise row.error(wrong)
        before = turn
    if turns[-1].interrupts_after is not None:
        raise rows[-1].error("interrupts_after needs a next turn that breaks in: leave it out of the last turn")
    return Scenario(name, half, dimensions, setting, turns)


def _turn(table: "_Table") -> Turn:
    kind = table.choice("kind", list(TurnKind))
    turn = Turn(
        kind=kind,
        says="" if kind is TurnKind.SILENCE else table.text("says"),
        must=table.texts("must"),
        must_not=table.texts("must_not"),
        emotion=table.choice("emotion", MOODS),
        language=table.choice("language", LANGUAGES, "en"),
        silent_s=table.seconds("silent_s") if kind is TurnKind.SILENCE else 0.0,
        interrupts_after=table.seconds("interrupts_after") if "interrupts_after" in table else None,
        remembers=table.texts("remembers") if "remembers" in table else (),
    )
    table.close()
    return turn


def _fault(turn: Turn, before: Turn | None) -> str:
    """What does not fit the turn's kind or the turn before it; empty where all does."""
    if not turn.must or not turn.must_not:
        return "must and must_not name one thing at least: say what a good answer contains and what spoils it"
    if (turn.kind is TurnKind.MIXED_LANGUAGES) != (turn.language != "en"):
        return 'a turn of kind mixed_languages names its other language, all others are "en"'
    broken_into = before is not None and before.interrupts_after is not None
    if (turn.kind is TurnKind.INTERRUPTION) != broken_into:
        return "a turn of kind interruption follows one with interrupts_after, and no other turn does"
    if turn.kind is TurnKind.REFERENCE_BACK and not turn.remembers:
        return "a turn of kind reference_back says under remembers which facts it leans on"
    if before is None and turn.remembers:
        return "the first turn has nothing to remember: leave remembers out"
    return ""


class _Table:
    """A table of TOML and its place, from which known keys are taken; `close` refuses the others."""

    def __init__(self, rows: dict[str, Any], place: str, taken: set[str] | None = None) -> None:
        self._rows, self._place = rows, place
        self._taken: set[str] = taken or set()

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def error(self, wrong: str) -> ValueError:
        return ValueError(f"{self._place}: {wrong}")

    def named(self, name: str) -> "_Table":
        """The same table, whose place ends in a name rather than a number."""
        return _Table(self._rows, f"{self._place.rpartition(' ')[0]} {name}", self._taken)

    def close(self) -> None:
        unknown = sorted(self._rows.keys() - self._taken)
        if unknown:
            known = ", ".join(sorted(self._taken))
            raise self.error(f"{unknown[0]} is not a key that is known here: these are {known}")

    def text(self, key: str) -> str:
        value = self._take(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"{key} must be a text that is not empty")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._take(key)
        if not isinstance(value, list):
            raise self.error(f"{key} must be a list of texts")
        found = cast("list[object]", value)
        if not all(isinstance(one, str) and one.strip() for one in found):
            raise self.error(f"{key} must be a list of texts that are not empty")
        return tuple(str(one) for one in found)

    def seconds(self, key: str) -> float:
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 60:
            raise self.error(f"{key} must be a number of seconds above 0 and below 60")
        return float(value)

    def choice(self, key: str, choices: Sequence[Choice], otherwise: Choice | None = None) -> Choice:
        """The one of `choices` that the key names; `otherwise` where it is missing."""
        if otherwise is not None and key not in self._rows:
            self._taken.add(key)
            return otherwise
        return self.one_of(self.text(key), key, choices)

    def one_of(self, word: str, key: str, choices: Sequence[Choice]) -> Choice:
        if word not in choices:
            raise self.error(f"{key} {word!r} is not known: choose from {', '.join(choices)}")
        return choices[choices.index(cast("Choice", word))]

    def tables(self, key: str) -> "list[_Table]":
        value = self._take(key)
        rows = cast("list[object]", value) if isinstance(value, list) else []
        if not rows or not all(isinstance(row, dict) for row in rows):
            raise self.error(f"{key} must be a list of tables: begin each with [[{key}]]")
        return [_Table(cast("dict[str, Any]", row), f"{self._place}, {key} {i}") for i, row in enumerate(rows, 1)]

    def _take(self, key: str) -> object:
        self._taken.add(key)
        if key not in self._rows:
            raise self.error(f"{key} is missing")
        return cast("object", self._rows[key])
