"""Realness: how far a set of faces is from a set of real ones, by the kernel distance of their descriptors.

The unbiased estimate of the squared maximum mean discrepancy with a polynomial kernel of degree 3 (Binkowski et al.
2018, arXiv:1801.01401): 0 where both sets are alike, whatever their sizes; it may fall below 0 by chance. Subsets tell
how sure it is. Knows rows of numbers only.
"""

import numpy as np
from jaxtyping import Float

SUBSETS = 10
LARGEST = 200  # rows of a subset

Rows = Float[np.ndarray, "n d"]


def kernel_distance(one: Rows, other: Rows) -> float:
    """Squared distance of two sets, unbiased (equation 4 there). NaN if a set has fewer than two rows."""
    n, m = len(one), len(other)
    if n < 2 or m < 2:
        return float("nan")
    within, beyond, across = _kernel(one, one), _kernel(other, other), _kernel(one, other)
    own = (within.sum() - np.trace(within)) / (n * (n - 1)) + (beyond.sum() - np.trace(beyond)) / (m * (m - 1))
    return float(own - 2 * across.mean())


def subset_distances(made: Rows, real: Rows, seed: int = 0) -> Float[np.ndarray, " s"]:
    """`kernel_distance` of `SUBSETS` pairs of subsets, in units of the real rows' spread.

    Subsets of equal seeds take equal rows of `real`, so distances of several sets to it can be compared one by one.
    """
    real, made = real[np.isfinite(real).all(axis=1)], made[np.isfinite(made).all(axis=1)]
    if min(len(real), len(made)) < 4:
        return np.full(SUBSETS, np.nan)
    middle, spread = real.mean(axis=0), real.std(axis=0) + 1e-9
    real, made = (real - middle) / spread, (made - middle) / spread
    found = []
    for place in range(SUBSETS):
        of_real, of_made = (np.random.default_rng((seed, place, side)) for side in (0, 1))
        found.append(kernel_distance(_some(made, of_made), _some(real, of_real)))
    return np.array(found)


def _kernel(one: Rows, other: Rows) -> Float[np.ndarray, "n m"]:
    return (one @ other.T / one.shape[1] + 1.0) ** 3


def _some(rows: Rows, rng: np.random.Generator) -> Rows:
    """Half of the rows at most, so that subsets differ."""
    return rows[rng.permutation(len(rows))[: max(2, min(LARGEST, len(rows) // 2))]]
