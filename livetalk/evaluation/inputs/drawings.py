"""Portraits turned into drawings: ink, pencil, poster, cartoon, paint. Written with numpy and scipy.

The strength says how much of the photograph is gone. Knows pictures only.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from scipy import ndimage as scipy_ndimage

from livetalk.evaluation.inputs.subjects import Subject

ndimage: Any = scipy_ndimage  # its types leave open what comes back
Picture = UInt8[np.ndarray, "h w 3"]
Random = np.random.Generator
UNIT = 90.0  # pixels between the eyes for which widths are told


def drawing(subject: Subject, rng: Random, strength: float) -> Picture:
    """One of the five kinds."""
    picture = subject.picture.astype(np.float32)
    return np.clip(KINDS[rng.integers(len(KINDS))](picture, subject.between / UNIT, rng, strength), 0, 255).astype(
        np.uint8
    )


def ink(picture: np.ndarray, scale: float, rng: Random, strength: float) -> np.ndarray:
    """Black lines on paper where brightness changes."""
    grey = picture.mean(-1)
    fine, coarse = (ndimage.gaussian_filter(grey, width * scale) for width in (1.2, 2.2))
    lines = np.clip((coarse - fine) * (0.35 + 0.5 * strength), 0, 1)
    paper = np.array([rng.uniform(228, 255)] * 3) * (1, rng.uniform(0.96, 1), rng.uniform(0.88, 1))
    return paper * (1 - lines[..., None]) + 20 * lines[..., None]


def pencil(picture: np.ndarray, scale: float, rng: Random, strength: float) -> np.ndarray:
    """Grey shading: brightness divided by its surroundings', on rough paper."""
    grey = picture.mean(-1)
    around = ndimage.gaussian_filter(255 - grey, (5 + 4 * strength) * scale)
    shade = np.clip(grey * 255 / np.maximum(255 - around, 1), 0, 255)
    hatch = ndimage.gaussian_filter(rng.normal(0, 1, grey.shape), (0.4, 2.5)) * 30
    return (shade + hatch * (1 - shade / 255))[..., None] * np.ones(3)


def poster(picture: np.ndarray, scale: float, rng: Random, strength: float) -> np.ndarray:
    """Few flat colours."""
    flat = np.stack([ndimage.median_filter(picture[..., c], round(9 * scale) | 1) for c in range(3)], -1)
    count = round(9 - 4 * strength)
    colours = flat[:: max(1, len(flat) // 40), :: max(1, flat.shape[1] // 40)].reshape(-1, 3)
    centres = colours[rng.permutation(len(colours))[:count]]
    for _ in range(8):
        nearest = _nearest(colours, centres)
        groups = [colours[nearest == k] for k in range(count)]
        centres = np.array([group.mean(0) if len(group) else old for group, old in zip(groups, centres, strict=True)])
    return centres[_nearest(flat.reshape(-1, 3), centres)].reshape(flat.shape)


def cartoon(picture: np.ndarray, scale: float, rng: Random, strength: float) -> np.ndarray:
    """Flattened, brighter colours in steps with dark outlines."""
    flat = np.stack([ndimage.median_filter(picture[..., c], round(7 * scale) | 1) for c in range(3)], -1)
    step = 28 + 24 * strength
    bright = flat.max(-1, keepdims=True)
    flat = flat * ((np.floor(bright / step) + 0.6) * step / np.maximum(bright, 1))
    grey = flat.mean(-1, keepdims=True)
    flat = grey + (flat - grey) * rng.uniform(1.2, 1.7)
    edge = ndimage.gaussian_gradient_magnitude(picture.mean(-1), 1.3 * scale)
    line = np.clip((edge - 7) / 6, 0, 1)[..., None]
    return flat * (1 - line) + 25 * line


def paint(picture: np.ndarray, scale: float, rng: Random, strength: float) -> np.ndarray:
    """Brush strokes: each place takes the mean of the calmest of four squares around it (Kuwahara)."""
    side = max(3, round((6 + 4 * strength) * scale))
    grey = picture.mean(-1)
    mean = ndimage.uniform_filter(grey, side)
    spread = ndimage.uniform_filter(grey**2, side) - mean**2
    colour = ndimage.uniform_filter(picture, (side, side, 1))
    half = side // 2
    moves = [(a, b) for a in (-half, half) for b in (-half, half)]
    spreads = np.stack([np.roll(spread, move, (0, 1)) for move in moves])
    colours = np.stack([np.roll(colour, move, (0, 1)) for move in moves])
    best = spreads.argmin(0)
    canvas = ndimage.gaussian_filter(rng.normal(0, 1, grey.shape), (0.6, 3)) * 18
    return np.take_along_axis(colours, best[None, ..., None], 0)[0] + canvas[..., None]


def _nearest(points: Float[np.ndarray, "n 3"], centres: Float[np.ndarray, "k 3"]) -> np.ndarray:
    return np.stack([((points - centre) ** 2).sum(-1) for centre in centres]).argmin(0)


KINDS: tuple[Callable[[np.ndarray, float, Random, float], np.ndarray], ...] = (ink, pencil, poster, cartoon, paint)
