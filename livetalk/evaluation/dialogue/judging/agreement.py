"""Agreement of ratings: Krippendorff's alpha for ordinal scales.

After K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): observed over expected disagreement of all
pairs of ratings of one unit, with the ordinal metric. 1 is agreement, 0 what chance gives. Knows numbers only.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

NAN = float("nan")


def ordinal_alpha(units: Sequence[Sequence[float | None]]) -> float:
    """Alpha of units that were rated several times; None or NaN: no rating. NaN where alpha is undefined.

    Undefined without a unit of two ratings, and where all ratings are the same: nothing was told apart.
    """
    rated = [[float(one) for one in unit if one is not None and one == one] for unit in units]
    rated = [unit for unit in rated if len(unit) > 1]
    levels = sorted({one for unit in rated for one in unit})
    if len(levels) < 2:
        return NAN
    pairs = _coincidences(rated, levels)
    totals = pairs.sum(0)
    distance = _ordinal(totals)
    expected = np.outer(totals, totals) - np.diag(totals)
    return float(1 - (totals.sum() - 1) * (pairs * distance).sum() / (expected * distance).sum())


def _coincidences(rated: Sequence[Sequence[float]], levels: Sequence[float]) -> Float[np.ndarray, "v v"]:
    """How often two levels meet in a unit; each unit weighs as many as it has ratings."""
    found = np.zeros((len(levels), len(levels)))
    for unit in rated:
        counts = np.array([unit.count(level) for level in levels], float)
        found += (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)
    return found


def _ordinal(totals: Float[np.ndarray, " v"]) -> Float[np.ndarray, "v v"]:
    """Squared distance of two levels: the ratings that lie between them, half of both ends'."""
    middle = np.cumsum(totals) - totals / 2
    return np.square(middle[:, None] - middle[None, :])
