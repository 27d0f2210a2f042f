"""Faults of light and lens for training: blur, little resolution, missing light, noise, tones. Needs OpenCV."""

import cv2
import numpy as np

from livetalk.recipes.input_checks.painting import SIDE, Canvas, FacePlace, Random, ellipse

GAMMA = 2.2


def blurred(canvas: Canvas, radius: float, rng: Random) -> Canvas:
    """A Gaussian (60 %), shaken along a line (25 %) or out of focus (15 %); the radius is in pixels."""
    kind = rng.random()
    if kind < 0.6:
        return cv2.GaussianBlur(canvas, (0, 0), max(radius, 0.1))
    if kind < 0.85:
        length = max(round(radius * rng.uniform(3.2, 4.8)), 1)
        kernel, angle = np.zeros((2 * length + 1,) * 2, np.float32), rng.uniform(0, np.pi)
        x, y = np.cos(angle) * length / 2, np.sin(angle) * length / 2
        start, end = (round(length - x), round(length - y)), (round(length + x), round(length + y))
        cv2.line(kernel, start, end, 1.0, 1, cv2.LINE_AA)
    else:
        reach = max(round(radius * 2), 1)
        y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        kernel = (y**2 + x**2 <= reach**2).astype(np.float32)
    return cv2.filter2D(canvas, -1, kernel / kernel.sum())


def coarse(canvas: Canvas, factor: float) -> Canvas:
    """As many pixels as if the picture had been so many times smaller."""
    few = cv2.resize(canvas, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    return cv2.resize(few, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)


def dimmed(canvas: Canvas, stops: float, face: FacePlace, rng: Random) -> Canvas:
    """So many stops of light less, everywhere or (30 %) on the face alone."""
    left = 2.0**-stops
    if rng.random() < 0.3:
        where = face.mask(ellipse(1.15, 1.6, at=(0, 0.45)))
        left = 1 - (1 - left) * cv2.GaussianBlur(where, (0, 0), face.unit * rng.uniform(0.1, 0.3))[..., None]
    return lit(canvas, left)


def lit(canvas: Canvas, share: float | np.ndarray) -> Canvas:
    """A share of the light."""
    return 255 * np.clip((np.clip(canvas, 0, 255) / 255) ** GAMMA * share, 0, 1) ** (1 / GAMMA)


def toned(canvas: Canvas, rng: Random) -> Canvas:
    """What pictures differ in without fault: contrast, white balance, colour, grey and sepia."""
    canvas = np.clip(canvas, 0, 255)
    if rng.random() < 0.5:
        canvas = 255 * (canvas / 255) ** rng.uniform(0.75, 1.3)
    if rng.random() < 0.4:
        canvas = canvas * np.exp(rng.normal(0, 0.06, 3))
    grey = canvas.mean(2, keepdims=True)
    if rng.random() < 0.2:
        canvas = grey * np.exp(rng.normal(0, 0.04, 3) if rng.random() < 0.5 else np.zeros(3))
    elif rng.random() < 0.3:
        canvas = grey + (canvas - grey) * rng.uniform(0.5, 1.4)
    return np.clip(canvas, 0, 255)


def grained(canvas: Canvas, rng: Random) -> Canvas:
    """Noise of 1 to 14 levels, sometimes of 55, in colour or grey, fine or coarse."""
    size = rng.uniform(1, 14) if rng.random() < 0.7 else rng.uniform(14, 55)
    noise = rng.normal(0, 1, (SIDE, SIDE, 3 if rng.random() < 0.7 else 1)).astype(np.float32)
    if rng.random() < 0.4:
        noise = 2 * cv2.GaussianBlur(noise, (0, 0), 0.8).reshape(SIDE, SIDE, -1)
    return canvas + noise * size


def smoothed(canvas: Canvas, rng: Random) -> Canvas:
    """As telephones and old codecs do it: even areas without grain, edges kept."""
    return cv2.bilateralFilter(np.clip(canvas, 0, 255).astype(np.float32), 5, rng.uniform(8, 22), 4)


def cut_off(canvas: Canvas, face: FacePlace, grey: bool, rng: Random) -> tuple[Canvas, bool]:
    """The picture ends beside or in the face, with grey or its last line beyond; and whether it ends below."""
    side, step = int(rng.integers(4)), rng.uniform(-0.6, 1.4) * face.unit
    (x, y), unit = face.middle, face.unit
    ends = (x - 0.9 * unit + step, x + 0.9 * unit - step, y - 0.9 * unit + 0.8 * step, y + 1.7 * unit - 0.8 * step)
    at = int(np.clip(ends[side], 2, SIDE - 2))
    canvas = canvas.copy()
    lines = canvas if side > 1 else canvas.swapaxes(0, 1)
    if side % 2:
        lines[at:] = 128 if grey else lines[at - 1].copy()
    else:
        lines[:at] = 128 if grey else lines[at].copy()
    return canvas, side == 3
