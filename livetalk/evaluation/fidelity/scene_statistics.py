"""Statistics of natural pictures, by which blur, noise and blocks show without any network: `fd_nss`.

The 36 features of BRISQUE (Mittal et al. 2012, doi:10.1109/TIP.2012.2214050): luma less its local mean, over its local
spread, is nearly Gaussian in photographs; fits of generalised Gaussians to it and to products of neighbours say how it
is not, at two scales. Shapes and variances are taken as logarithms, and a mean over its spread: the plain numbers of a
strong blur lie nearer to those of the clean picture than a weak one's do. `fd_nss` is the Fréchet distance of these
features to the truth's, in units of the truth's spread, generated frames in the truth's size. It sees no face: another
person or mouth is the same picture to it.
"""

from dataclasses import dataclass, field
from math import exp, lgamma, log, sqrt

import numpy as np
from jaxtyping import Float

from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.fidelity.frechet import frechet_of_clips
from livetalk.evaluation.fidelity.views import ClipView, Frames
from livetalk.evaluation.metrics.video import grey

RADIUS, SPREAD = 3, 7 / 6  # of the local window, pixels
SCALES = 2
FEATURES = 18 * SCALES
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
LEAST_SPREAD = 0.1  # of a feature over clips: below it a difference says nothing
LEAST_VARIANCE = 1e-5

SHAPES = np.arange(0.2, 10.0, 0.001)
# Squared mean of |x| over mean of x², of a generalised Gaussian by its shape; rises with it.
RATIOS = np.array([exp(2 * lgamma(2 / shape) - lgamma(1 / shape) - lgamma(3 / shape)) for shape in SHAPES])

Plane = Float[np.ndarray, "h w"]


def statistics(frames: Frames) -> Float[np.ndarray, "t 36"]:
    """The features of each frame."""
    return np.stack([_of_picture(grey(frame[None])[0]) for frame in frames])


def normalised(luma: Plane) -> Plane:
    """Luma less its local mean, over its local spread and 1."""
    mean = _blurred(luma)
    spread = np.sqrt(np.abs(_blurred(luma * luma) - mean * mean))
    return (luma - mean) / (spread + 1)


@dataclass
class SceneMeasure:
    """`fd_nss` of clips. every: frames between those looked at."""

    every: int
    _real: list[Float[np.ndarray, "n 36"]] = field(default_factory=list[Float[np.ndarray, "n 36"]])
    _made: list[Float[np.ndarray, "n 36"]] = field(default_factory=list[Float[np.ndarray, "n 36"]])

    def look(self, view: ClipView) -> None:
        """Takes in one clip; without a truth there is nothing to measure."""
        if view.real is not None:
            self._real.append(statistics(view.real[:: self.every]))
            self._made.append(statistics(view.matched[:: self.every]))

    def figures(self) -> dict[str, Estimate]:
        """The distance of all frames; its interval draws pairs of clips."""
        if not self._real:
            return {}
        scale = np.maximum(np.concatenate(self._real).std(axis=0), LEAST_SPREAD)
        return {"fd_nss": frechet_of_clips([one / scale for one in self._real], [one / scale for one in self._made])}

    def remarks(self) -> list[str]:
        return []


def _of_picture(luma: Plane) -> Float[np.ndarray, " f"]:
    found: list[float] = []
    for _ in range(SCALES):
        plane = normalised(luma)
        shape, _, left, right = _asymmetric_fit(plane)
        found += [log(shape), log((left + right) / 2)]
        for down, across in NEIGHBOURS:
            shape, mean, left, right = _asymmetric_fit(plane * np.roll(plane, (down, across), axis=(0, 1)))
            found += [log(shape), mean / sqrt((left + right) / 2), log(left), log(right)]
        height, width = (side // 2 * 2 for side in luma.shape)
        luma = luma[:height, :width].reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return np.array(found)


def _asymmetric_fit(values: Plane) -> tuple[float, float, float, float]:
    """Shape, mean, and variance below and above 0, of an asymmetric generalised Gaussian: by moments."""
    below, above = values[values < 0], values[values > 0]
    left, right = (float(np.square(side).mean()) if side.size else 0.0 for side in (below, above))
    left, right = max(left, LEAST_VARIANCE), max(right, LEAST_VARIANCE)
    square = float(np.square(values).mean())
    if not square:
        return float(SHAPES[-1]), 0.0, left, right
    skew = sqrt(left / right)
    ratio = float(np.abs(values).mean()) ** 2 / square
    ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    shape = float(np.interp(ratio, RATIOS, SHAPES))
    width = exp(lgamma(2 / shape) - (lgamma(1 / shape) + lgamma(3 / shape)) / 2)
    return shape, (sqrt(right) - sqrt(left)) * width, left, right


def _blurred(plane: Plane) -> Plane:
    offsets = np.arange(-RADIUS, RADIUS + 1)
    weights = np.exp(-np.square(offsets) / (2 * SPREAD**2))
    weights /= weights.sum()
    for axis, length in enumerate(plane.shape):
        padded = np.pad(plane, [(RADIUS, RADIUS) if one == axis else (0, 0) for one in (0, 1)], mode="edge")
        plane = np.zeros_like(plane)
        for place, weight in enumerate(weights):
            plane += weight * padded.take(range(place, place + length), axis)
    return plane
