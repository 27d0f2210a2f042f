"""Strict JSON of a judge's answer: exact keys, whole numbers that are no booleans, texts that say something.

Whatever is not exactly what was asked for is an `UnusableAnswer`, which says why. Knows no question.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import cast


class UnusableAnswer(ValueError):
    """An answer of a judge that is not what it was asked for."""


def parse(text: str) -> Mapping[str, object]:
    """The one JSON object that a text is."""
    try:
        found = cast("object", json.loads(text, object_pairs_hook=_once, parse_constant=_refuse))
    except (json.JSONDecodeError, RecursionError) as error:
        raise UnusableAnswer(f"it is not JSON: {text[:80]!r}") from error
    return mapping(found)


def mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise UnusableAnswer(f"{str(value)[:80]!r} is no object")
    return cast("dict[str, object]", value)


def exactly(held: Mapping[str, object], keys: Collection[str]) -> None:
    """Refuses keys that are missing, and others."""
    if set(held) != set(keys):
        raise UnusableAnswer(f"its keys are {', '.join(held) or 'none'} in place of {', '.join(keys)}")


def whole(held: Mapping[str, object], key: str, low: int, high: int) -> int:
    """A whole number within bounds; true and false are none, nor is 4.0."""
    value = held[key]
    if type(value) is not int or not low <= value <= high:
        raise UnusableAnswer(f"{key} is {value!r} in place of a whole number from {low} to {high}")
    return value


def text(held: Mapping[str, object], key: str) -> str:
    value = held[key]
    if not isinstance(value, str) or not value.strip():
        raise UnusableAnswer(f"{key} is {value!r} in place of a text")
    return value.strip()


def rows(held: Mapping[str, object], key: str) -> Sequence[Mapping[str, object]]:
    value = held[key]
    if not isinstance(value, list):
        raise UnusableAnswer(f"{key} is {value!r} in place of a list")
    return [mapping(one) for one in cast("list[object]", value)]


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnusableAnswer("it names a key twice")
    return found


def _refuse(constant: str) -> float:
    raise UnusableAnswer(f"it holds {constant}, which JSON does not know")
