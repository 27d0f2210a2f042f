"""Estimate with a confidence interval: what some clips say about all clips like them, by the bootstrap over clips.

Clips are drawn, never frames: frames of one clip resemble each other, and an interval over frames would be far too
narrow. Knows numbers only.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float, Int

DRAWS = 1000
COVERAGE = 0.95


@dataclass(frozen=True)
class Estimate:
    """Estimate of a figure. value: from all clips; low, high: of its 95 % interval, NaN for one clip; n: clips."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}], n = {self.n}"

    def document(self) -> dict[str, float | None]:
        """As JSON holds it: `null` for what could not be measured."""
        return {name: None if value != value else value for name, value in asdict(self).items()}


def resamples(n: int, draws: int = DRAWS, seed: int = 0) -> Int[np.ndarray, "r n"]:
    """Indices of n clips drawn with replacement, r = draws times; always the same for a seed."""
    return np.random.default_rng(seed).integers(0, n, (draws, n))


def mean(values: Sequence[float] | Float[np.ndarray, " n"], seed: int = 0) -> Estimate:
    """Mean over clips, one value each. A NaN makes it NaN: give a clip that could not be measured its worst value."""
    found = np.asarray(values, dtype=float)
    if not len(found):
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    return _within(float(found.mean()), found[resamples(len(found), seed=seed)].mean(1), len(found))


def of_clips(
    statistic: Callable[[Int[np.ndarray, " n"]], float], n: int, draws: int = DRAWS, seed: int = 0
) -> Estimate:
    """Any statistic of a set of n clips. statistic: of clips by their indices, some of which may come twice."""
    drawn = np.array([statistic(rows) for rows in resamples(n, draws, seed)]) if n > 1 else np.empty(0)
    return _within(statistic(np.arange(n)), drawn, n)


def _within(value: float, drawn: Float[np.ndarray, " r"], n: int) -> Estimate:
    if n < 2 or not len(drawn):
        return Estimate(value, float("nan"), float("nan"), n)
    edge = (1 - COVERAGE) / 2
    low, high = np.quantile(drawn, (edge, 1 - edge))
    return Estimate(value, float(low), float(high), n)
