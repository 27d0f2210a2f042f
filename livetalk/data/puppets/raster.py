"""Rasteriser: where lines of sight meet a triangle mesh, and values of its vertices carried to any place.

Pure geometry in numpy and scipy. Does not know: faces.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

_WINDOW = 4  # cells a side that are tried for a small triangle at once


@dataclass(frozen=True)
class Lattice:
    """`count` x `count` places from `low` to `high` in x and in y."""

    low: float
    high: float
    count: int

    @property
    def step(self) -> float:
        return (self.high - self.low) / (self.count - 1)

    def cells(self, places: Float[np.ndarray, "*p 2"]) -> Float[np.ndarray, "*p 2"]:
        """Places in units of the lattice."""
        return (places - self.low) / self.step


@dataclass(frozen=True)
class Met:
    """Vertices and barycentric shares of the frontmost triangle at every place of a lattice, row by row.

    Places that meet nothing have those of the nearest place that does; `distance` tells how far that is.
    """

    lattice: Lattice
    vertices: Int[np.ndarray, "count count 3"]
    shares: Float[np.ndarray, "count count 3"]
    distance: Float[np.ndarray, "count count"]  # 0 where something is met; as long as the lattice's own unit

    def carry(self, places: Float[np.ndarray, "p 2"], vertices: int) -> tuple[Any, Float[np.ndarray, "p"]]:
        """A sparse matrix that turns values of the mesh's vertices into values at places, and the places' distances."""
        from scipy.sparse import csr_matrix

        count = self.lattice.count
        at = np.clip(self.lattice.cells(places), 0, count - 1.001)
        corner, part = at.astype(int), at - at.astype(int)
        columns, shares, distance = [], [], np.zeros(len(places))
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            share = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
            row, column = corner[:, 1] + dy, corner[:, 0] + dx
            columns.append(self.vertices[row, column])
            shares.append(share[:, None] * self.shares[row, column])
            distance += share * self.distance[row, column]
        names, amounts = np.concatenate(columns, 1), np.concatenate(shares, 1)
        starts = np.arange(len(places) + 1) * names.shape[1]
        return csr_matrix((amounts.ravel(), names.ravel(), starts), (len(places), vertices)), distance


def rasterise(
    flat: Float[np.ndarray, "n 2"], depth: Float[np.ndarray, "n"], triangles: Int[np.ndarray, "m 3"], lattice: Lattice
) -> Met:
    """The frontmost triangle at each place of the lattice; a larger depth is nearer."""
    from scipy.ndimage import distance_transform_edt

    corners = lattice.cells(flat)[triangles]
    low = np.ceil(corners.min(1)).astype(int).clip(0)
    size = np.floor(corners.max(1)).astype(int).clip(max=lattice.count - 1) - low + 1
    seen = (size > 0).all(1)
    count = lattice.count
    best, which = np.full(count * count, -np.inf), np.full(count * count, -1)
    for width in _windows(size[seen]):
        chosen = np.flatnonzero(seen & (size.max(1) <= width) & (size.max(1) > (width // 4 if width > _WINDOW else 0)))
        _fill(corners, depth[triangles], chosen, low, width, count, best, which)
    met = which.reshape(count, count) >= 0
    distance, nearest = np.empty(met.shape), np.empty((2, *met.shape), np.int32)
    distance_transform_edt(~met, return_indices=True, distances=distance, indices=nearest)
    row, column = nearest
    hit = which.reshape(count, count)[row, column]
    shares = _shares(corners[hit], np.stack([column, row], -1).astype(float))[0]
    return Met(lattice, triangles[hit], shares, distance * lattice.step)


def _windows(size: Int[np.ndarray, "k 2"]) -> list[int]:
    widths = [_WINDOW]
    while widths[-1] < size.max(initial=1):
        widths.append(widths[-1] * 4)
    return widths


def _shares(corners: Float[np.ndarray, "*#m 3 2"], place: Float[np.ndarray, "*#m 2"]) -> tuple[np.ndarray, np.ndarray]:
    """Barycentric shares, and whether the place lies within the triangle."""
    first, along, across = (
        corners[..., 0, :],
        corners[..., 1, :] - corners[..., 0, :],
        corners[..., 2, :] - corners[..., 0, :],
    )
    area = along[..., 0] * across[..., 1] - along[..., 1] * across[..., 0]
    area = np.where(np.abs(area) < 1e-12, np.inf, area)
    d = place - first
    u = (d[..., 0] * across[..., 1] - d[..., 1] * across[..., 0]) / area
    v = (along[..., 0] * d[..., 1] - along[..., 1] * d[..., 0]) / area
    inside = (u >= -1e-9) & (v >= -1e-9) & (u + v <= 1 + 1e-9) & np.isfinite(area)
    return np.stack([1 - u - v, u, v], -1), inside


def _fill(
    corners: np.ndarray, depth: np.ndarray, chosen: np.ndarray, low: np.ndarray, width: int, count: int,
    best: np.ndarray, which: np.ndarray,
) -> None:  # fmt: skip
    """Enters the chosen triangles, each tried at width x width places, where they are frontmost."""
    step = np.stack(np.meshgrid(np.arange(width), np.arange(width)), -1).reshape(1, -1, 2)
    cell = low[chosen][:, None] + step
    shares, inside = _shares(corners[chosen][:, None], cell.astype(float))
    inside &= (cell < count).all(-1)
    who, spot = np.nonzero(inside)
    near = (shares[who, spot] * depth[chosen[who]]).sum(-1)
    name = cell[who, spot, 1] * count + cell[who, spot, 0]
    order = np.argsort(near)  # the last entry of a place wins: the nearest
    name, near, who = name[order], near[order], who[order]
    last = np.full(len(best), -1)
    last[name] = np.arange(len(name))
    rows = np.flatnonzero(last >= 0)
    rows = rows[near[last[rows]] > best[rows]]
    best[rows], which[rows] = near[last[rows]], chosen[who[last[rows]]]
