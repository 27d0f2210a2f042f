"""Requests to a judge: rubric and evidence as messages of OpenAI's chat protocol, with the JSON that is to come back.

The layout is the same for all systems. Where evidence is missing, the judge is told to give the lowest level, so that
a score which it guesses shows in the ablation of modalities. Knows no network.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from livetalk.evaluation.dialogue.judging.evidence import Evidence, Modality, TurnEvidence
from livetalk.evaluation.dialogue.judging.rubrics import rubric
from livetalk.evaluation.dialogue.scenarios import Dimension, DimensionGroup

Json = Mapping[str, object]

INTRODUCTION = (
    "You judge a conversation between a visitor and a talking avatar, in one dimension only, by this rubric. "
    "Judge what you are shown and nothing else: where it does not show what the rubric asks for, give level 1."
)
EXPECTED = "What a good answer does is listed; where that speaks of a face, which you are not shown, pass it over."
SCORE = 'Answer with one JSON object: {"score": a whole number from 1 to 5, "reason": one sentence, naming the turn}.'
CHECK = (
    "You check the answers of an avatar against a list of statements, by what was said. Answer with one JSON object: "
    '{"items": [{"id": the statement\'s id, "verdict": "yes", "partial" or "no", or null where it cannot apply or '
    'speaks of a face, which you are not shown, "reason": one sentence}]}, with every id once.'
)
COMPARE = (
    "You are shown two conversations with the same visitor, one after the other, and say which is the better one by "
    'this rubric. Answer with one JSON object: {"better": "first", "second" or "tie", "reason": one sentence}.'
)
SILENT = "(silence)"
BROKEN_INTO = "The visitor breaks into this answer, so it need not be whole."
UNTOLD = "(not shown)"


@dataclass(frozen=True)
class Sampling:
    """How a judge draws its answer; the defaults are the paper's."""

    temperature: float = 0.1
    top_p: float = 0.9
    longest: int = 400  # tokens


@dataclass(frozen=True)
class ChecklistItem:
    """A statement about one answer that is true of a good one. turn: from 0."""

    name: str
    turn: int
    kind: str
    statement: str


def score_request(dimension: Dimension, evidence: Evidence) -> tuple[Json, ...]:
    """Messages that ask for the level of one dialogue."""
    listed = f"\n\n{EXPECTED}" if dimension.group is DimensionGroup.CONTENT else ""
    ask = f"{INTRODUCTION}\n\n{rubric(dimension)}{listed}\n\n{SCORE}"
    return _messages(ask, [*_dialogue(evidence, dimension)])


def pair_request(dimension: Dimension, first: Evidence, second: Evidence) -> tuple[Json, ...]:
    """Messages that ask which of two dialogues of one scenario is better."""
    ask = f"{COMPARE}\n\n{rubric(dimension)}"
    parts = [_text("First conversation"), *_dialogue(first, dimension)]
    return _messages(ask, [*parts, _text("Second conversation"), *_dialogue(second, dimension)])


def checklist_request(items: Sequence[ChecklistItem], evidence: Evidence) -> tuple[Json, ...]:
    """Messages that ask whether statements are true of what was said."""
    words = evidence.only(frozenset({Modality.TRANSCRIPT}))
    lines = [f"{item.name}, answer {item.turn + 1}: {item.statement}" for item in items]
    return _messages(CHECK, [*_dialogue(words, None), _text("\n".join(["Statements", *lines]))])


def checklist(evidence: Evidence) -> tuple[ChecklistItem, ...]:
    """The statements that a scenario holds about its answers; "yes" is good news for each of them."""
    found: list[ChecklistItem] = []
    for index, turn in enumerate(evidence.turns):
        expected = turn.expected
        rows = [("must", f"It does this: {one}") for one in expected.must]
        rows += [("must_not", f"It avoids this: {one}") for one in expected.must_not]
        rows += [("remembers", f"It remembers this: {one}") for one in expected.remembers]
        found += [ChecklistItem(f"{index + 1}.{i}", index, *row) for i, row in enumerate(rows, 1)]
    return tuple(found)


def response_format(schema: Json) -> Json:
    """The part of a request that has an endpoint enforce a schema, where it can."""
    return {"type": "json_schema", "json_schema": {"name": "verdict", "strict": True, "schema": schema}}


def _object(properties: Mapping[str, Json]) -> Json:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


_REASON: Json = {"type": "string", "minLength": 1}
SCORE_SCHEMA = _object({"score": {"type": "integer", "minimum": 1, "maximum": 5}, "reason": _REASON})
PAIR_SCHEMA = _object({"better": {"type": "string", "enum": ["first", "second", "tie"]}, "reason": _REASON})
_ITEM = _object({"id": _REASON, "verdict": {"enum": ["yes", "partial", "no", None]}, "reason": _REASON})
CHECK_SCHEMA = _object({"items": {"type": "array", "items": _ITEM}})


def _dialogue(evidence: Evidence, dimension: Dimension | None) -> Iterator[Json]:
    yield _text(f"Setting: {evidence.setting}")
    for number, turn in enumerate(evidence.turns, 1):
        yield _text("\n".join([f"Turn {number}", f"Visitor: {turn.says or SILENT}", *_expected(turn, dimension)]))
        if turn.broken_into:
            yield _text(BROKEN_INTO)
        if turn.frames:
            times = " ".join(f"{frame.time_s:.2f}" for frame in turn.frames)
            yield _text(f"Pictures of answer {number}, at {times} seconds:")
            yield from (_picture(frame.jpeg) for frame in turn.frames)
        if turn.sound:
            yield _text(f"Sound of answer {number}:")
            yield {"type": "input_audio", "input_audio": {"data": _coded(turn.sound), "format": "wav"}}
        if turn.heard is not None:
            yield _text(f"Answer {number}: {turn.heard or SILENT}")
        if not (turn.frames or turn.sound or turn.heard is not None):
            yield _text(f"Answer {number}: {UNTOLD}")


def _expected(turn: TurnEvidence, dimension: Dimension | None) -> Iterator[str]:
    """What a good answer is, as far as the dimension asks for it."""
    expected = turn.expected
    if dimension is Dimension.EMOTIONAL_APPROPRIATENESS:
        yield f"Feeling that fits the answer: {expected.emotion}"
    if dimension is not None and dimension.group is DimensionGroup.CONTENT:
        yield from (f"A good answer does this: {one}" for one in expected.must)
        yield from (f"A good answer avoids this: {one}" for one in expected.must_not)
        yield from (f"A good answer remembers this: {one}" for one in expected.remembers)


def _messages(system: str, parts: Sequence[Json]) -> tuple[Json, ...]:
    return {"role": "system", "content": system}, {"role": "user", "content": [*parts]}


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _picture(jpeg: bytes) -> Json:
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{_coded(jpeg)}"}}


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode()
