"""Fréchet and kernel distances of two sets of features, with intervals by the bootstrap over clips.

Fréchet (Heusel et al. 2017, arXiv:1706.08500, equation 6): |m1 - m2|² + Tr(C1 + C2 - 2 (C1 C2)^½) of two normal
distributions. The root's trace is that of (C1^½ C2 C1^½)^½, whose eigenvalues are real: by `eigh`, negative rounding
clipped, which needs no matrix root of SciPy. Kernel (Binkowski et al. 2018, arXiv:1801.01401, equation 4): the
unbiased squared maximum mean discrepancy with k(x, y) = (x·y / d + 1)³. Knows rows of numbers only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from livetalk.evaluation.estimates import COVERAGE, DRAWS, Estimate, resamples

WIDE = 512  # numbers of a feature from which a draw takes seconds
WIDE_DRAWS = 50

Clips = Sequence[Float[np.ndarray, "_ d"]]
"""Rows of features, clip by clip."""


@dataclass(frozen=True)
class Moments:
    """Mean and covariance of rows."""

    mean: Float[np.ndarray, " d"]
    covariance: Float[np.ndarray, "d d"]


def moments(rows: Float[np.ndarray, "n d"], ddof: int = 1) -> Moments:
    """Mean and covariance of rows in float64; ddof: 1 as nearly everybody, 0 as cd-fvd."""
    rows = rows.astype(np.float64)
    mean = rows.mean(axis=0)
    centred = rows - mean
    return Moments(mean, centred.T @ centred / max(1, len(rows) - ddof))


def frechet(one: Moments, other: Moments) -> float:
    """Fréchet distance of two normal distributions; squared, as FID is. Below 0 by rounding only, and clipped there."""
    crossed = root_trace(one.covariance, other.covariance)
    apart = np.square(one.mean - other.mean).sum()
    return max(0.0, float(apart + np.trace(one.covariance) + np.trace(other.covariance) - 2 * crossed))


def root_trace(one: Float[np.ndarray, "d d"], other: Float[np.ndarray, "d d"]) -> float:
    """Trace of the root of the product of two covariances; wide ones on the GPU, where there is one."""
    wide = len(one) > WIDE and torch.cuda.is_available()
    left, right = (torch.from_numpy(matrix).to("cuda" if wide else "cpu") for matrix in (one, other))
    values, vectors = cast("tuple[Tensor, Tensor]", torch.linalg.eigh(left))
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    product = root @ right @ root
    crossed = cast("Tensor", torch.linalg.eigvalsh((product + product.T) / 2))
    return float(crossed.clamp(min=0).sqrt().sum())


def frechet_of_rows(real: Float[np.ndarray, "n d"], made: Float[np.ndarray, "m d"], ddof: int = 1) -> float:
    """Fréchet distance of two sets of rows.

    Of fewer rows than columns the same comes from the singular values of their products, which is quicker: with
    C = A'A the root's trace is their sum for A1 A2'. NaN for fewer than two rows.
    """
    if min(len(real), len(made)) < 2:
        return float("nan")
    if min(len(real), len(made)) >= real.shape[1]:
        return frechet(moments(real, ddof), moments(made, ddof))
    one, other = (_centred(rows, ddof) for rows in (real, made))
    crossed = np.linalg.svd(one @ other.T, compute_uv=False).sum()
    apart = np.square(real.mean(axis=0, dtype=float) - made.mean(axis=0, dtype=float)).sum()
    return max(0.0, float(apart + np.square(one).sum() + np.square(other).sum() - 2 * crossed))


def frechet_of_clips(real: Clips, made: Clips, ddof: int = 1, draws: int | None = None) -> Estimate:
    """Fréchet distance of all rows of pairs of clips; the interval draws pairs."""
    wide = real[0].shape[1] > WIDE

    def distance(pairs: Int[np.ndarray, " n"]) -> float:
        drawn = (np.concatenate([clips[int(pair)] for pair in pairs]) for clips in (real, made))
        left, right = drawn
        return frechet_of_rows(left, right, ddof)

    return _about(distance, len(made), draws or (WIDE_DRAWS if wide else DRAWS))


def kernel(one: Float[np.ndarray, "n d"], other: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "n m"]:
    """The polynomial kernel of KID: degree 3, its scale one over the number of columns."""
    alike = one.astype(np.float64) @ other.astype(np.float64).T / one.shape[1] + 1.0
    return alike * alike * alike  # the power of an array takes many times as long


def kernel_of_clips(real: Clips, made: Clips, draws: int | None = None) -> Estimate:
    """Squared kernel distance of all rows of pairs of clips; the interval draws pairs.

    A pair that is drawn twice is not compared with itself: its copies would look like each other.
    """
    sums = KernelSums(real, made)
    return _about(sums.distance, len(made), draws or DRAWS)


class KernelSums:
    """Sums of the kernel over pairs of clips, from which the distance of any draw of clips follows."""

    def __init__(self, real: Clips, made: Clips) -> None:
        self._counts = [np.array([len(rows) for rows in clips], float) for clips in (real, made)]
        self._real, self._made = _own(real), _own(made)
        self._crossed = _sums(real, made)

    def distance(self, pairs: Int[np.ndarray, " n"]) -> float:
        """Unbiased squared distance of the drawn pairs of clips, some of which may come twice."""
        weight = np.bincount(pairs, minlength=len(self._crossed)).astype(float)
        own = sum(
            _mean_of_different(sums, counts, weight)
            for sums, counts in zip((self._real, self._made), self._counts, strict=True)
        )
        real, made = self._counts
        return float(own - 2 * (weight @ self._crossed @ weight) / ((weight @ real) * (weight @ made)))


def _own(clips: Clips) -> Float[np.ndarray, "c c"]:
    """Sums over pairs of different rows of one set."""
    return _sums(clips, clips) - np.diag([np.trace(kernel(rows, rows)) for rows in clips])


def _sums(clips: Clips, others: Clips) -> Float[np.ndarray, "c e"]:
    """Sums of the kernel over the rows of each pair of clips."""
    stacked = np.concatenate(others).astype(np.float64)
    owner = np.repeat(np.arange(len(others)), [len(rows) for rows in others])
    return np.stack([np.bincount(owner, kernel(rows, stacked).sum(axis=0), len(others)) for rows in clips])


def _mean_of_different(
    sums: Float[np.ndarray, "c c"], counts: Float[np.ndarray, " c"], weight: Float[np.ndarray, " c"]
) -> float:
    """Mean kernel over pairs of different rows; of a clip drawn twice, pairs within each of its copies count."""
    times = np.outer(weight, weight)
    np.fill_diagonal(times, weight)
    number = np.outer(counts, counts) - np.diag(counts)
    return float((times * sums).sum() / max(1.0, (times * number).sum()))


def _centred(rows: Float[np.ndarray, "n d"], ddof: int) -> Float[np.ndarray, "n d"]:
    """Rows A less their mean, scaled so that A'A is the covariance."""
    rows = rows.astype(np.float64)
    return (rows - rows.mean(axis=0)) / np.sqrt(max(1, len(rows) - ddof))


def _about(statistic: Callable[[Int[np.ndarray, " n"]], float], n: int, draws: int) -> Estimate:
    """A biased statistic with the spread of its draws set about its value.

    A draw holds about 63 % of the clips, and fewer clips look farther apart: plain quantiles could lie wholly above.
    """
    value = statistic(np.arange(n))
    if n < 2 or value != value:
        return Estimate(value, float("nan"), float("nan"), n)
    drawn = np.array([statistic(pairs) for pairs in resamples(n, draws)])
    edge = (1 - COVERAGE) / 2
    low, middle, high = np.nanquantile(drawn, (edge, 0.5, 1 - edge))
    return Estimate(value, float(value + low - middle), float(value + high - middle), n)
