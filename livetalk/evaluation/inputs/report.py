"""Precision and recall of input checks by kind of fault, as a table and as JSON. Knows no pictures and no sound."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

CLEAN, UNSURE = "none", "unsure"
WANTED = 0.95  # of precision and of recall
DARK_TONE = 28.0  # typology angle, degrees: skin below it is called dark here, tan and brown included


@dataclass(frozen=True)
class InputVerdict:
    """What was planted in one example, what was said of it, and the skin's tone if there is skin."""

    planted: str
    told: tuple[str, ...]
    tone: float | None = None

    @property
    def refused(self) -> bool:
        """Whether the one thing said is that what was found may be no face."""
        return self.told == (UNSURE,)

    @property
    def right(self) -> bool:
        return self.told == (() if self.planted == CLEAN else (self.planted,))


@dataclass(frozen=True)
class Score:
    """Of one kind of fault. `refused`: no face was found, or perhaps none: sentences of their own; not counted."""

    examples: int
    refused: int
    precision: float
    recall: float
    least: str

    @property
    def reached(self) -> bool:
        return min(self.precision, self.recall) >= WANTED


def scores(verdicts: Sequence[InputVerdict], refused: Mapping[str, int], least: Mapping[str, str]) -> dict[str, Score]:
    """Precision counts warnings on examples of every other kind, and on those without fault, as false."""
    found: dict[str, Score] = {}
    for kind, strength in least.items():
        planted = [verdict for verdict in verdicts if verdict.planted == kind]
        told = [verdict for verdict in verdicts if kind in verdict.told]
        true = sum(verdict.planted == kind for verdict in told)
        found[kind] = Score(
            len(planted), refused.get(kind, 0), true / max(len(told), 1), true / max(len(planted), 1), strength
        )
    return found


def by_tone(verdicts: Sequence[InputVerdict]) -> tuple[float, float]:
    """Share of examples that were judged wholly right: dark skin, light skin."""
    shares: list[float] = []
    for dark in (True, False):
        group = [v.right for v in verdicts if v.tone is not None and (v.tone < DARK_TONE) == dark]
        shares.append(sum(group) / max(len(group), 1))
    return shares[0], shares[1]


@dataclass(frozen=True)
class InputFigures:
    """What was measured. Seconds: of a portrait's check, its face found; of the check of 30 s of speech."""

    speech: dict[str, Score]
    portraits: dict[str, Score]
    tones: tuple[float, float]  # share judged wholly right: dark skin, light skin
    portrait_seconds: float
    speech_seconds: float
    refused_clean: int = 0  # portraits without fault that were refused, each of which is a mistake


def markdown(outcome: InputFigures) -> str:
    """A table, and a line each for skin and time."""
    lines = ["| kind | examples | refused | precision | recall | least strength |", "|---|---|---|---|---|---|"]
    for kind, score in (outcome.speech | outcome.portraits).items():
        mark = "" if score.reached else " (below 0.95)"
        lines.append(
            f"| {kind} | {score.examples} | {score.refused} | {score.precision:.3f} | {score.recall:.3f}{mark} |"
            f" {score.least} |"
        )
    lines += ["", f"Portraits without fault in which no face, or perhaps none, was found: {outcome.refused_clean}."]
    dark, light = outcome.tones
    lines += ["", f"Judged wholly right: dark skin {100 * dark:.1f} %, light skin {100 * light:.1f} %."]
    lines += [f"A portrait takes {outcome.portrait_seconds:.3f} s, 30 s of speech {outcome.speech_seconds:.3f} s."]
    return "\n".join(lines)


def as_json(outcome: InputFigures) -> str:
    return json.dumps(asdict(outcome), indent=1)
