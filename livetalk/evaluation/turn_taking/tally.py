"""Tally of a figure in one dialogue: a sum and the weight it is divided by, so that long dialogues count for more."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from livetalk.evaluation.estimates import Estimate, of_clips


@dataclass(frozen=True)
class Tally:
    """total: seconds, events or frames that are counted; weight: turns, seconds, minutes or frames they are out of."""

    total: float
    weight: float


def estimate(tallies: Sequence[Tally]) -> Estimate:
    """Sum over sum of weights, with its interval over dialogues; those in which there was nothing to count are none."""
    rows = np.array([(tally.total, tally.weight) for tally in tallies if tally.weight > 0]).reshape(-1, 2)
    if not len(rows):
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    return of_clips(lambda drawn: float(rows[drawn, 0].sum() / rows[drawn, 1].sum()), len(rows))
