"""Backdrops behind the head: walls, blurred rooms, windows, bokeh. Painted once per look, in numpy.

Knows a look's scene; knows nothing of heads. Everything is out of focus, as behind a web camera.
"""

import numpy as np
from jaxtyping import Float, UInt8

from livetalk.data.heads.look import Look

Image = Float[np.ndarray, "h w 3"]


def _soft(value: np.ndarray, width: float) -> np.ndarray:
    """0 below, 1 above, smooth over `width` about 0."""
    share = np.clip(value / width + 0.5, 0, 1)
    return share * share * (3 - 2 * share)


def _box(x: np.ndarray, y: np.ndarray, box: tuple[float, float, float, float], blur: float) -> np.ndarray:
    left, top, right, bottom = box
    return _soft(x - left, blur) * _soft(right - x, blur) * _soft(y - top, blur) * _soft(bottom - y, blur)


def _lay(image: Image, colour: np.ndarray, share: np.ndarray) -> None:
    image += (np.asarray(colour) - image) * share[..., None]


def _wall(image: Image, x: np.ndarray, y: np.ndarray, colours: np.ndarray, rng: np.random.Generator) -> None:
    image[:] = colours[0]
    centre = rng.uniform(0.1, 0.9, 2)
    glow = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / rng.uniform(0.15, 0.6))
    image *= (0.72 + 0.42 * glow)[..., None]


def _bokeh(image: Image, x: np.ndarray, y: np.ndarray, colours: np.ndarray, rng: np.random.Generator) -> None:
    image[:] = colours[1] * 0.35
    _lay(image, colours[0] * 0.5, _soft(y - rng.uniform(0.2, 0.6), 0.8))
    for _ in range(rng.integers(10, 26)):
        spot, radius = rng.uniform((0, 0), (1, 0.8)), rng.uniform(0.02, 0.07)
        far = np.hypot(x - spot[0], y - spot[1])
        colour = np.clip(colours[2] * rng.uniform(0.6, 1.2) + rng.uniform(0, 0.5), 0, 1)
        _lay(image, colour, rng.uniform(0.2, 0.65) * _soft(radius - far, 0.018))


def _window(image: Image, x: np.ndarray, y: np.ndarray, colours: np.ndarray, rng: np.random.Generator) -> None:
    left, top = rng.uniform(-0.15, 0.55), rng.uniform(-0.1, 0.1)
    wide, blur = rng.uniform(0.4, 0.6), rng.uniform(0.03, 0.08)
    sky = np.array([0.86, 0.91, 0.96])
    bottom = rng.uniform(0.45, 0.7)
    _lay(image, colours[1] * 0.5 + 0.4, _box(x, y, (left - 0.04, top - 0.04, left + wide + 0.04, bottom + 0.04), blur))
    _lay(image, sky, _box(x, y, (left, top, left + wide, bottom), blur))
    _lay(image, np.array([0.45, 0.55, 0.42]), _box(x, y, (left, bottom - 0.16, left + wide, bottom), blur + 0.05) * 0.7)
    _lay(
        image, colours[1] * 0.5 + 0.4, _box(x, y, (left + wide / 2 - 0.015, top, left + wide / 2 + 0.015, bottom), blur)
    )


def _shelf(image: Image, x: np.ndarray, y: np.ndarray, colours: np.ndarray, rng: np.random.Generator) -> None:
    blur, wood = rng.uniform(0.015, 0.04), colours[1] * 0.5 + np.array([0.2, 0.13, 0.08])
    for level in np.arange(rng.uniform(0.15, 0.3), 1, rng.uniform(0.24, 0.32)):
        place = rng.uniform(-0.05, 0.05)
        while place < 1:
            wide, tall = rng.uniform(0.02, 0.06), rng.uniform(0.1, 0.19)
            if rng.random() < 0.8:
                colour = np.clip(colours[rng.integers(3)] * rng.uniform(0.4, 1.1) + rng.normal(size=3) * 0.07, 0, 1)
                _lay(image, colour, 0.9 * _box(x, y, (place, level - tall, place + wide, level), blur))
            place += wide + 0.004
        _lay(image, wood, _box(x, y, (-1, level, 2, level + 0.025), blur))


def _office(image: Image, x: np.ndarray, y: np.ndarray, colours: np.ndarray, rng: np.random.Generator) -> None:
    blur = rng.uniform(0.03, 0.07)
    for _ in range(rng.integers(3, 6)):
        left, top = rng.uniform(-0.2, 0.9), rng.uniform(-0.1, 0.5)
        box = (left, top, left + rng.uniform(0.12, 0.35), top + rng.uniform(0.15, 0.4))
        shade = colours[rng.integers(1, 3)] * rng.uniform(0.5, 1.2)
        _lay(image, np.clip(shade, 0, 1), rng.uniform(0.4, 0.9) * _box(x, y, box, blur))
    plant = rng.choice([rng.uniform(0.0, 0.2), rng.uniform(0.8, 1.0)])
    for _ in range(12):
        spot = np.array([plant, 0.62]) + rng.normal(size=2) * (0.06, 0.1)
        far = np.hypot((x - spot[0]) * 1.6, y - spot[1])
        _lay(image, np.array([0.15, 0.3, 0.14]) * rng.uniform(0.7, 1.5), 0.6 * _soft(0.07 - far, 0.05))
    _lay(image, colours[1] * 0.5, _soft(y - rng.uniform(0.72, 0.85), blur) * 0.8)


def paint(look: Look, size: int) -> UInt8[np.ndarray, "h w 3"]:
    """The backdrop of a look, top row first."""
    rng = np.random.default_rng([look.seed, 0xBAC])
    x, y = np.meshgrid((np.arange(size) + 0.5) / size, (np.arange(size) + 0.5) / size)
    colours = np.array(look.scene.colours)
    image = np.zeros((size, size, 3))
    kind = look.scene.backdrop
    if kind == "plain":
        image[:] = colours[0] + (colours[0] * 0.55 - colours[0]) * (_soft(y - 0.5, 1.6) * 0.6)[..., None]
    else:
        _wall(image, x, y, colours, rng)
        painters = {"bokeh": _bokeh, "window": _window, "shelf": _shelf, "office": _office}
        if kind in painters:
            painters[kind](image, x, y, colours, rng)
    image *= (1 - 0.22 * ((x - 0.5) ** 2 + (y - 0.5) ** 2))[..., None]
    image += rng.normal(size=(size, size, 1)) * 0.004
    return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
