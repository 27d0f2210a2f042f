"""Faults planted in portraits, each with a strength from 0, the least that counts as one, to 1.

All of it is painted here with numpy, scipy and Pillow; nothing is shared with what looks for faults or with what its
network was trained on. Knows faces by their eyes and mouth.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw
from scipy import ndimage as scipy_ndimage

from livetalk.evaluation.inputs.subjects import Subject

ndimage: Any = scipy_ndimage  # its types leave open what comes back
Picture = UInt8[np.ndarray, "h w 3"]
Random = np.random.Generator
SKINS = ((255, 219, 190), (232, 184, 148), (198, 146, 104), (150, 102, 68), (104, 68, 46), (66, 44, 34))
CLOTHS = ((236, 240, 244), (130, 178, 220), (24, 24, 28), (190, 60, 70), (70, 110, 80), (210, 190, 150))


def between(least: float, most: float, strength: float) -> float:
    return least + (most - least) * strength


def place(subject: Subject, points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
    """Pixels of points in distances between the eyes: x to the picture's right, y down from the eyes' middle."""
    across = subject.eyes[1] - subject.eyes[0]
    unit = across / np.hypot(*across) * subject.between
    down = np.array([-unit[1], unit[0]])
    shift = 0.25 * np.sin(np.radians(subject.yaw)) * unit
    points = np.asarray(points, float)
    return subject.eyes.mean(0) + shift + points[:, :1] * unit + points[:, 1:] * down


def cut(subject: Subject, rng: Random, strength: float) -> Picture:
    """The picture ends inside the face: 15 to 45 % of its width, or 15 to 38 % of its height from above or below."""
    side = int(rng.integers(4))
    share = between(0.15, 0.45 if side < 2 else 0.38, strength)
    left, right = place(subject, np.array([(-0.95, 0.5), (0.95, 0.5)]))[:, 0]
    top, bottom = place(subject, np.array([(0, -0.8), (0, 1.75)]))[:, 1]
    picture = subject.picture
    if side == 0:
        return picture[:, int(left + share * (right - left)) :]
    if side == 1:
        return picture[:, : int(right - share * (right - left))]
    if side == 2:
        return picture[int(top + share * (bottom - top)) :]
    return picture[: int(bottom - share * (bottom - top))]


def small(subject: Subject, rng: Random, strength: float) -> Picture:
    """52 to 26 pixels between the eyes."""
    return scaled(subject.picture, between(52, 26, strength) / subject.between)


def scaled(picture: Picture, scale: float) -> UInt8[np.ndarray, "h2 w2 3"]:
    height, width = picture.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))


def blurred(subject: Subject, rng: Random, strength: float) -> Picture:
    """Out of focus (a disc), soft (a Gaussian) or shaken (a line): 0.08 to 0.16 of the eyes' distance."""
    amount = between(0.08, 0.16, strength) * subject.between
    picture = subject.picture.astype(np.float32)
    kind = int(rng.integers(3))
    if kind == 0:
        return _bytes(ndimage.gaussian_filter(picture, (amount, amount, 0)))
    reach = int(np.ceil(2.2 * amount))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    if kind == 1:
        kernel = (x**2 + y**2 <= (2 * amount) ** 2).astype(np.float32)
    else:
        angle = rng.uniform(0, np.pi)
        along, off = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        kernel = (np.clip(1.2 - np.abs(off), 0, 1) * (np.abs(along) <= 2.2 * amount)).astype(np.float32)
    kernel /= kernel.sum()
    return _bytes(np.stack([ndimage.convolve(picture[..., c], kernel, mode="nearest") for c in range(3)], -1))


def dark(subject: Subject, rng: Random, strength: float) -> Picture:
    """An eleventh to a fiftieth of the light (3.5 to 5.6 stops), and the noise of a sensor that has little of it."""
    return dimmed(subject.picture, between(3.5, 5.6, strength), rng, noise=rng.uniform(0.0, 0.004))


