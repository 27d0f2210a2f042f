"""Hair as cards (ribbons of strands) grown from a person's scalp, and glasses, which are as rigid.

Each strand is a polyline that leaves its root, follows the cut's combing and gravity, and never enters the head,
which is known as a radius over direction. Knows a look and a person's mesh; draws nothing.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from livetalk.data.heads import glasses
from livetalk.data.heads.look import Look
from livetalk.data.heads.mesh import VERTEX, Person

CENTRE = np.array([0.0, 7.45, 0.28])  # of the skull, on the average head
_NECK_Z = 0.3  # of the neck's axis
_BINS = (40, 64)  # of the radius map: height, azimuth
Points = Float[np.ndarray, "k 3"]


@dataclass(frozen=True)
class Cut:
    """How a cut grows. Lengths in decimetres."""

    count: int  # cards
    steps: int
    top: float  # length on top
    side: float  # length at the sides and the back
    width: float
    lift: float  # volume above the skull
    stand: float  # how much a strand leaves along the skull's normal, 0 to 1
    gravity: float
    curl: float = 0.0  # radius of the curls
    turns: float = 0.0  # of a curl along a strand
    hug: float = 0.0  # how much strands are drawn back to the skull
    gather: bool = False  # all hair runs to a knot at the back


CUTS = {
    "buzz": Cut(0, 2, 0, 0, 0, 0, 0, 0),
    "bald": Cut(0, 2, 0, 0, 0, 0, 0, 0),
    "receding": Cut(700, 4, 0.34, 0.22, 0.085, 0.03, 0.25, 0.5),
    "short": Cut(950, 5, 0.42, 0.16, 0.10, 0.07, 0.55, 0.25),
    "side": Cut(900, 6, 0.85, 0.26, 0.10, 0.11, 0.45, 0.5, hug=0.6),
    "curly": Cut(750, 9, 0.80, 0.60, 0.12, 0.20, 0.7, 0.35, 0.055, 2.2),
    "afro": Cut(1000, 6, 0.36, 0.32, 0.15, 0.22, 1.0, 0.0, 0.10, 1.3),
    "bob": Cut(700, 10, 1.75, 1.35, 0.14, 0.14, 0.30, 1.0, hug=0.85),
    "long": Cut(600, 12, 2.9, 2.7, 0.15, 0.13, 0.30, 1.0, hug=0.85),
    "bun": Cut(900, 7, 1.9, 1.3, 0.085, 0.05, 0.10, 0.0, hug=0.9, gather=True),
}


class Skull:
    """Outer radius of head and shoulders seen from the skull's middle."""

    def __init__(self, person: Person) -> None:
        asset = person.asset
        body = asset.kind == 0
        self.centre = CENTRE
        offset = person.points[body & (person.points[:, 1] > 6.35)] - self.centre
        radius = np.linalg.norm(offset, axis=1)
        row, column = self._bins(offset / radius[:, None])
        grid = np.zeros(_BINS)
        np.maximum.at(grid, (row.astype(int) % _BINS[0], column.astype(int) % _BINS[1]), radius)
        for _ in range(6):  # fill directions no vertex lies in from their neighbours
            rolled = [np.roll(grid, s, 1) for s in (-1, 1)] + [
                np.vstack([grid[1:], grid[-1:]]),
                np.vstack([grid[:1], grid[:-1]]),
            ]
            grid = np.where(grid > 0, grid, np.max(rolled, 0))
        for _ in range(2):
            grid = (grid * 2 + np.roll(grid, 1, 1) + np.roll(grid, -1, 1)) / 4
            grid = (grid * 2 + np.vstack([grid[1:], grid[-1:]]) + np.vstack([grid[:1], grid[:-1]])) / 4
        self._grid = grid
        self._levels = np.linspace(4.8, 7.2, 13)
        bands = [np.abs(person.points[body, 1] - y) < 0.12 for y in self._levels]
        near = [person.points[body][band & (np.abs(person.points[body, 0]) < 0.6)] for band in bands]
        self._wide = np.array([np.clip(np.abs(p[:, 0]).max(), 0.45, 0.66) for p in near])
        self._back = np.array([np.clip(p[:, 2].min(), -0.75, -0.05) for p in near])

    @staticmethod
    def _bins(way: Points) -> tuple[np.ndarray, np.ndarray]:
        row = (np.arcsin(np.clip(way[:, 1], -1, 1)) / np.pi + 0.5) * (_BINS[0] - 1e-6)
        return row, (np.arctan2(way[:, 0], way[:, 2]) / (2 * np.pi) + 0.5) * _BINS[1]

    def radius(self, way: Points) -> Float[np.ndarray, "k"]:
        row, column = self._bins(way)
        row, column = row - 0.5, column - 0.5
        r0, c0 = np.floor(row).astype(int), np.floor(column).astype(int)
        fr, fc = row - r0, column - c0
        low, high = r0.clip(0, _BINS[0] - 1), (r0 + 1).clip(0, _BINS[0] - 1)
        left, right = c0 % _BINS[1], (c0 + 1) % _BINS[1]
        g = self._grid
        return (g[low, left] * (1 - fr) + g[high, left] * fr) * (1 - fc) + (
            g[low, right] * (1 - fr) + g[high, right] * fr
        ) * fc

    def outside(self, points: Points, lift: np.ndarray, hug: float) -> Points:
        """Points pushed out of the skull and, by a share `hug`, drawn back to `lift` above it; below the ears only
        pushed sideways out of the neck (shoulders may swallow hair)."""
        offset = points - self.centre
        far = np.linalg.norm(offset, axis=1, keepdims=True)
        way = offset / far
        least = self.radius(way) + lift
        spare = np.maximum(far[:, 0] - least, 0) * (1 - hug * np.clip((offset[:, 1] + 0.5) / 0.5, 0, 1))
        ball = self.centre + way * (least + spare)[:, None]
        wide, back = (
            np.interp(points[:, 1], self._levels, self._wide),
            np.interp(points[:, 1], self._levels, self._back),
        )
        flat = (points - (0, 0, _NECK_Z))[:, [0, 2]]
        share = np.hypot(flat[:, 0] / (wide + lift), flat[:, 1] / (_NECK_Z - back + lift)).clip(1e-3, 1)
        neck = points.copy()
        neck[:, [0, 2]] = flat / share[:, None] + (0, _NECK_Z)
        return np.where(offset[:, 1:2] > -0.55, ball, neck)


