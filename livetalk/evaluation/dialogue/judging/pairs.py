"""Pairs: two systems' dialogues of one scenario, compared in both orders.

A judge that prefers whatever comes first contradicts itself when the two change places; such a pair is a tie, and how
many there were is told. Knows verdicts; no evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from livetalk.evaluation.dialogue.judging.verdicts import Better, Preference

Winner = Literal["a", "b", "tie"]
_FORWARD: dict[Better, Winner] = {"first": "a", "second": "b", "tie": "tie"}
_BACKWARD: dict[Better, Winner] = {"first": "b", "second": "a", "tie": "tie"}


@dataclass(frozen=True)
class PairVerdict:
    """Which of a and b is better, and whether the judge said so in both orders."""

    winner: Winner
    consistent: bool


@dataclass(frozen=True)
class PairTally:
    """Pairs of two systems in one dimension. inconsistent: of the ties, those that the order alone decided."""

    wins: int
    losses: int
    ties: int
    inconsistent: int

    @property
    def share(self) -> float:
        """Share of pairs that a wins, ties as a half."""
        return (self.wins + self.ties / 2) / max(1, self.wins + self.losses + self.ties)


def both_orders(forward: Preference, backward: Preference) -> PairVerdict:
    """forward: a was shown first; backward: b was."""
    one, other = _FORWARD[forward.better], _BACKWARD[backward.better]
    return PairVerdict(one, True) if one == other else PairVerdict("tie", False)


def tally(pairs: Sequence[PairVerdict]) -> PairTally:
    """Counts of some pairs."""
    won = [pair.winner for pair in pairs]
    return PairTally(won.count("a"), won.count("b"), won.count("tie"), sum(not pair.consistent for pair in pairs))