def dimmed(picture: Picture, stops: float, rng: Random, noise: float = 0.0) -> Picture:
    light = (picture / 255.0) ** 2.2 * 2.0**-stops
    light = light + rng.normal(0, 1, picture.shape) * (noise * np.sqrt(light + 1e-4))
    return _bytes(255 * np.clip(light, 0, 1) ** (1 / 2.2))


def mask(subject: Subject, rng: Random, strength: float) -> Picture:
    """A cloth over mouth and nose, the larger the stronger."""
    top = between(0.6, 0.25, strength)
    line = [(-0.9, top + 0.1), (0, top - 0.05), (0.9, top + 0.1), (0.85, 1.25), (0.45, 1.75), (0, 1.9), (-0.45, 1.75),
            (-0.85, 1.25)]  # fmt: skip
    cover = _filled(subject, line)
    return _laid(subject.picture, cover, _cloth(subject.picture.shape, rng), rng)


def hand(subject: Subject, rng: Random, strength: float) -> Picture:
    """Fingers over mouth, cheek or eye, and the arm that they belong to."""
    reach = np.array([rng.uniform(-0.35, 0.35), between(0.75, 0.35, strength)])
    lean = rng.uniform(-0.5, 0.5)
    canvas = Image.new("L", subject.picture.shape[1::-1])
    pen, thick = ImageDraw.Draw(canvas), 0.27 * subject.between
    fingers = 3 + int(rng.integers(2))
    for finger in range(fingers):
        off = finger - (fingers - 1) / 2
        tip = reach + np.array([0.3 * off, 0.09 * abs(off)])
        root = tip + np.array([lean * 0.8, 1.1])
        _stroke(pen, place(subject, np.array([tip, root])), thick)
    palm = reach + np.array([lean * 0.9, 1.3])
    _stroke(pen, place(subject, np.array([palm, palm + np.array([lean * 2, 3])])), 0.3 * fingers * subject.between)
    cover = np.asarray(canvas) > 127
    tone = np.array(SKINS[rng.integers(len(SKINS))], np.float32)
    inside = ndimage.distance_transform_edt(cover)
    relief = 0.68 + 0.32 * np.clip(inside / (0.45 * thick), 0, 1) ** 0.6
    return _laid(subject.picture, cover, tone * relief[..., None], rng)


def sunglasses(subject: Subject, rng: Random, strength: float) -> Picture:
    """Dark glasses: round, square or drop-shaped; the stronger, the less can be seen through them."""
    wide, high, drop = rng.uniform(0.34, 0.46), rng.uniform(0.26, 0.4), rng.uniform(0, 0.12)
    power = rng.choice([2.0, 4.0, 8.0])
    turn = np.linspace(0, 2 * np.pi, 60)
    ring = np.stack([np.cos(turn), np.sin(turn)], 1)
    ring = np.sign(ring) * np.abs(ring) ** (2 / power) * (wide, high)
    lenses = [_filled(subject, ring + np.array([side, 0.06 + drop])) for side in (-0.5, 0.5)]
    cover = lenses[0] | lenses[1]
    colour = np.array([(12, 12, 14), (40, 26, 18), (16, 26, 44), (30, 34, 30)][rng.integers(4)], np.float32)
    fade = np.linspace(0.8, 1.6, len(subject.picture))[:, None, None]
    through = between(0.14, 0.0, strength)
    glass = np.clip(colour * fade, 0, 255) * (1 - through) + subject.picture * through
    picture = Image.fromarray(_laid(subject.picture, cover, glass, rng))
    pen, dark_frame = ImageDraw.Draw(picture), tuple(int(v) for v in colour * 0.7)
    for line in (((-0.18, 0.02), (0.18, 0.02)), ((-0.9, 0.0), (-1.15, -0.06)), ((0.9, 0.0), (1.15, -0.06))):
        _stroke(pen, place(subject, np.array(line)), 0.05 * subject.between, dark_frame)
    return np.asarray(picture)


