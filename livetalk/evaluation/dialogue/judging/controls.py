"""Controls of a judge: planted faults that it must see, and modalities without which its scores must fall.

A dimension whose fault goes unseen, or whose score stays when what it judges is not shown, is not measured. Knows
paired scores of the calibration dialogues; neither requests nor systems.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from livetalk.evaluation import estimates
from livetalk.evaluation.dialogue.judging.evidence import Modality
from livetalk.evaluation.dialogue.judging.faults import EFFECTS, PlantedFault
from livetalk.evaluation.dialogue.scenarios import Dimension, DimensionGroup
from livetalk.evaluation.dialogue.scoring.results import AblationEffect, FaultEffect, Role
from livetalk.evaluation.estimates import Estimate

SEEN = 0.5  # levels that a score falls by, at least, where a fault was seen
FEWEST = 4  # dialogues in which a fault must have been planted

Pairs = Sequence[tuple[float, float]]


def fault_effect(fault: PlantedFault, dimension: Dimension, pairs: Pairs) -> FaultEffect:
    """pairs: scores of each dialogue, as it was and with the fault."""
    role: Role = "must" if dimension in EFFECTS[fault].must else "untouched"
    drop = _drop(pairs)
    moved = _falls(drop) if role == "must" else _falls(drop) or _falls(_drop([(b, a) for a, b in pairs]))
    return FaultEffect(fault.value, dimension.value, role, drop, moved)


def ablation_effect(dimension: Dimension, shown: Modality, pairs: Pairs) -> AblationEffect:
    """pairs: scores of each dialogue with all that the dimension's judge is shown, and with one kind only."""
    drop = _drop(pairs)
    return AblationEffect(dimension.value, shown.value, drop, _falls(drop), shown is stranger_to(dimension))


def stranger_to(dimension: Dimension) -> Modality:
    """The kind of evidence that cannot tell of a dimension: a score that stays with it alone was guessed."""
    return Modality.FRAMES if dimension.group is DimensionGroup.CONTENT else Modality.TRANSCRIPT


def unmeasured(
    faults: Sequence[FaultEffect], ablation: Sequence[AblationEffect], hears: bool = True
) -> Mapping[str, str]:
    """Dimensions that are not believed, and why. hears: whether the judge was sent sound where it may be."""
    found: dict[str, str] = {}
    for dimension in Dimension:
        why = [_unseen(row) for row in faults if row.dimension == dimension and row.role == "must" and not row.moved]
        why += [
            f"its score stays when only {row.shown} is shown"
            for row in ablation
            if row.dimension == dimension and row.decides and not row.moved
        ]
        if not any(row.dimension == dimension and row.role == "must" for row in faults):
            why.append("its fault was not tried")
        if why and not hears and dimension is Dimension.CONVERSATIONAL_NATURALNESS:
            why = ["its judge was sent no sound, without which lips that are late cannot be seen"]
        if why:
            found[dimension.value] = "; ".join(why)
    return found


def _unseen(row: FaultEffect) -> str:
    name = row.fault.replace("_", " ")
    if row.drop.n < FEWEST:
        return f"{name} could be planted and judged in {row.drop.n} dialogues only"
    return f"{name} lowers it by {row.drop.value:.2f} only"


def _drop(pairs: Pairs) -> Estimate:
    return estimates.mean(np.array([before - after for before, after in pairs], float))


def _falls(drop: Estimate) -> bool:
    """By enough to be seen, in enough dialogues, and not by chance."""
    return drop.n >= FEWEST and drop.value >= SEEN and drop.low > 0
