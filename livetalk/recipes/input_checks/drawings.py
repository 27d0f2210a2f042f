"""Photographs made to look drawn, for training: stylised, pencil, oil, comic, poster, ink, flat, brush strokes.

Needs OpenCV with its extra modules (the `eval` extra).
"""

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import UInt8

from livetalk.recipes.input_checks.handwork import HANDWORK, grained_like_paper
from livetalk.recipes.input_checks.painting import SIDE, Canvas, Random

Picture = UInt8[np.ndarray, "h w 3"]
SCALES = (0.75, 1, 1, 1.4)  # of what is drawn on
STROKES = ((14, 5, 900), (8, 3, 1500))  # length, width, count: broad ones first


def drawn(canvas: Canvas, rng: Random) -> Canvas:
    """In one of the styles, finer or coarser, some on grained paper, some with a rest of the photograph."""
    style, scale = STYLES[int(rng.integers(len(STYLES)))], float(rng.choice(SCALES))
    side = round(scale * SIDE)
    given = cv2.resize(
        np.clip(canvas, 0, 255), (side, side), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    drawing = np.asarray(style(np.clip(given, 0, 255).astype(np.uint8), rng), np.float32)
    if rng.random() < 0.4:
        drawing = grained_like_paper(drawing, rng)
    drawing = cv2.resize(
        drawing.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    )
    rest = rng.uniform(0, 0.35) if rng.random() < 0.3 else 0.0
    return rest * canvas + (1 - rest) * drawing


def _stylised(picture: Picture, rng: Random) -> np.ndarray:
    return cv2.stylization(picture, sigma_s=rng.uniform(20, 80), sigma_r=rng.uniform(0.3, 0.6))


def _pencil(picture: Picture, rng: Random) -> np.ndarray:
    """Grey or coloured pencil."""
    grey, coloured = cv2.pencilSketch(
        picture, sigma_s=rng.uniform(10, 60), sigma_r=rng.uniform(0.05, 0.12), shade_factor=rng.uniform(0.02, 0.06)
    )
    return np.repeat(grey[..., None], 3, axis=2) if rng.random() < 0.5 else coloured


def _oil(picture: Picture, rng: Random) -> np.ndarray:
    return cv2.xphoto.oilPainting(picture, int(rng.integers(2, 5)), 1)


def _comic(picture: Picture, rng: Random) -> np.ndarray:
    """Even areas with black outlines."""
    flat: np.ndarray = picture
    for _ in range(int(rng.integers(2, 5))):
        flat = cv2.bilateralFilter(flat, 7, rng.uniform(30, 60), 7)
    if rng.random() < 0.6:
        step = int(rng.integers(24, 64))
        flat = np.asarray(flat // step * step + step // 2, np.uint8)
    grey = cv2.medianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), 5)
    window, offset = int(rng.choice((7, 9, 11))), rng.uniform(2, 7)
    lines = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, window, offset)
    return np.clip(flat * (lines[..., None] / 255 * 0.8 + 0.2) * rng.uniform(0.9, 1.2), 0, 255)


def _poster(picture: Picture, rng: Random) -> np.ndarray:
    """Four to nine colours."""
    sample = picture.reshape(-1, 3).astype(np.float32)[::7].copy()
    colours = sample[rng.choice(len(sample), int(rng.integers(4, 10)), replace=False)]
    for _ in range(8):  # k-means
        nearest = _nearest(sample, colours)
        colours = np.stack(
            [sample[nearest == k].mean(0) if (nearest == k).any() else colour for k, colour in enumerate(colours)]
        )
    smooth = cv2.medianBlur(picture, 7).reshape(-1, 3).astype(np.float32)
    flat = colours[_nearest(smooth, colours)].reshape(picture.shape).astype(np.uint8)
    return cv2.medianBlur(flat, int(rng.choice((3, 5))))


def _nearest(colours: np.ndarray, of: np.ndarray) -> np.ndarray:
    return ((colours[:, None] - of[None]) ** 2).sum(2).argmin(1)


def _ink(picture: Picture, rng: Random) -> np.ndarray:
    """Lines of ink on paper: a difference of Gaussians."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    radius = rng.uniform(0.8, 2)
    edges = cv2.GaussianBlur(grey, (0, 0), radius) - 0.98 * cv2.GaussianBlur(grey, (0, 0), radius * 1.6)
    bright = np.where(edges > rng.uniform(-1, 1), 1, np.clip(1 + np.tanh(edges * rng.uniform(0.3, 1.2)), 0, 1))
    paper, ink = rng.uniform(200, 255), rng.uniform(0, 90)
    tone = np.array([1, rng.uniform(0.93, 1), rng.uniform(0.85, 1)])
    return (ink + (paper - ink) * bright)[..., None] * tone


def _cartoon(picture: Picture, rng: Random) -> np.ndarray:
    """Smooth, colourful, in steps of brightness."""
    smooth = cv2.edgePreservingFilter(picture, flags=1, sigma_s=rng.uniform(30, 80), sigma_r=rng.uniform(0.3, 0.6))
    hsv = cv2.cvtColor(smooth, cv2.COLOR_RGB2HSV).astype(np.float32)
    step = int(rng.integers(20, 50))
    hsv[..., 1] *= rng.uniform(1.1, 1.8)
    hsv[..., 2] = hsv[..., 2] // step * step + step / 2
    return cv2.cvtColor(np.clip(hsv, 0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB)


def _flat(picture: Picture, rng: Random) -> np.ndarray:
    """Mean shift, half of the time with outlines."""
    flat = cv2.pyrMeanShiftFiltering(picture, int(rng.integers(6, 14)), int(rng.integers(20, 45)))
    if rng.random() < 0.5:
        edges = cv2.dilate(cv2.Canny(cv2.GaussianBlur(picture, (0, 0), 1.2), 40, 110), np.ones((2, 2), np.uint8))
        flat = flat * (edges[..., None] == 0)
    return flat


def _strokes(picture: Picture, rng: Random) -> np.ndarray:
    """Strokes of a brush along what is bright or dark."""
    painted = np.ascontiguousarray(cv2.GaussianBlur(picture, (0, 0), 3))
    for length, width, count in STROKES:
        grey = cv2.cvtColor(painted, cv2.COLOR_RGB2GRAY)
        across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
        for _ in range(count):
            x, y = int(rng.integers(len(grey))), int(rng.integers(len(grey)))
            angle = np.arctan2(across[y, x], -down[y, x]) + rng.normal(0, 0.3)
            reach = length * rng.uniform(0.4, 1)
            dx, dy = float(np.cos(angle) * reach), float(np.sin(angle) * reach)
            red, green, blue = (float(v) for v in np.clip(picture[y, x] + rng.normal(0, 9, 3), 0, 255))
            thick = max(1, int(width * rng.uniform(0.4, 1)))
            start, end = (int(x - dx), int(y - dy)), (int(x + dx), int(y + dy))
            cv2.line(painted, start, end, (red, green, blue), thick, cv2.LINE_AA)
    return painted


STYLES: tuple[Callable[[Picture, Random], np.ndarray], ...] = (
    _stylised,
    _pencil,
    _oil,
    _comic,
    _comic,
    _poster,
    _ink,
    _cartoon,
    _flat,
    _strokes,
    *HANDWORK,
)
