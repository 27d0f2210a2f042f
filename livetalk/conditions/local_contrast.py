"""Local contrast normalisation: a grainy or dark picture as a detector of edges sees it best.

Grain is blurred away, then every place is brought to the same brightness and contrast as its surroundings, so that
evening light and dark skin show as much as noon and pale skin. For looking only: nobody sees the result.
"""

import numpy as np
from jaxtyping import Float32
from PIL import Image

AROUND = 1 / 7  # half the side of a place's surroundings, of the picture's long side
FLOOR = 2.0  # levels of contrast that are grain, not picture
GREY, SPREAD = 128.0, 50.0  # levels: the mean, and the deviation from it


def normalise_contrast(image: Image.Image, blur: float) -> Image.Image:
    """The picture in grey (as RGB), smoothed by a Gaussian of so many pixels, with the same contrast everywhere."""
    smooth = _gaussian(np.asarray(image.convert("RGB"), np.float32).mean(2), blur)
    reach = max(2, round(AROUND * max(image.size)))
    mean = _box(smooth, reach)
    deviation = np.sqrt(np.maximum(_box(smooth * smooth, reach) - mean * mean, 0))
    levels = GREY + SPREAD * (smooth - mean) / (deviation + FLOOR)
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8)).convert("RGB")


def noise_level(image: Image.Image) -> float:
    """The deviation of grain, in grey levels: what half the places differ by from a plane through their neighbours."""
    grey = np.asarray(image, np.float32).mean(2)
    across = grey[:, :-2] - 2 * grey[:, 1:-1] + grey[:, 2:]
    bent = across[:-2] - 2 * across[1:-1] + across[2:]
    return float(np.median(np.abs(bent))) / (0.6745 * 6)


def _gaussian(values: Float32[np.ndarray, "h w"], sigma: float) -> Float32[np.ndarray, "h w"]:
    reach = round(3 * sigma)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    for axis in (0, 1):
        count = values.shape[axis]
        padded = np.pad(values, [(reach, reach) if axis == each else (0, 0) for each in (0, 1)], mode="edge")
        parts = (np.take(padded, range(shift, shift + count), axis) for shift in range(2 * reach + 1))
        values = sum((weight * part for weight, part in zip(weights, parts, strict=True)), np.zeros_like(values))
    return values


def _box(values: Float32[np.ndarray, "h w"], reach: int) -> Float32[np.ndarray, "h w"]:
    """The mean of each place's square, `reach` to every side, as far as the picture goes on."""
    for axis in (0, 1):
        count = values.shape[axis]
        sums = np.concatenate(
            [np.zeros_like(np.take(values, [0], axis), np.float64), np.cumsum(values, axis, np.float64)], axis
        )
        first, last = np.maximum(np.arange(count) - reach, 0), np.minimum(np.arange(count) + reach + 1, count)
        size = (last - first).reshape((-1, 1) if axis == 0 else (1, -1))
        values = ((np.take(sums, last, axis) - np.take(sums, first, axis)) / size).astype(np.float32)
    return values
