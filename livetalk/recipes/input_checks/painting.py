"""Paint for faults of training: textures, skin, soft masks, and places on a face. Needs OpenCV (the `eval` extra).

Knows nothing of what counts as a fault.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

SIDE = 192  # pixels of the square that is painted on; the network is shown it at 128
TURN = 2 * np.pi
SKINS = np.array(
    [(255, 224, 196), (241, 194, 160), (224, 172, 130), (198, 134, 90), (141, 90, 60), (95, 57, 38), (60, 36, 26)],
    float,
)
Canvas = Float[np.ndarray, "192 192 3"]  # RGB, 0 to 255
Mask = Float[np.ndarray, "192 192"]  # 0 to 1
Points = Float[np.ndarray, "n 2"]
Pieces = list[UInt8[np.ndarray, "h w 3"]]  # of other pictures, as textures
Random = np.random.Generator


@dataclass(frozen=True)
class FacePlace:
    """Where a face is on the canvas: x to its right, y down, in distances between the eyes from their middle."""

    middle: Float[np.ndarray, "2"]
    across: Float[np.ndarray, "2"]  # from eye to eye, as if the face looked at the camera; pixels
    mouth: Float[np.ndarray, "2"]  # pixels
    yaw: float  # degrees

    @property
    def unit(self) -> float:
        return float(np.hypot(*self.across))

    @property
    def down(self) -> Float[np.ndarray, "2"]:
        return np.array([-self.across[1], self.across[0]])

    @property
    def turn(self) -> float:
        return float(np.sin(np.radians(self.yaw)))

    def pixels(self, points: Points | list[tuple[float, float]]) -> Points:
        points = np.asarray(points, float)
        return self.middle + points[:, :1] * self.across + points[:, 1:] * self.down

    def of_mouth(self) -> tuple[float, float]:
        offset = (self.mouth - self.middle) / self.unit**2
        return float(offset @ self.across), float(offset @ self.down)

    def mask(self, points: Points | list[tuple[float, float]]) -> Mask:
        """A filled polygon."""
        drawn = np.zeros((SIDE, SIDE), np.float32)
        cv2.fillPoly(drawn, [np.round(self.pixels(points)).astype(np.int32)], 1.0)
        return drawn

    def face(self) -> Mask:
        return self.mask(ellipse(0.85, 0.95, at=(0.25 * self.turn, 0.6)))


def pixel(point: np.ndarray) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def ellipse(width: float, height: float, squareness: float = 2.0, at: tuple[float, float] = (0.0, 0.0)) -> Points:
    """A closed curve around `at`; the larger the squareness, the more like a rectangle."""
    angle = np.linspace(0, TURN, 40)
    cos, sin = np.cos(angle), np.sin(angle)
    power = 2 / squareness
    x, y = width * np.sign(cos) * np.abs(cos) ** power, height * np.sign(sin) * np.abs(sin) ** power
    return np.stack([x + at[0], y + at[1]], 1)


def spline(points: Points, count: int = 60) -> Float[np.ndarray, "count 2"]:
    """A closed Catmull-Rom spline through the points."""
    given = np.asarray(points, float)
    at = np.linspace(0, len(given), count, endpoint=False)
    place = at.astype(int)
    t = (at - place)[:, None]
    a, b, c, d = (given[(place + step) % len(given)] for step in (-1, 0, 1, 2))
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


def paste(canvas: Canvas, mask: Mask, paint: Canvas, rng: Random) -> Canvas:
    """Paint with a soft edge, half of the time with a shadow beside it."""
    mask = mask.astype(np.float32)
    if rng.random() < 0.5:
        shadow = cv2.GaussianBlur(mask, (0, 0), rng.uniform(2, 6))
        shadow = np.roll(shadow, (int(rng.integers(0, 5)), int(rng.integers(-4, 5))), (0, 1))
        canvas = canvas * (1 - 0.35 * shadow[..., None])
    soft = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.4, 1.3))[..., None]
    return canvas * (1 - soft) + paint * soft


def plain(colour: float | Float[np.ndarray, "3"]) -> Canvas:
    return np.ones((SIDE, SIDE, 3)) * colour


def texture(rng: Random, pieces: Pieces) -> Canvas:
    """Plain, a gradient, clouds, stripes, a piece of another picture or grain, under light from one side."""
    kind = int(rng.integers(6))
    colour = rng.integers(0, 256, 3) if rng.random() < 0.7 else np.full(3, rng.integers(0, 256))
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    cos, sin = _direction(rng)
    base = plain(colour.astype(float))
    if kind == 1:
        share = np.clip(0.5 + cos * (x / SIDE - 0.5) + sin * (y / SIDE - 0.5), 0, 1)[..., None]
        base = base * (1 - share) + rng.integers(0, 256, 3) * share
    elif kind == 2:
        cells, channels = int(rng.integers(3, 24)), int(rng.choice((1, 3)))
        clouds = rng.normal(0, 1, (cells, cells, channels)).astype(np.float32)
        clouds = cv2.resize(clouds, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).reshape(SIDE, SIDE, channels)
        base = base + clouds * rng.uniform(10, 50)
    elif kind == 3:
        stripes = np.sin((cos * x + sin * y) * TURN / rng.uniform(4, 24)) > 0
        base = np.where(stripes[..., None], base, rng.integers(0, 256, 3))
    elif kind == 4 and pieces:
        base = _piece(rng, pieces)
    elif kind == 5:
        base = base + rng.normal(0, rng.uniform(2, 14), (SIDE, SIDE, 1))
    cos, sin = _direction(rng)
    light = 1 + rng.uniform(0, 0.35) * (cos * x + sin * y) / SIDE
    return np.clip(base * light[..., None], 0, 255)


def skin(rng: Random, mask: Mask) -> Canvas:
    """Skin of any tone, darker towards the mask's edge."""
    tone = rng.uniform(0, len(SKINS) - 1)
    lower = int(tone)
    colour = SKINS[lower] + (SKINS[min(lower + 1, len(SKINS) - 1)] - SKINS[lower]) * (tone - lower)
    deep = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    deep = np.sqrt(deep / max(float(deep.max()), 1))[..., None]
    uneven = cv2.resize(rng.normal(0, 1, (SIDE // 6, SIDE // 6)).astype(np.float32), (SIDE, SIDE))[..., None]
    return np.clip(colour * (0.62 + 0.4 * deep) * rng.uniform(0.7, 1.1) + uneven * 4, 0, 255)


def _direction(rng: Random) -> tuple[float, float]:
    angle = rng.uniform(0, TURN)
    return float(np.cos(angle)), float(np.sin(angle))


def _piece(rng: Random, pieces: Pieces) -> Canvas:
    picture = pieces[int(rng.integers(len(pieces)))]
    height, width = (int(length) for length in picture.shape[:2])
    side = int(rng.integers(20, min(height, width)))
    y, x = int(rng.integers(0, height - 20)), int(rng.integers(0, width - 20))
    return cv2.resize(picture[y : y + side, x : x + side], (SIDE, SIDE)).astype(float)
