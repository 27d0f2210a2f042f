"""Covers of faces for training: masks, dark glasses, fingers, microphones, cloths, things; and what covers nothing.

Needs OpenCV (the `eval` extra). Lengths are distances between the eyes.
"""

from collections.abc import Callable

import cv2
import numpy as np

from livetalk.recipes.input_checks.painting import (
    SIDE,
    TURN,
    Canvas,
    FacePlace,
    Mask,
    Pieces,
    Random,
    ellipse,
    paste,
    pixel,
    plain,
    skin,
    spline,
    texture,
)

MASKS = ((200, 225, 240), (245, 245, 245), (30, 30, 32), (180, 210, 190), (120, 160, 210))
GLASSES_SHARE = 0.3  # of the face that dark glasses count as covering at least: what they hide matters more
FAR = 4.0  # beyond the canvas
Cover = Callable[[Canvas, FacePlace, Random, Pieces], tuple[Canvas, Mask]]


def covered(canvas: Canvas, face: FacePlace, rng: Random, pieces: Pieces) -> tuple[Canvas, float]:
    """The face with something before it, and the share of it that is covered."""
    cover = COVERS[int(rng.integers(len(COVERS)))]
    painted, mask = cover(canvas, face, rng, pieces)
    outline = face.face()
    share = float((np.clip(mask, 0, 1) * outline).sum() / max(outline.sum(), 1))
    return painted, max(share, GLASSES_SHARE) if cover is _dark_glasses else share


def harmless(canvas: Canvas, face: FacePlace, rng: Random, pieces: Pieces) -> Canvas:
    """What covers nothing: clear glasses; something below, above or beside the face."""
    kind = int(rng.integers(4))
    if kind == 0:
        return _clear_glasses(canvas, face, rng)
    if kind == 1:
        points = _edge(rng, rng.uniform(1.75, 2.1), 0.05, 0.05, FAR)
    elif kind == 2:
        points = _edge(rng, rng.uniform(-0.95, -0.6), 0.05, 0.05, -FAR)
    else:
        side = rng.uniform(1.15, 1.4)
        points = _beside(rng, side, 0.05, -1 if rng.random() < 0.5 else 1)
    return paste(canvas, face.mask(points), texture(rng, pieces), rng)


def _mask(canvas: Canvas, face: FacePlace, rng: Random, pieces: Pieces) -> tuple[Canvas, Mask]:
    """A mask up to somewhere between the eyes and the nose's tip, with folds and bands."""
    top, middle = rng.uniform(0.25, 0.6), face.of_mouth()[0]
    points = np.array(
        [
            (-0.95, top + 0.12),
            (0.2 * face.turn, top - 0.08),
            (0.95, top + 0.12),
            (0.85, 1.35),
            (middle, 1.85),
            (-0.85, 1.35),
        ]
    ) + rng.normal(0, 0.08, (6, 2))
    paint = texture(rng, pieces) if rng.random() < 0.6 else plain(rng.choice(np.array(MASKS, float)))
    if rng.random() < 0.6:
        folds = np.sin(np.arange(SIDE) / rng.uniform(1.2, 3)) > 0.3
        paint = paint * (1 - 0.12 * folds)[:, None, None]
    canvas = np.array(canvas, np.float32)
    if rng.random() < 0.7:
        for corner, ear in ((points[0], -1.2), (points[2], 1.2)):
            start, end = face.pixels(np.array([corner, (ear, 0.2 + rng.normal(0, 0.08))]))
            cv2.line(canvas, pixel(start), pixel(end), (235.0,) * 3, 1, cv2.LINE_AA)
    mask = face.mask(spline(points))
    return paste(canvas, mask, paint, rng), mask


