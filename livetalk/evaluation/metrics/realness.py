"""Realness: how far a set of faces is from a set of real ones, by the kernel distance of their descriptors.

The unbiased estimate of the squared maximum mean discrepancy with a polynomial kernel of degree 3 (Binkowski et al.
2018, arXiv:1801.01401): 0 where both sets are alike, whatever their sizes; it may fall below 0 by chance. Frames of one
person are no independent draws, so pairs of one person are left out: few people in many frames would seem far from
many people, and near to their own photographs. Subsets tell how sure it is. Knows rows of numbers only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

SUBSETS = 10
LARGEST = 200  # rows of a subset
LEAST_SPREAD = 0.25  # of a column over the median column's: one that real faces hardly move would outweigh all others

Rows = Float[np.ndarray, "n d"]


@dataclass(frozen=True)
class DescriptorSet:
    """Descriptors, and whose each is."""

    rows: Rows
    names: Sequence[str]

    def found(self) -> "DescriptorSet":
        """Those that are finite."""
        return self.at(np.flatnonzero(np.isfinite(self.rows).all(axis=1)))

    def at(self, places: Int[np.ndarray, " k"]) -> "DescriptorSet":
        return DescriptorSet(self.rows[places], [self.names[int(place)] for place in places])


def kernel_distance(one: DescriptorSet, other: DescriptorSet) -> float:
    """Squared distance of two sets, unbiased (equation 4 there). NaN if a set holds fewer than two people."""
    own = _mean(one, one) + _mean(other, other)
    return own - 2 * _mean(one, other)


def subset_distances(made: DescriptorSet, real: DescriptorSet, seed: int = 0) -> Float[np.ndarray, " s"]:
    """`kernel_distance` of `SUBSETS` pairs of subsets, in units of the real rows' spread.

    Subsets of equal seeds take equal rows of `real`, so distances of several sets to it can be compared one by one.
    """
    real, made = real.found(), made.found()
    if min(len(real.rows), len(made.rows)) < 4:
        return np.full(SUBSETS, np.nan)
    middle, spread = real.rows.mean(axis=0), real.rows.std(axis=0)
    spread = np.maximum(spread, LEAST_SPREAD * np.median(spread)) + 1e-9
    real, made = (DescriptorSet((set_.rows - middle) / spread, set_.names) for set_ in (real, made))
    found = []
    for place in range(SUBSETS):
        of_real, of_made = (np.random.default_rng((seed, place, side)) for side in (0, 1))
        found.append(kernel_distance(_some(made, of_made), _some(real, of_real)))
    return np.array(found)


def _mean(one: DescriptorSet, other: DescriptorSet) -> float:
    """Mean of the kernel over pairs of different people; NaN without any."""
    apart = np.array(one.names)[:, None] != np.array(other.names)[None]
    kernel = (one.rows @ other.rows.T / one.rows.shape[1] + 1.0) ** 3
    return float(kernel[apart].mean()) if apart.any() else float("nan")


def _some(people: DescriptorSet, rng: np.random.Generator) -> DescriptorSet:
    """Half of the rows at most, so that subsets differ."""
    count = len(people.rows)
    return people.at(rng.permutation(count)[: max(2, min(LARGEST, count // 2))])
