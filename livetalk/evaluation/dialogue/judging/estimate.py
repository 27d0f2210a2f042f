"""Estimate of a judging before it begins: answers, tokens and, where prices are given, dollars.

Tokens of pictures are those of models that cut them into squares of 28 pixels; others count otherwise. Knows counts.
"""

from dataclasses import dataclass

from livetalk.evaluation.dialogue.judging.faults import EFFECTS
from livetalk.evaluation.dialogue.judging.options import ControlOptions, FrameSampling, JudgeOptions, Prices
from livetalk.evaluation.dialogue.scenarios import Dimension, DimensionGroup

SQUARE = 28  # pixels a side that become one token
WORDS_TOKENS = 1_000  # of a request's rubric and words, about
ANSWER_TOKENS = 60
KINDS = 3  # of evidence, for the ablation


@dataclass(frozen=True)
class JudgingEstimate:
    """At most so many answers and tokens; what was judged before costs nothing."""

    answers: int
    tokens_in: float
    tokens_out: float
    price: float | None

    def __str__(self) -> str:
        tokens = f"about {self.tokens_in / 1e6:.1f} million tokens in and {self.tokens_out / 1e6:.2f} million out"
        price = "" if self.price is None else f", about {self.price:.2f} US dollars"
        return f"{self.answers} answers at most, {tokens}{price}; what was judged before is not asked again"


def estimate(
    turns: list[int],
    control_turns: list[int],
    pairs: int,
    judge: JudgeOptions,
    controls: ControlOptions,
    sampling: FrameSampling,
    prices: Prices,
) -> JudgingEstimate:
    """turns: of each dialogue; control_turns: of each calibration dialogue; pairs: of systems' dialogues."""
    visual = [one for one in Dimension if one.group is DimensionGroup.VISUAL]
    picture = sampling.frames * (sampling.frame_size / SQUARE) ** 2
    each = len(Dimension) * judge.repeats + 1
    answers, pictures = each * len(turns), len(visual) * judge.repeats * picture * sum(turns)
    if controls.faults:
        asked = [one for effect in EFFECTS.values() for one in effect.must | effect.untouched]
        asked += list(Dimension)
        answers += len(asked) * len(control_turns)
        pictures += sum(one in visual for one in asked) * picture * sum(control_turns)
    if controls.ablation:
        answers += len(Dimension) * KINDS * len(control_turns)
        pictures += len(Dimension) * picture * sum(control_turns)
    mean = sum(turns) / max(1, len(turns))
    answers, pictures = answers + 2 * len(Dimension) * pairs, pictures + 4 * len(visual) * pairs * picture * mean
    read, wrote = pictures + answers * WORDS_TOKENS, answers * ANSWER_TOKENS
    known = prices.price_in is not None or prices.price_out is not None
    price = (read * (prices.price_in or 0) + wrote * (prices.price_out or 0)) / 1e6 if known else None
    return JudgingEstimate(answers, read, wrote, price)