def _dark_glasses(canvas: Canvas, face: FacePlace, rng: Random, pieces: Pieces) -> tuple[Canvas, Mask]:
    """Two lenses that let at most 15 % through, with a bridge and bows."""
    size, below = (rng.uniform(0.3, 0.5), rng.uniform(0.22, 0.42), rng.uniform(2, 5)), rng.uniform(-0.02, 0.14)
    left, right = (face.mask(ellipse(*size, at=(eye + 0.1 * face.turn, below))) for eye in (-0.5, 0.5))
    mask = np.maximum(left, right)
    colour = np.array([1, rng.uniform(0.7, 1.1), rng.uniform(0.6, 1.2)]) * rng.uniform(5, 60)
    paint = np.clip(plain(colour) * np.linspace(1, rng.uniform(0.6, 1.8), SIDE)[:, None, None], 0, 255)
    if rng.random() < 0.25:
        paint = texture(rng, pieces)
    opaque = rng.uniform(0.85, 1)
    canvas = np.ascontiguousarray(canvas * (1 - opaque) + paste(canvas, mask, paint, rng) * opaque, np.float32)
    shade, width = (rng.uniform(0, 90),) * 3, max(1, int(face.unit * 0.04))
    for start, end in (
        ((-0.15, below), (0.15, below)),
        ((-0.95, below - 0.05), (-1.25, below - 0.1)),
        ((0.95, below - 0.05), (1.25, below - 0.1)),
    ):
        one, other = face.pixels([start, end])
        cv2.line(canvas, pixel(one), pixel(other), shade, width, cv2.LINE_AA)
    return canvas, mask


def _fingers(canvas: Canvas, face: FacePlace, rng: Random, pieces: Pieces) -> tuple[Canvas, Mask]:
    """Two to four fingers and the hand behind them, mostly from below."""
    tip = face.pixels([(rng.uniform(-0.5, 0.5), rng.uniform(-0.1, 1.4))])[0]
    angle = rng.uniform(0, TURN) if rng.random() < 0.3 else rng.uniform(0.2, 2.9)
    away = np.array([np.cos(angle), np.sin(angle)])
    beside = np.array([-away[1], away[0]])
    thick, count = face.unit * rng.uniform(0.2, 0.32), int(rng.integers(2, 5))
    mask = np.zeros((SIDE, SIDE), np.float32)
    for finger in range(count):
        offset = beside * (finger - (count - 1) / 2) * thick * rng.uniform(0.95, 1.2)
        start, end = tip + offset - away * face.unit * rng.uniform(0, 0.4), tip + 0.9 * offset + 0.9 * away * face.unit
        cv2.line(mask, pixel(start), pixel(end), 1.0, max(2, int(thick)), cv2.LINE_AA)
    palm = max(2, int(thick * count * 1.05))
    start, end = tip + 0.8 * away * face.unit, tip + FAR * away * face.unit
    cv2.line(mask, pixel(start), pixel(end), 1.0, palm, cv2.LINE_AA)
    paint = skin(rng, mask) if rng.random() < 0.85 else texture(rng, pieces)
    return paste(canvas, mask, paint, rng), mask


def _microphone(canvas: Canvas, face: FacePlace, rng: Random, pieces: Pieces) -> tuple[Canvas, Mask]:
    """A ball before the mouth, meshed, with its handle."""
    x, y = face.of_mouth()
    centre = face.pixels([(x + rng.normal(0, 0.15), y + rng.uniform(-0.2, 0.35))])[0]
    radius, grey = face.unit * rng.uniform(0.28, 0.6), rng.uniform(10, 140)
    ball, handle = np.zeros((SIDE, SIDE), np.float32), np.zeros((SIDE, SIDE), np.float32)
    axes = int(radius), int(radius * rng.uniform(0.9, 1.3))
    cv2.ellipse(ball, pixel(centre), axes, rng.uniform(0, 180), 0, 360, 1.0, -1)
    angle = rng.uniform(0.6, 2.5)
    end = centre + np.array([np.cos(angle), np.sin(angle)]) * face.unit * 5
    cv2.line(handle, pixel(centre), pixel(end), 1.0, max(2, int(radius * rng.uniform(0.6, 1.2))))
    canvas = paste(canvas, handle, plain(grey * 0.7), rng)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    mesh = 1 + 0.3 * np.sign(np.sin(columns * 1.6) * np.sin(rows * 1.6))
    paint = plain(grey) * (mesh * (1 - 0.3 * (columns - centre[0]) / radius))[..., None]
    if rng.random() < 0.3:
        paint = texture(rng, pieces)
    return paste(canvas, ball, np.clip(paint, 0, 255), rng), np.maximum(ball, handle)