def _unit(v: np.ndarray) -> np.ndarray:
    return v / (np.linalg.norm(v, axis=-1, keepdims=True) + 1e-9)


def _roots(person: Person, hairline: float, count: int, rng: np.random.Generator) -> tuple[Points, Points, Points]:
    """Points spread over the scalp: where, which way is out, and the same place on the average head."""
    asset = person.asset
    triangles = asset.triangles[(asset.scalp[asset.triangles] > hairline - 0.02).all(1)]
    a, b, c = (person.points[triangles[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    pick = triangles[rng.choice(len(triangles), count, p=area / area.sum())]
    share = rng.dirichlet([1, 1, 1], count)[..., None]
    spread = [(values[pick] * share).sum(1) for values in (person.points, person.normals, asset.points)]
    return spread[0], _unit(spread[1]), spread[2]


def _combing(look: Look, rest: Points, out: Points, rng: np.random.Generator) -> Points:
    """Which way the comb pulls hair at each root."""
    hair, x = look.hair, rest[:, 0]
    side = np.sign(x - hair.part + rng.normal(size=len(x)) * 0.015)
    top = np.clip((rest[:, 1] - 7.75) / 0.35, 0, 1)[:, None]
    front = np.clip((rest[:, 2] - 0.6) / 0.6, 0, 1)[:, None]
    down = np.tile([0.0, -1.0, 0.0], (len(x), 1))
    away = np.stack([side, np.full(len(x), -0.15), np.full(len(x), -0.25)], 1)
    if hair.cut in ("short", "receding"):
        way = np.array([0.25 * np.sign(hair.part + 1e-6), 0.05, 0.9 - 1.6 * (hair.length > 0.6)]) * top + down * (
            1 - top
        )
    elif hair.cut == "side":
        swept = np.stack([side * 1.0, np.full(len(x), 0.35), np.full(len(x), -0.45)], 1)
        way = swept * top + (down + np.array([0, 0, -0.5])) * (1 - top)
    elif hair.cut == "bun":
        way = np.array([0.0, 7.85, -0.75]) - rest
    else:
        way = away * top + down * (1 - top) + np.array([0, 0, -0.55]) * front * (1 - hair.fringe)
    if hair.fringe > 0.3 and hair.cut in ("bob", "long", "short"):
        bang = front * np.clip((rest[:, 1:2] - 7.9) / 0.1, 0, 1)
        way = way * (1 - bang) + bang * (np.array([0.0, -0.35, 1.0]) + 0.25 * rng.normal(size=(len(x), 3)) * [1, 0, 0])
    way = _unit(way + rng.normal(size=way.shape) * 0.12)
    return _unit(way - out * (way * out).sum(1, keepdims=True))


def _polylines(
    look: Look, person: Person, cut: Cut, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Strands as points [k, s, 3], outward ways [k, s, 3] and depth in the hair (0 skin, 1 surface) [k]."""
    hair, skull = look.hair, Skull(person)
    root, out, rest = _roots(person, hair.hairline, cut.count, rng)
    comb = _combing(look, rest, out, rng)
    top = np.clip((rest[:, 1] - 7.55) / 0.4, 0, 1)
    length = (cut.side + (cut.top - cut.side) * top) * (0.75 + 0.5 * hair.length) * rng.uniform(0.8, 1.1, len(root))
    depth = np.sort(rng.random(len(root)) ** 0.7)[::-1]  # outer cards first: they hide the inner ones early
    lift = cut.lift * (0.6 + 0.8 * hair.volume) * depth * (0.35 + 0.65 * np.clip((rest[:, 1] - 6.7) / 0.8, 0, 1))
    bang = (rest[:, 2] > 0.95) & (rest[:, 1] > 7.85) & (hair.fringe > 0.3) & (hair.cut in ("bob", "long", "short"))
    length = np.where(bang, rng.uniform(0.42, 0.6, len(root)), length)
    step = (length / (cut.steps - 1))[:, None]
    way = _unit(comb * (1 - cut.stand) + out * (cut.stand + 0.15))
    points = [root - out * 0.01]
    floor = np.array([0.0, -1.0, 0.0])
    for k in range(1, cut.steps):
        share = k / (cut.steps - 1)
        pulled = comb if share < 0.35 or cut.gather else comb * 0.25
        if cut.gather:
            pulled = _unit(np.array([0.0, skull.centre[1] + 0.35, -0.85]) - points[-1])
        way = _unit(way + 0.7 * pulled * (1 - 0.8 * (cut.stand > 0.9)) + cut.gravity * (0.35 + share) * floor)
        ease = np.minimum(share * 3, 1)
        following = skull.outside(points[-1] + way * step, 0.012 + lift * ease, cut.hug)
        if not cut.gather:
            face = (following[:, 2] > 0.62) & (following[:, 1] < skull.centre[1] + 0.22) & ~bang
            wide = np.maximum(np.abs(following[:, 0]), 0.70 + 0.5 * lift)
            following[:, 0] = np.where(face, np.sign(following[:, 0] + 1e-9) * wide, following[:, 0])
            if cut.gravity >= 1:  # long hair hangs; it must not spread like a bell
                most = 0.84 + 0.9 * lift + 0.5 * np.clip(following[:, 1] - 7.0, 0, 1)
                following[:, 0] = np.clip(following[:, 0], -most, most)
        points.append(following)
        way = _unit(points[-1] - points[-2])
    line = np.stack(points, 1)
    outward = _unit(line - skull.centre)
    if cut.curl:
        line = line + _curls(line, outward, cut, rng)
    return line, outward, depth


def _curls(line: np.ndarray, outward: np.ndarray, cut: Cut, rng: np.random.Generator) -> np.ndarray:
    along = _unit(np.gradient(line, axis=1))
    side = _unit(np.cross(along, outward))
    count, steps = line.shape[:2]
    angle = rng.uniform(0, 2 * np.pi, (count, 1)) + rng.choice([-1, 1], (count, 1)) * np.linspace(
        0, 2 * np.pi * cut.turns, steps
    )
    grown = np.linspace(0, 1, steps) ** 0.5 * cut.curl * rng.uniform(0.6, 1.3, (count, 1))
    return grown[..., None] * (np.cos(angle)[..., None] * side + (0.5 + np.sin(angle))[..., None] * outward)


def ribbons(
    line: np.ndarray, outward: np.ndarray, width: np.ndarray, kind: np.ndarray
) -> tuple[np.ndarray, Int[np.ndarray, "m 3"]]:
    """Cards about polylines [k, s, 3]: `VERTEX` records and triangles. kind: [k, 4] as the shader reads it."""
    count, steps = line.shape[:2]
    along = _unit(np.gradient(line, axis=1))
    side = _unit(np.cross(along, outward))
    vertices = np.zeros((count, steps, 2), VERTEX)
    for k, sign in enumerate((-1.0, 1.0)):
        vertices["point"][:, :, k] = line + sign * side * width[..., None] / 2
        vertices["normal"][:, :, k] = _unit(outward + sign * 0.45 * side)
        vertices["uv"][:, :, k, 0] = (sign + 1) / 2
    vertices["along"], vertices["kind"] = along[:, :, None], kind[:, None, None]
    vertices["uv"][..., 1] = np.linspace(0, 1, steps)[None, :, None]
    place = np.arange(count * steps * 2).reshape(count, steps, 2)
    a, b, c, d = place[:, :-1, 0], place[:, :-1, 1], place[:, 1:, 0], place[:, 1:, 1]
    triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])
    return vertices.reshape(-1), triangles


def _knot(person: Person, look: Look, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The bun itself: strands wound round a ball behind the crown."""
    skull = Skull(person)
    way = _unit(np.array([0.0, 0.55 + 0.6 * look.hair.length, -1.0 + 0.7 * look.hair.length]))
    size = 0.24 + 0.12 * look.hair.volume
    ball = skull.centre + way * (skull.radius(way[None])[0] + 0.55 * size)
    count, steps = 150, 9
    axis = _unit(way + rng.normal(size=(count, 3)) * 0.5)
    first = _unit(np.cross(axis, rng.normal(size=(count, 3))))
    second = np.cross(axis, first)
    angle = np.linspace(0, 2.4, steps)[None, :, None] + rng.uniform(0, 6.28, (count, 1, 1))
    ring = np.cos(angle) * first[:, None] + np.sin(angle) * second[:, None]
    tilt = rng.normal(size=(count, 1, 1)) * 0.35
    outward = _unit(ring + tilt * axis[:, None])
    return ball + size * outward * rng.uniform(0.85, 1.05, (count, 1, 1)), outward, np.full(count, 0.8)


def grow(look: Look, person: Person) -> tuple[np.ndarray, Int[np.ndarray, "m 3"]]:
    """All rigid extras of a look as `VERTEX` records and triangles; both empty for a bald man without glasses."""
    rng = np.random.default_rng([look.seed, 0x4A1])
    cut = CUTS[look.hair.cut]
    parts = []
    if cut.count:
        groups = [_polylines(look, person, cut, rng)]
        if cut.gather:
            groups.append(_knot(person, look, rng))
        for line, outward, depth in groups:
            count, steps = line.shape[:2]
            taper = np.interp(np.linspace(0, 1, steps), (0, 0.15, 0.75, 1), (0.7, 1, 0.95, 0.55))
            width = cut.width * taper * rng.uniform(0.7, 1.25, (count, 1))
            kind = np.stack([np.zeros(count), rng.random(count), depth, np.full(count, cut.steps / 14)], 1)
            parts.append(ribbons(line, outward, width, kind))
    if look.glasses is not None:
        parts.append(glasses.frame(look, person))
    if not parts:
        return np.zeros(0, VERTEX), np.zeros((0, 3), np.int64)
    base = np.cumsum([0] + [len(v) for v, _ in parts])
    return np.concatenate([v for v, _ in parts]), np.concatenate(
        [t + n for (_, t), n in zip(parts, base, strict=False)]
    )
