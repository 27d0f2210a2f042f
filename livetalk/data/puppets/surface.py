"""Places on a triangle mesh: what a line of sight meets, what lies nearest, and where the surface ends.

Pure geometry in numpy and scipy. Does not know: faces.
"""

from collections import Counter

import numpy as np
from jaxtyping import Float, Int

Triangles = Int[np.ndarray, "m 3"]
FINEST = 6  # samples along a triangle's side at which the nearest place is looked for
_AT_ONCE = 64  # places met at once: bounds memory


def cast(
    flat: Float[np.ndarray, "n 2"],
    depth: Float[np.ndarray, "n"],
    triangles: Triangles,
    places: Float[np.ndarray, "p 2"],
) -> tuple[Int[np.ndarray, "p"], Float[np.ndarray, "p 3"]]:
    """The frontmost triangle at each place (-1: none) and barycentric shares; a larger depth is nearer."""
    corners, z = flat[triangles], depth[triangles]
    first, along, across = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]
    area = np.where(np.abs(area) < 1e-12, np.inf, area)
    hit, shares = np.full(len(places), -1), np.zeros((len(places), 3))
    for start in range(0, len(places), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        dx, dy = (places[rows, None, axis] - first[None, :, axis] for axis in (0, 1))
        u = (dx * across[:, 1] - dy * across[:, 0]) / area
        v = (along[:, 0] * dy - along[:, 1] * dx) / area
        inside = (u >= -1e-6) & (v >= -1e-6) & (u + v <= 1 + 1e-6) & np.isfinite(area)
        near = np.where(inside, (1 - u - v) * z[:, 0] + u * z[:, 1] + v * z[:, 2], -np.inf)
        best = near.argmax(1)
        row = np.arange(len(best))
        a, b = u[row, best], v[row, best]
        hit[rows] = np.where(inside[row, best], best, -1)
        shares[rows] = np.stack([1 - a - b, a, b], 1)
    return hit, shares


def nearest(
    points: Float[np.ndarray, "n 3"], triangles: Triangles, places: Float[np.ndarray, "p 3"]
) -> tuple[Int[np.ndarray, "p 3"], Float[np.ndarray, "p 3"]]:
    """The surface's nearest place to each given one: vertices of its triangle, barycentric shares (sampled)."""
    from scipy.spatial import cKDTree

    steps = [(i / FINEST, j / FINEST) for i in range(FINEST + 1) for j in range(FINEST + 1 - i)]
    shares = np.array([(1 - u - v, u, v) for u, v in steps])
    samples = np.einsum("sw,twx->tsx", shares, points[triangles]).reshape(-1, 3)
    found = cKDTree(samples).query(places)[1]
    return triangles[found // len(shares)], shares[found % len(shares)]


def borders(triangles: Triangles) -> list[Int[np.ndarray, "ring"]]:
    """The rings of vertices along which a surface ends, each once around."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    uses = Counter(map(tuple, np.sort(edges, 1).tolist()))
    after = {a: b for a, b in edges.tolist() if uses[min(a, b), max(a, b)] == 1}
    rings: list[np.ndarray] = []
    while after:
        ring = [next(iter(after))]
        while (following := after.pop(ring[-1], None)) is not None and following != ring[0]:
            ring.append(following)
        rings.append(np.array(ring))
    return rings