def microphone(subject: Subject, rng: Random, strength: float) -> Picture:
    """A round head before the mouth on a handle from below."""
    radius = between(0.36, 0.6, strength)
    centre = np.array([rng.uniform(-0.15, 0.15), 1.15 + rng.uniform(-0.1, 0.15)])
    turn = np.linspace(0, 2 * np.pi, 48)
    cover = _filled(subject, centre + radius * np.stack([np.cos(turn), 1.15 * np.sin(turn)], 1))
    canvas = Image.new("L", subject.picture.shape[1::-1])
    end = centre + np.array([rng.uniform(-1.5, 1.5), 4])
    _stroke(ImageDraw.Draw(canvas), place(subject, np.array([centre, end])), radius * subject.between)
    grey = rng.uniform(20, 120)
    y, x = np.mgrid[: cover.shape[0], : cover.shape[1]]
    grid = grey * (1 + 0.35 * ((x // 2 + y // 2) % 2))[..., None] * np.ones(3)
    handled = _laid(subject.picture, np.asarray(canvas) > 127, np.full((*cover.shape, 3), 0.5 * grey), rng)
    return _laid(handled, cover, grid, rng)


def thing(subject: Subject, rng: Random, strength: float) -> Picture:
    """A sheet, telephone or cup over half an eye and a cheek, or over nose and mouth."""
    size = between(0.55, 0.9, strength)
    centre = np.array([rng.choice([-0.5, 0.0, 0.5]), rng.uniform(0.5, 1.1)])
    turn = rng.uniform(-0.6, 0.6)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (size * rng.uniform(0.75, 1.1), size)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return _laid(subject.picture, _filled(subject, corners @ spin.T + centre), _cloth(subject.picture.shape, rng), rng)


COVERS: tuple[Callable[[Subject, Random, float], Picture], ...] = (mask, hand, sunglasses, microphone, thing)


def covered(subject: Subject, rng: Random, strength: float) -> Picture:
    """One of the five things that cover a face."""
    return COVERS[rng.integers(len(COVERS))](subject, rng, strength)


def _filled(subject: Subject, line: "list[tuple[float, float]] | np.ndarray") -> Bool[np.ndarray, "h w"]:
    canvas = Image.new("L", subject.picture.shape[1::-1])
    ImageDraw.Draw(canvas).polygon([tuple(p) for p in place(subject, np.array(line, float))], fill=255)
    return np.asarray(canvas) > 127


def _stroke(pen: ImageDraw.ImageDraw, ends: np.ndarray, thick: float, colour: "tuple[int, ...] | int" = 255) -> None:
    """A line with round ends."""
    pen.line([tuple(end) for end in ends], fill=colour, width=max(1, round(thick)))
    for x, y in ends:
        pen.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=colour)


def _cloth(shape: tuple[int, ...], rng: Random) -> Float[np.ndarray, "h w 3"]:
    """A plain, pleated or patterned surface, shaded."""
    colour = np.array(CLOTHS[rng.integers(len(CLOTHS))]) if rng.random() < 0.6 else rng.integers(0, 256, 3)
    y, x = np.mgrid[: shape[0], : shape[1]]
    kind, step = rng.integers(4), rng.uniform(6, 18)
    wave = (1.0, 1 + 0.08 * np.sin(y * 6.28 / step), 1 + 0.3 * np.sign(np.sin(x * 6.28 / step)),
            1 + 0.25 * np.sign(np.sin(x * 6.28 / step) * np.sin(y * 6.28 / step)))[kind]  # fmt: skip
    shade = 1 + 0.25 * (x / shape[1] - 0.5) * rng.choice([-1, 1])
    grain = rng.normal(0, 3, shape[:2])
    return np.clip((wave * shade)[..., None] * colour + grain[..., None], 0, 255)


def _laid(picture: Picture, cover: Bool[np.ndarray, "h w"], surface: np.ndarray, rng: Random) -> Picture:
    """A surface laid over a part of a picture, its edge soft, with the shadow that it throws."""
    edge = ndimage.gaussian_filter(cover.astype(np.float32), rng.uniform(0.6, 1.4))[..., None]
    shadow = ndimage.gaussian_filter(np.roll(cover, (3, 2), (0, 1)).astype(np.float32), 5)[..., None]
    return _bytes(picture * (1 - 0.3 * shadow) * (1 - edge) + surface * edge)


def _bytes(values: np.ndarray) -> Picture:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)
