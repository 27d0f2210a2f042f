"""Spectacle frames as tubes, fitted to a person's eyes, nose and ears. Knows a look and a mesh; draws nothing."""

import numpy as np
from jaxtyping import Int

from livetalk.data.heads.look import Look
from livetalk.data.heads.mesh import VERTEX, Person

_AROUND = 6  # corners of a tube


def tube(path: np.ndarray, radius: float, kind: np.ndarray, closed: bool) -> tuple[np.ndarray, Int[np.ndarray, "m 3"]]:
    """A tube about a polyline [s, 3], as records of `VERTEX` and triangles."""
    along = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    first = np.cross(along, [0.13, 0.21, 1.0])
    first /= np.linalg.norm(first, axis=1, keepdims=True) + 1e-9
    second = np.cross(along, first)
    angle = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    ring = np.cos(angle)[None, :, None] * first[:, None] + np.sin(angle)[None, :, None] * second[:, None]
    vertices = np.zeros((len(path), _AROUND), VERTEX)
    vertices["point"], vertices["normal"] = path[:, None] + radius * ring, ring
    vertices["along"], vertices["kind"], vertices["uv"] = along[:, None], kind, 0.5
    place = np.arange(vertices.size).reshape(vertices.shape)
    after = np.roll(place, -1, 0) if closed else place[1:]
    before = place if closed else place[:-1]
    a, b, c, d = before, np.roll(before, -1, 1), after, np.roll(after, -1, 1)
    return vertices.reshape(-1), np.concatenate([np.stack(x, -1).reshape(-1, 3) for x in ((a, b, c), (b, d, c))])


def frame(look: Look, person: Person, ears: float = 0.80) -> tuple[np.ndarray, Int[np.ndarray, "m 3"]]:
    """Two rims, a bridge and two temples; `ears`: how far from the middle temples end, decimetres."""
    assert look.glasses is not None
    rng = np.random.default_rng([look.seed, 0x61A])
    square, wide, tall = rng.uniform(2.0, 4.5), rng.uniform(0.225, 0.27), rng.uniform(0.16, 0.215)
    radius = rng.uniform(0.010, 0.024)
    kind = np.array([1.0, *np.square(look.glasses)])
    front = person.points[
        (np.abs(person.points[:, 0]) < 0.06) & (np.abs(person.points[:, 1] - person.eyes[0, 1]) < 0.08)
    ]
    z = max(front[:, 2].max() - 0.02, person.eyes[0, 2] + person.eye_radius + 0.11)
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    cosine, sine = np.cos(angle), np.sin(angle)
    shape = (np.abs(cosine) ** square + np.abs(sine) ** square) ** (-1 / square)
    parts = []
    for eye, sign in zip(person.eyes, (1, -1), strict=True):
        x = eye[0] + sign * 0.015 + wide * shape * cosine
        rim = np.stack([x, eye[1] - 0.03 + tall * shape * sine, z - 0.10 * np.abs(x) ** 2], 1)
        parts.append(tube(rim, radius, kind, closed=True))
        outer = eye[0] + sign * (wide + 0.015)
        ear = np.array([sign * ears, eye[1] + 0.03, 0.45])
        start = np.array([outer, eye[1] + 0.05, z - 0.10 * outer**2])
        middle = np.array([sign * ears, eye[1] + 0.05, 1.0])
        bend = np.stack([start, start * 0.4 + middle * 0.6 + [sign * 0.02, 0, 0.06], middle, ear])
        parts.append(tube(bend, radius, kind, closed=False))
    inner = np.abs(person.eyes[0, 0]) + 0.015 - wide
    across = np.linspace(-inner, inner, 7)
    bridge = np.stack([across, person.eyes[0, 1] + 0.05 - 0.5 * across**2, z + 0.01 - 0.1 * across**2], 1)
    parts.append(tube(bridge, radius, kind, closed=False))
    base = np.cumsum([0] + [len(v) for v, _ in parts])
    return np.concatenate([v for v, _ in parts]), np.concatenate(
        [t + n for (_, t), n in zip(parts, base, strict=False)]
    )