def _cloth(canvas: Canvas, face: FacePlace, rng: Random, pieces: Pieces) -> tuple[Canvas, Mask]:
    """A scarf or collar from below, a cap or hair from above, a door or card from the side."""
    side = int(rng.integers(4))
    if side < 2:
        points = _edge(rng, rng.uniform(0.45, 1.1), 0.12, 0.2, FAR)
    elif side == 2:
        points = _edge(rng, rng.uniform(-0.05, 0.35), 0.1, 0.1, -FAR)
    else:
        points = _beside(rng, rng.uniform(-0.25, 0.3), 0.1, int(rng.choice((-1, 1))))
    mask = face.mask(points)
    return paste(canvas, mask, texture(rng, pieces), rng), mask


def _thing(canvas: Canvas, face: FacePlace, rng: Random, pieces: Pieces) -> tuple[Canvas, Mask]:
    """A card, a blob or a polygon anywhere on the face."""
    centre, radius = np.array([rng.uniform(-0.7, 0.7), rng.uniform(-0.2, 1.5)]), rng.uniform(0.35, 1.1)
    if rng.random() < 0.4:
        angle = rng.uniform(0, np.pi)
        turned = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
        points = np.array([(-1, -0.6), (1, -0.6), (1, 0.6), (-1, 0.6)]) * radius @ turned.T + centre
    else:
        count = int(rng.integers(3, 9))
        angles = np.sort(rng.uniform(0, TURN, count))
        reach = rng.uniform(0.6, 1, (count, 1)) * radius * (1, rng.uniform(0.5, 1.3))
        points = np.stack([np.cos(angles), np.sin(angles)], 1) * reach + centre
        points = spline(points) if rng.random() < 0.6 else points
    mask = face.mask(points)
    return paste(canvas, mask, texture(rng, pieces), rng), mask


def _clear_glasses(canvas: Canvas, face: FacePlace, rng: Random) -> Canvas:
    size = rng.uniform(0.33, 0.45), rng.uniform(0.2, 0.36), rng.uniform(2, 5)
    below, tint, shine = rng.uniform(0, 0.1), rng.uniform(0, 0.15), rng.uniform(0, 1)
    red, green, blue = (float(value) for value in rng.integers(0, 200, 3))
    canvas = np.array(canvas, np.float32)
    for eye in (-0.5, 0.5):
        points = ellipse(*size, at=(eye, below))
        glass = (tint * face.mask(points))[..., None]
        canvas = np.ascontiguousarray(canvas * (1 - glass) + 200 * shine * glass, np.float32)
        outline = np.round(face.pixels(points)).astype(np.int32)
        cv2.polylines(canvas, [outline], True, (red, green, blue), int(rng.integers(1, 4)), cv2.LINE_AA)
    start, end = face.pixels([(-0.12, below), (0.12, below)])
    cv2.line(canvas, pixel(start), pixel(end), (red, green, blue), 1, cv2.LINE_AA)
    return canvas


def _edge(rng: Random, level: float, inner: float, outer: float, to: float) -> np.ndarray:
    """All beyond a level across the face; `inner` and `outer`: how uneven it is before the face and beside it."""
    across, spread = (-3, -1, 0, 1, 3), (outer, inner, inner, inner, outer)
    border = [(x, level + rng.normal(0, by)) for x, by in zip(across, spread, strict=True)]
    return np.array([*border, (3, to), (-3, to)])


def _beside(rng: Random, level: float, uneven: float, sign: int) -> np.ndarray:
    """All to the right (+1) or left (-1) of a level."""
    border = [(sign * level + rng.normal(0, uneven), y) for y in (-FAR, 0.5, FAR)]
    return np.array([*border, (sign * FAR, FAR), (sign * FAR, -FAR)])


COVERS: tuple[Cover, ...] = (_mask, _dark_glasses, _fingers, _fingers, _microphone, _cloth, _thing, _thing, _thing)
