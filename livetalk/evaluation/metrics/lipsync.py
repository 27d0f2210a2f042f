"""Do the lips follow the speech? Correlation of a measured lip gap with the known opening of the same speech.

Pure numpy on curves, one value per video frame; where they come from is the business of landmarks.py and the data.
This is not SyncNet's score: it needs the truth of rendered clips, and in return it knows what right is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

MIN_SAMPLES = 12  # frames below which a correlation says nothing (0.75 s)


@dataclass(frozen=True)
class LipSync:
    """Means over clips. All r are Pearson's, inside speech only."""

    r: float  # at lag zero
    per_clip: tuple[float, ...]  # r of each clip, NaN where it could not be measured
    best_lag: int  # frames by which the picture comes after the sound, where r is largest
    r_best: float  # at that lag
    r_swapped: float  # against other clips' speech: what chance and general mouth rhythm give
    ceiling: float  # r of the rendered truth measured in the same way; NaN if it was not given

    @property
    def share_of_ceiling(self) -> float:
        """r over the ceiling; NaN without one."""
        return self.r / self.ceiling if self.ceiling > 0 else float("nan")


def pearson(
    a: Float[np.ndarray, " t"], b: Float[np.ndarray, " t"], where: Bool[np.ndarray, " t"] | None = None
) -> float:
    """Pearson's r over the frames of `where` at which both are finite.

    NaN with fewer than `MIN_SAMPLES` frames, or where one of the two never moves.
    """
    if not len(a) == len(b):
        raise ValueError(f"curves of {len(a)} and {len(b)} frames: cut both to the same frames")
    use = np.isfinite(a) & np.isfinite(b)
    if where is not None:
        use &= where
    x, y = np.asarray(a, np.float64)[use], np.asarray(b, np.float64)[use]
    if len(x) < MIN_SAMPLES or np.ptp(x) < 1e-9 or np.ptp(y) < 1e-9:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


def lagged(
    gap: Float[np.ndarray, " t"],
    opening: Float[np.ndarray, " t"],
    speaking: Bool[np.ndarray, " t"] | None = None,
    reach: int = 4,
) -> Float[np.ndarray, " lag"]:
    """r at each lag -reach..reach: gap[i + lag] against opening[i], always over the same frames of the speech."""
    t = len(opening)
    inner = slice(reach, t - reach)
    where = None if speaking is None else speaking[inner]
    return np.array([pearson(gap[reach + d : t - reach + d], opening[inner], where) for d in range(-reach, reach + 1)])


def lip_sync(
    gaps: Sequence[Float[np.ndarray, " t"]],
    openings: Sequence[Float[np.ndarray, " t"]],
    speaking: Sequence[Bool[np.ndarray, " t"]] | None = None,
    true_gaps: Sequence[Float[np.ndarray, " t"]] | None = None,
    reach: int = 4,
) -> LipSync:
    """Score several clips.

    Args:
        gaps: lip gap measured in the generated frames (NaN where no face was found).
        openings: the known opening of the same speech.
        speaking: frames in which somebody speaks; None takes all.
        true_gaps: lip gap measured in the rendered truth; gives the ceiling.
        reach: frames of lag looked at on either side.
    """
    n = len(gaps)
    masks = list(speaking) if speaking is not None else [np.ones(len(g), bool) for g in gaps]
    if not n == len(openings) == len(masks) == (n if true_gaps is None else len(true_gaps)):
        raise ValueError("give one gap curve, opening and speech mask per clip")
    per_clip = [pearson(g, o, m) for g, o, m in zip(gaps, openings, masks, strict=True)]
    curves = [lagged(g, o, m, reach) for g, o, m in zip(gaps, openings, masks, strict=True)]
    curve = np.array([_mean(c[d] for c in curves) for d in range(2 * reach + 1)])
    best = int(np.nanargmax(curve)) if np.isfinite(curve).any() else reach
    others = [(i, (i + 1) % n) for i in range(n) if n > 1]
    swapped = _mean(_of_common(gaps[i], openings[j], masks[j]) for i, j in others)
    truth = [] if true_gaps is None else zip(true_gaps, openings, masks, strict=True)
    ceiling = _mean(pearson(g, o, m) for g, o, m in truth)
    return LipSync(_mean(per_clip), tuple(per_clip), best - reach, float(curve[best]), swapped, ceiling)


def _of_common(gap: Float[np.ndarray, " a"], opening: Float[np.ndarray, " b"], where: Bool[np.ndarray, " b"]) -> float:
    t = min(len(gap), len(opening))
    return pearson(gap[:t], opening[:t], where[:t])


def _mean(values: Iterable[float]) -> float:
    finite = [v for v in values if np.isfinite(v)]
    return float(np.mean(finite)) if finite else float("nan")
