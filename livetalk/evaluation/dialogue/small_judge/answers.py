"""Answers of the small judge in the JSON that is asked for, with the probabilities of the levels.

A level between two whole ones is drawn as the nearer one; the probabilities of the two give it exactly. Knows
questions; no network.
"""

import json
import math
from collections.abc import Callable, Mapping

from livetalk.evaluation.dialogue.judging.evidence import Evidence
from livetalk.evaluation.dialogue.judging.verdicts import HIGHEST, LOWEST
from livetalk.evaluation.dialogue.scenarios import Dimension
from livetalk.evaluation.dialogue.small_judge import content, visual
from livetalk.evaluation.dialogue.small_judge.reading import JudgeQuestion
from livetalk.evaluation.dialogue.small_judge.seeing import FaceMeter
from livetalk.evaluation.dialogue.small_judge.visual import Level

ALIKE = 0.25  # levels between two dialogues that are equally good
VISUAL: Mapping[Dimension, Callable[[Evidence, FaceMeter], Level]] = {
    Dimension.EMOTIONAL_APPROPRIATENESS: visual.emotional_appropriateness,
    Dimension.NONVERBAL_INTERACTION: visual.nonverbal_interaction,
    Dimension.MULTI_VIDEO_COHERENCE: visual.multi_video_coherence,
    Dimension.CONVERSATIONAL_NATURALNESS: visual.conversational_naturalness,
}
CONTENT: Mapping[Dimension, Callable[[Evidence], Level]] = {
    Dimension.SEMANTIC_RELEVANCE: content.semantic_relevance,
    Dimension.INFORMATION_COMPLETENESS: content.information_completeness,
    Dimension.LOGICAL_CONSISTENCY: content.logical_consistency,
    Dimension.CONTEXT_UNDERSTANDING: content.context_understanding,
    Dimension.OVERALL_EXPERIENCE: content.overall_experience,
}


def level(dimension: Dimension, evidence: Evidence, meter: FaceMeter) -> Level:
    """Of one dialogue in one dimension."""
    return VISUAL[dimension](evidence, meter) if dimension in VISUAL else CONTENT[dimension](evidence)


def answer(question: JudgeQuestion, meter: FaceMeter) -> tuple[list[str], float]:
    """The answer's text in pieces, and the exact level of the second one, NaN where none is given."""
    if question.dimension is None:
        return [json.dumps({"items": _checked(question)})], math.nan
    levels = [level(question.dimension, one, meter) for one in question.dialogues]
    if question.compares:
        first, second = levels
        better = "first" if first.value > second.value + ALIKE else "second"
        better = "tie" if abs(first.value - second.value) <= ALIKE else better
        return [json.dumps({"better": better, "reason": f"first: {first.reason}; second: {second.reason}"})], math.nan
    (found,) = levels
    whole = str(round(min(max(found.value, LOWEST), HIGHEST)))
    return ['{"score": ', whole, f', "reason": {json.dumps(found.reason)}}}'], found.value


def level_shares(value: float) -> dict[str, float]:
    """Probabilities of whole levels, whose mean is the level."""
    below = min(math.floor(value), HIGHEST - 1)
    return {str(below): below + 1 - value, str(below + 1): value - below}


def _checked(question: JudgeQuestion) -> list[dict[str, str | None]]:
    found = [(item, *content.check(item, question.dialogues[0])) for item in question.items]
    return [{"id": item.name, "verdict": verdict, "reason": reason} for item, verdict, reason in found]
