"""Scores of systems: percentiles of pooled z-scores as the paper has them, beside raw means with intervals.

Every dialogue counts the same, however many turns it has. A verdict that is missing leaves its dialogue out of that
dimension, and is told; it is never a zero. Knows verdicts; no files.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from livetalk.evaluation import estimates
from livetalk.evaluation.dialogue.judging.agreement import ordinal_alpha
from livetalk.evaluation.dialogue.scenarios import Dimension, DimensionGroup
from livetalk.evaluation.dialogue.scoring.results import ComparedSystems, JudgedDialogue, Judging
from livetalk.evaluation.estimates import Estimate

NAN = float("nan")
TURN_CHECKS = ("must", "must_not", "remembers")


@dataclass(frozen=True)
class SystemScore:
    """A system in one dimension. raw: mean level; percentile: mean of the dialogues' percentiles among all systems'."""

    raw: Estimate
    percentile: Estimate
    missing: int


@dataclass(frozen=True)
class SystemRow:
    """A system. latency_s: mean over dialogues; statements: share of a kind of statements that is true, by kind."""

    system: str
    dialogues: int
    scores: Mapping[str, SystemScore]
    groups: Mapping[str, float]
    latency_s: Estimate
    statements: Mapping[str, Estimate]
    words: Estimate
    seconds: Estimate
    failed_turns: int


@dataclass(frozen=True)
class JudgeAgreement:
    """Agreement of a judge with itself in one dimension, over its repeats; and of scores with the answers' length."""

    dimension: str
    alpha: float
    length_r: float


@dataclass(frozen=True)
class ScoreTable:
    """All systems, and how far the judge agrees."""

    systems: tuple[SystemRow, ...]
    agreement: tuple[JudgeAgreement, ...]
    pairs: tuple[ComparedSystems, ...]


def score_table(judging: Judging) -> ScoreTable:
    """Scores of all systems of a judging, in the order of their names."""
    percentiles = {one.value: _percentiles(judging.dialogues, one.value) for one in Dimension}
    names = sorted({one.system for one in judging.dialogues})
    return ScoreTable(
        tuple(_system(name, judging.dialogues, percentiles) for name in names),
        tuple(_agreement(one.value, judging.dialogues) for one in Dimension),
        judging.pairs,
    )


def percentiles(values: Sequence[float]) -> Float[np.ndarray, " n"]:
    """Percentiles of values among themselves under a normal distribution: 100 Phi((x - mean) / deviation).

    50 for all where they do not differ.
    """
    found = np.asarray(values, float)
    deviation = found.std() if len(found) else 0.0
    z = (found - found.mean()) / deviation if deviation > 1e-9 else np.zeros(len(found))
    return np.array([50 * (1 + math.erf(one / math.sqrt(2))) for one in z])


def spearman(a: Sequence[float], b: Sequence[float]) -> float:
    """Correlation of ranks, ties at their mean rank; NaN where one of the two never changes."""
    if len(a) < 3 or len(set(a)) < 2 or len(set(b)) < 2:
        return NAN
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _percentiles(dialogues: Sequence[JudgedDialogue], dimension: str) -> Mapping[int, float]:
    """By the dialogue's place, of those whose score is there."""
    found = {i: mean for i, one in enumerate(dialogues) if (mean := _mean(one, dimension)) is not None}
    return dict(zip(found, percentiles([*found.values()]), strict=True))


def _mean(dialogue: JudgedDialogue, dimension: str) -> float | None:
    return next((row.mean for row in dialogue.scores if row.dimension == dimension), None)


def _system(name: str, dialogues: Sequence[JudgedDialogue], pooled: Mapping[str, Mapping[int, float]]) -> SystemRow:
    own = [(i, one) for i, one in enumerate(dialogues) if one.system == name]
    scores: dict[str, SystemScore] = {}
    for dimension in Dimension:
        raw = [mean for _, one in own if (mean := _mean(one, dimension.value)) is not None]
        share = [pooled[dimension.value][i] for i, _ in own if i in pooled[dimension.value]]
        scores[dimension.value] = SystemScore(estimates.mean(raw), estimates.mean(share), len(own) - len(raw))
    held = [one for _, one in own]
    return SystemRow(
        name,
        len(own),
        scores,
        {group.value: _group(scores, group) for group in DimensionGroup},
        estimates.mean([found for one in held if (found := _latency(one)) is not None]),
        {kind: estimates.mean([s for one in held if (s := _true(one, kind)) is not None]) for kind in TURN_CHECKS},
        estimates.mean([float(one.words) for one in held]),
        estimates.mean([one.seconds for one in held]),
        sum(turn.failed is not None for one in held for turn in one.turns),
    )


def _group(scores: Mapping[str, SystemScore], group: DimensionGroup) -> float:
    """Mean percentile of a group's dimensions."""
    return float(np.mean([scores[one.value].percentile.value for one in Dimension if one.group is group]))


def _latency(dialogue: JudgedDialogue) -> float | None:
    found = [turn.latency_s for turn in dialogue.turns if turn.latency_s is not None]
    return float(np.mean(found)) if found else None


def _true(dialogue: JudgedDialogue, kind: str) -> float | None:
    found = [one.score for one in dialogue.checklist if one.kind == kind and one.score is not None]
    return float(np.mean(found)) if found else None


def _agreement(dimension: str, dialogues: Sequence[JudgedDialogue]) -> JudgeAgreement:
    rows = [row for one in dialogues for row in one.scores if row.dimension == dimension]
    both = [(float(one.words), mean) for one in dialogues if (mean := _mean(one, dimension)) is not None]
    return JudgeAgreement(
        dimension, ordinal_alpha([row.levels for row in rows]), spearman([a for a, _ in both], [b for _, b in both])
    )


def _ranks(values: Sequence[float]) -> Float[np.ndarray, " n"]:
    found = np.asarray(values, float)
    return np.array([(found < one).sum() + ((found == one).sum() - 1) / 2 for one in found])
