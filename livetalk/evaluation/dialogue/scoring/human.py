"""Human raters beside the judge: how far they agree with one another, and the judge with their mean.

Ratings come from a CSV file with the columns rater, system, scenario, dimension and level (1 to 5). Knows levels; who
the raters were and what they were shown stands in no file of ours.
"""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livetalk.evaluation import estimates
from livetalk.evaluation.dialogue.judging.agreement import ordinal_alpha
from livetalk.evaluation.dialogue.scenarios import Dimension
from livetalk.evaluation.dialogue.scoring.results import Judging
from livetalk.evaluation.dialogue.scoring.scores import spearman
from livetalk.evaluation.estimates import Estimate

COLUMNS = ("rater", "system", "scenario", "dimension", "level")
LEVELS = ("1", "2", "3", "4", "5")
FEWEST_RATERS = 3


@dataclass(frozen=True)
class HumanRating:
    """A person's level for one dialogue in one dimension."""

    rater: str
    system: str
    scenario: str
    dimension: str
    level: int


@dataclass(frozen=True)
class HumanAgreement:
    """One dimension. alpha: Krippendorff's among people; judge_r: Spearman's of the judge and their mean."""

    dimension: str
    raters: int
    alpha: float
    judge_r: Estimate


def read_ratings(path: Path) -> tuple[HumanRating, ...]:
    """Raises ValueError that names the line and what is wrong with it."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: export it as CSV") from error
    if not rows or not set(COLUMNS) <= set(rows[0]):
        raise ValueError(f"{path} needs the columns {', '.join(COLUMNS)}, and a line for each rating")
    found: dict[tuple[str, ...], HumanRating] = {}
    for line, row in enumerate(rows, 2):
        *who, level = (str(row[name] or "").strip() for name in COLUMNS)
        if who[3] not in list(Dimension) or level not in LEVELS:
            raise ValueError(f"{path}, line {line}: dimension {who[3]!r}, level {level!r}; levels are 1 to 5")
        if tuple(who) in found:
            raise ValueError(f"{path}, line {line}: {who[0]} rates this dialogue a second time: keep one of the two")
        found[tuple(who)] = HumanRating(who[0], who[1], who[2], who[3], int(level))
    if (raters := len({one.rater for one in found.values()})) < FEWEST_RATERS:
        raise ValueError(f"{path} has {raters} raters: {FEWEST_RATERS} at least say how far people agree")
    return tuple(found.values())


def human_agreement(judging: Judging, ratings: Sequence[HumanRating]) -> tuple[HumanAgreement, ...]:
    """Of the dimensions that were rated. Raises ValueError if nothing that was judged was rated."""
    judged = {(one.system, one.scenario, row.dimension): row.mean for one in judging.dialogues for row in one.scores}
    levels: dict[str, dict[tuple[str, str, str], list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in ratings:
        key = (one.system, one.scenario, one.dimension)
        if judged.get(key) is not None:
            levels[one.dimension][key].append(one.level)
    if not levels:
        raise ValueError("none of the rated dialogues was judged: systems and scenarios must have the same names")
    return tuple(_agreement(name, units, judged, ratings) for name, units in levels.items())


def _agreement(
    dimension: str,
    units: dict[tuple[str, str, str], list[int]],
    judged: dict[tuple[str, str, str], float | None],
    ratings: Sequence[HumanRating],
) -> HumanAgreement:
    people = np.array([float(np.mean(unit)) for unit in units.values()])
    judge = np.array([judged[key] for key in units], float)
    raters = len({one.rater for one in ratings if one.dimension == dimension})
    r = estimates.of_clips(lambda rows: spearman(judge[rows].tolist(), people[rows].tolist()), len(units))
    return HumanAgreement(dimension, raters, ordinal_alpha(list(units.values())), r)
