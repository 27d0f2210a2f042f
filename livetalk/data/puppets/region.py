"""The part of the head's mesh that carries the photographed face, with holes for eyes and mouth.

The same for every portrait: chosen on the average head, wide enough for brows, cheeks and chin, and narrow enough that
all of it faces the camera in a portrait that is not turned far.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Int

from livetalk.data.heads.mesh import load_asset
from livetalk.data.heads.occlusion import normals
from livetalk.data.puppets.correspondence import OVAL, average_person, load_correspondence
from livetalk.data.puppets.surface import borders

FACING = 0.40  # least share of its normal that a vertex at the outline turns to the camera
REACH = 1.0  # of the face's oval

Triangles = Int[np.ndarray, "m 3"]


@dataclass(frozen=True)
class FaceRegion:
    vertices: Int[np.ndarray, "n"]  # of the mesh
    triangles: Triangles  # places in `vertices`
    border: Int[np.ndarray, "b"]  # places in `vertices`: the outline, counter-clockwise as the person is looked at

    @property
    def place(self) -> Int[np.ndarray, "mesh"]:
        """Vertex of the mesh -> place in `vertices`, -1 outside."""
        place = np.full(len(load_asset().points), -1)
        place[self.vertices] = np.arange(len(self.vertices))
        return place


def _chart(points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 2"]:
    """The face unrolled about the head's upright axis."""
    return np.stack([0.9 * np.arctan2(points[:, 0], points[:, 2] - 0.25), points[:, 1]], 1)


def _inside(places: Float[np.ndarray, "n 2"], ring: Float[np.ndarray, "k 2"]) -> Bool[np.ndarray, "n"]:
    """Which places lie within a closed ring."""
    (ax, ay), (bx, by) = ring.T[..., None], np.roll(ring, -1, 0).T[..., None]
    x, y = places.T
    crossed = (ay > y) != (by > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = x < ax + (y - ay) / (by - ay) * (bx - ax)
    return (crossed & left).sum(0) % 2 == 1


def _in_one_piece(triangles: Int[np.ndarray, "m 3"]) -> Int[np.ndarray, "kept 3"]:
    """The largest part that hangs together by edges, without what hangs on it by one edge."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    while True:
        edges = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1)
        _, name, times = np.unique(edges, axis=0, return_inverse=True, return_counts=True)
        order = np.argsort(name, kind="stable")
        pairs = order[np.flatnonzero(np.diff(name[order]) == 0)[:, None] + (0, 1)] // 3
        graph = coo_matrix((np.ones(len(pairs)), tuple(pairs.T)), (len(triangles), len(triangles)))
        piece = connected_components(graph, False)[1]
        shared = (times[name].reshape(-1, 3) == 2).sum(1)
        keep = (piece == np.bincount(piece).argmax()) & (shared >= 2)
        if keep.all():
            return triangles
        triangles = triangles[keep]


@cache
def face_region() -> FaceRegion:
    asset, links, mean = load_asset(), load_correspondence(), average_person().points
    ring = _chart(links.places(mean)[list(OVAL)])
    mirrored = ring[-np.arange(len(ring))] * (-1, 1)
    ring = (ring + mirrored) / 2
    ring = ring.mean(0) + REACH * (ring - ring.mean(0))
    facing = normals(mean, asset.triangles)[:, 2] > FACING
    deep = _inside(_chart(mean), ring.mean(0) + 0.75 * (ring - ring.mean(0)))
    body = (asset.kind == 0) & (mean[:, 2] > 0.5)
    chosen = body & _inside(_chart(mean), ring) & (facing | deep)
    triangles = _in_one_piece(links.skin[chosen[links.skin].all(1)])
    kept = np.zeros(len(mean), bool)
    kept[triangles] = True
    triangles = _in_one_piece(links.skin[kept[links.skin].all(1)])  # with what was cut out between kept vertices
    vertices, local = np.unique(triangles, return_inverse=True)
    local = local.reshape(-1, 3)
    border = max(borders(local), key=lambda ring: float(np.ptp(mean[vertices[ring], 1])))
    return FaceRegion(vertices, local, border)
