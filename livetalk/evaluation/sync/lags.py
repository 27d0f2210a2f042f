"""Distances of picture and sound over lags, and the figures of lip sync that follow: pure functions.

A lag of k means that the picture at frame t is held against the sound of frame t + k - most. Formulas of Chung and
Zisserman, "Out of time" (2016), as their published code and Prajwal et al. (arXiv:2008.10010) compute them. Knows
numbers only.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

MOST = 15  # frames that the sound is shifted by, either way
EPSILON = 1e-6  # added to each coordinate's difference, as the published code's distance does


@dataclass(frozen=True)
class LagFigures:
    """Figures of one clip. confidence: median over lags less the least; distance: the least; offset: frames.

    offset > 0: the picture is late, its sound came before it; below 0: the sound is late.
    """

    confidence: float
    distance: float
    offset: int


def padded_distances(
    video: Float[np.ndarray, "t d"], sound: Float[np.ndarray, "t d"], most: int = MOST
) -> Float[np.ndarray, "t k"]:
    """Distance of each picture from the sound at k = 2 most + 1 lags, zeros standing for sound beyond the clip.

    d(t, k) = |V_t - A_(t + k - most) + 1e-6|. Long lags of short clips are distances from zeros: an edge that the
    published figures have, and so these.
    """
    padded = np.pad(sound, ((most, most), (0, 0)))
    lags = [padded[k : k + len(video)] for k in range(2 * most + 1)]
    return np.stack([np.linalg.norm(video - lag + EPSILON, axis=1) for lag in lags], axis=1)


def overlapping_means(
    video: Float[np.ndarray, "t d"], sound: Float[np.ndarray, "t d"], most: int = MOST
) -> Float[np.ndarray, " k"]:
    """Mean distance at each of k = 2 most + 1 lags, over the frames where picture and sound are both there."""
    assert len(video) > most, "a clip is longer than the longest lag"
    t = len(video)
    pairs = [(video[max(0, -lag) : t - max(0, lag)], sound[max(0, lag) : t + min(0, lag)]) for lag in _lags(most)]
    return np.array([float(np.linalg.norm(v - a, axis=1).mean()) for v, a in pairs])


def published_figures(means: Float[np.ndarray, " k"]) -> LagFigures:
    """Sync-C, Sync-D and the offset of mean distances over lags: median - min, min, most - argmin."""
    least = int(means.argmin())
    return LagFigures(float(np.median(means) - means[least]), float(means[least]), len(means) // 2 - least)


def as_lost(means: Float[np.ndarray, " k"], lost: float) -> Float[np.ndarray, " k"]:
    """Mean distances where a share of frames is lost: those count as lips that follow nothing, at the median.

    It takes the confidence down by that share and brings the distance nearer to the median by it.
    """
    return (1 - lost) * means + lost * np.median(means)


def _lags(most: int) -> range:
    return range(-most, most + 1)
