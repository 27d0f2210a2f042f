"""Reading of a judge's request: the evidence and the question, back out of the messages of a chat completion.

Everything that the small judge knows comes through here: it is sent what any judge is sent, and no more. Knows the
layout of `judging.requests`.
"""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from livetalk.evaluation.dialogue.judging.evidence import Evidence, Expectations, TimedFrame, TurnEvidence
from livetalk.evaluation.dialogue.judging.requests import BROKEN_INTO, CHECK, COMPARE, SILENT, UNTOLD, ChecklistItem
from livetalk.evaluation.dialogue.judging.rubrics import rubric
from livetalk.evaluation.dialogue.scenarios import Dimension

STATEMENT = re.compile(r"(\S+), answer (\d+): It (does|avoids|remembers) this: (.*)")
KINDS = {"does": "must", "avoids": "must_not", "remembers": "remembers"}


@dataclass(frozen=True)
class JudgeQuestion:
    """What is asked. dimension: None for a checklist. dialogues: two where they are to be compared."""

    dimension: Dimension | None
    dialogues: tuple[Evidence, ...]
    items: tuple[ChecklistItem, ...] = ()

    @property
    def compares(self) -> bool:
        return len(self.dialogues) == 2


def read_question(body: Mapping[str, object]) -> JudgeQuestion:
    """Raises ValueError for a request that is not one of ours."""
    messages = body.get("messages")
    try:
        system, user = cast("Sequence[Mapping[str, object]]", messages)
        asked, parts = str(system["content"]), cast("list[Mapping[str, object]]", user["content"])
    except (TypeError, ValueError, KeyError) as error:
        raise ValueError("a judge is sent a rubric and a dialogue: two messages") from error
    if asked == CHECK:
        return JudgeQuestion(None, (_evidence(parts[:-1]),), tuple(_items(_words(parts[-1]))))
    dimension = next((one for one in Dimension if rubric(one) in asked), None)
    if dimension is None:
        raise ValueError("the small judge knows the bundled rubrics only")
    if not asked.startswith(COMPARE):
        return JudgeQuestion(dimension, (_evidence(parts),))
    second = next(i for i, part in enumerate(parts) if _words(part) == "Second conversation")
    return JudgeQuestion(dimension, (_evidence(parts[1:second]), _evidence(parts[second + 1 :])))


def _evidence(parts: Sequence[Mapping[str, object]]) -> Evidence:
    setting = _words(parts[0]).removeprefix("Setting: ")
    starts = [i for i, part in enumerate(parts) if _words(part).startswith("Turn ")]
    ends = [*starts[1:], len(parts)]
    return Evidence(setting, tuple(_turn(parts[a:b]) for a, b in zip(starts, ends, strict=True)))


def _turn(parts: Sequence[Mapping[str, object]]) -> TurnEvidence:
    lines = _words(parts[0]).splitlines()
    said = lines[1].removeprefix("Visitor: ")
    expected = Expectations(
        next(iter(_after("Feeling that fits the answer: ", lines)), ""),
        tuple(_after("A good answer does this: ", lines)),
        tuple(_after("A good answer avoids this: ", lines)),
        tuple(_after("A good answer remembers this: ", lines)),
    )
    turn = TurnEvidence("" if said == SILENT else said, expected)
    times: list[float] = []
    frames: list[TimedFrame] = []
    for part in parts[1:]:
        if part["type"] == "image_url":
            url = cast("Mapping[str, str]", part["image_url"])["url"]
            frames.append(TimedFrame(times[len(frames)], base64.b64decode(url.partition(",")[2])))
        elif part["type"] == "input_audio":
            turn = replace(turn, sound=base64.b64decode(cast("Mapping[str, str]", part["input_audio"])["data"]))
        elif (words := _words(part)).startswith("Pictures of answer "):
            times = [float(one) for one in words.partition(" at ")[2].removesuffix(" seconds:").split()]
        elif words == BROKEN_INTO:
            turn = replace(turn, broken_into=True)
        elif words.startswith("Answer "):
            turn = replace(turn, heard=_heard(words.partition(": ")[2]))
    return replace(turn, frames=tuple(frames))


def _heard(words: str) -> str | None:
    return None if words == UNTOLD else "" if words == SILENT else words


def _items(text: str) -> Iterator[ChecklistItem]:
    for line in text.splitlines()[1:]:
        if (found := STATEMENT.fullmatch(line)) is None:
            raise ValueError(f"the small judge cannot read the statement {line[:80]!r}")
        name, answer, kind, statement = found.groups()
        yield ChecklistItem(name, int(answer) - 1, KINDS[kind], statement)


def _after(beginning: str, lines: Sequence[str]) -> Iterator[str]:
    yield from (line.removeprefix(beginning) for line in lines if line.startswith(beginning))


def _words(part: Mapping[str, object]) -> str:
    return str(part["text"]) if part["type"] == "text" else ""
