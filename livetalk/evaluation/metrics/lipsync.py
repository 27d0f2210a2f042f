"""Lip sync: correlation of a measured lip gap with the known opening of the same speech.

Pure numpy on curves, one value per video frame; where they come from is the business of landmarks.py and the data.
This is not SyncNet's score: it needs the truth of rendered clips, and in return it knows what right is.
"""

import numpy as np
from jaxtyping import Bool, Float

MIN_SAMPLES = 12  # frames below which a correlation says nothing (0.75 s)


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
