"""Verdicts: what a judge says of a dialogue in one dimension, of a checklist, or of two dialogues side by side.

Where the endpoint gives the probabilities of tokens, a score is the expected one of the five levels, which tells more
than the one that was drawn. Knows texts and probabilities; neither requests nor evidence.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

from livetalk.evaluation.dialogue.judging import strict_json
from livetalk.evaluation.dialogue.judging.strict_json import UnusableAnswer

LOWEST, HIGHEST = 1, 5
CERTAIN = 0.5  # of a token's probability lies on levels, else its probabilities say nothing about them

ItemVerdict = Literal["yes", "partial", "no"]
ITEM_SCORES: dict[str, float] = {"yes": 1.0, "partial": 0.5, "no": 0.0}
Better = Literal["first", "second", "tie"]


@dataclass(frozen=True)
class TokenChoice:
    """A token of an answer, and the logarithms of the probabilities of those that could have stood there."""

    token: str
    top: Mapping[str, float]


@dataclass(frozen=True)
class JudgeVerdict:
    """A level of the rubric and why. expected: mean level under the judge's own probabilities, if it gave them."""

    level: int
    reason: str
    expected: float | None = None

    @property
    def score(self) -> float:
        return self.level if self.expected is None else self.expected


@dataclass(frozen=True)
class CheckedItem:
    """A checklist item's verdict; None: it does not apply."""

    item: str
    verdict: ItemVerdict | None
    reason: str

    @property
    def score(self) -> float | None:
        return None if self.verdict is None else ITEM_SCORES[self.verdict]


@dataclass(frozen=True)
class Preference:
    """Which of two dialogues is better, and why."""

    better: Better
    reason: str


def read_verdict(text: str, tokens: Sequence[TokenChoice] = ()) -> JudgeVerdict:
    """Raises UnusableAnswer."""
    held = strict_json.parse(text)
    strict_json.exactly(held, ("score", "reason"))
    level = strict_json.whole(held, "score", LOWEST, HIGHEST)
    return JudgeVerdict(level, strict_json.text(held, "reason"), expected_level(tokens))


def read_checklist(text: str, items: Sequence[str]) -> tuple[CheckedItem, ...]:
    """Verdicts in the order of the items. Raises UnusableAnswer for items that are missing, unknown or named twice."""
    held = strict_json.parse(text)
    strict_json.exactly(held, ("items",))
    found = [_checked(row) for row in strict_json.rows(held, "items")]
    if sorted(one.item for one in found) != sorted(items):
        raise UnusableAnswer(f"it judges {', '.join(one.item for one in found)} in place of {', '.join(items)}")
    return tuple(sorted(found, key=lambda one: list(items).index(one.item)))


def read_preference(text: str) -> Preference:
    """Raises UnusableAnswer."""
    held = strict_json.parse(text)
    strict_json.exactly(held, ("better", "reason"))
    better = held["better"]
    if better not in get_args(Better):
        raise UnusableAnswer(f"better is {better!r} in place of first, second or tie")
    return Preference(cast("Better", better), strict_json.text(held, "reason"))


def expected_level(tokens: Sequence[TokenChoice]) -> float | None:
    """The mean level by the probabilities of the token that gives the score; None where they do not tell.

    The score's token is the first one of digits: the key before it has none, and the reason comes after it.
    """
    for choice in tokens:
        if choice.token.strip().isdigit():
            shares = [(int(word), math.exp(p)) for word, p in choice.top.items() if _is_level(word.strip())]
            whole = sum(share for _, share in shares)
            return None if whole < CERTAIN else sum(level * share for level, share in shares) / whole
    return None


def _is_level(word: str) -> bool:
    return word in map(str, range(LOWEST, HIGHEST + 1))


def _checked(row: Mapping[str, object]) -> CheckedItem:
    strict_json.exactly(row, ("id", "verdict", "reason"))
    verdict = row["verdict"]
    if verdict is not None and verdict not in get_args(ItemVerdict):
        raise UnusableAnswer(f"verdict is {verdict!r} in place of yes, partial, no or null")
    name, reason = strict_json.text(row, "id"), strict_json.text(row, "reason")
    return CheckedItem(name, cast("ItemVerdict | None", verdict), reason)
