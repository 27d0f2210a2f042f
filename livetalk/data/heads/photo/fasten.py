"""Fastening of free meshes to a person's head: where the vertices of hair, brows, lashes and clothes are.

Knows the base mesh's numbering and a person; knows no files but the bundled table, and draws nothing.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from jaxtyping import Float, Int

from livetalk.data.heads.mesh import load_asset
from livetalk.data.heads.photo.closet import FastenedMesh

_NEAR = 8  # body vertices that a helper vertex goes along with


@dataclass(frozen=True)
class Topology:
    """What the base mesh knows of the bundled head."""

    place: Int[np.ndarray, "b"]  # of each base vertex among the head's, else -1
    corners: Float[np.ndarray, "m 3 2"]  # texture places (v down) of the skin's triangles
    helpers: Int[np.ndarray, "h"]  # base vertices
    helper_points: Float[np.ndarray, "h 3"]
    helper_near: Int[np.ndarray, "h 8"]  # the head's vertices that they follow
    helper_shares: Float[np.ndarray, "h 8"]


@cache
def load_topology() -> Topology:
    """The bundled table."""
    z = np.load(BytesIO(files("livetalk.data.heads").joinpath("assets/topology.npz").read_bytes()))
    number, helpers = z["number"].astype(np.int64), z["helpers"].astype(np.int64)
    place = np.full(max(number.max(), helpers.max()) + 1, -1)
    known = np.flatnonzero(number >= 0)
    place[number[known]] = known
    asset = load_asset()
    body = np.flatnonzero(asset.kind == 0)
    apart = np.linalg.norm(z["helper_points"][:, None] - asset.points[body], axis=2)
    near = np.argpartition(apart, _NEAR, 1)[:, :_NEAR]
    shares = 1 / (np.take_along_axis(apart, near, 1) + 0.02) ** 2
    texture = z["texture"] / np.float32(65535) * (1, -1) + (0, 1)
    return Topology(
        place, texture[z["corners"]].astype(np.float32), helpers, z["helper_points"], body[near],
        shares / shares.sum(1, keepdims=True),
    )  # fmt: skip


def base_points(points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "b 3"]:
    """Places of the base mesh's vertices on a head; NaN where neither head nor helpers have them."""
    topology, asset = load_topology(), load_asset()
    base = np.full((len(topology.place), 3), np.nan)
    known = topology.place >= 0
    base[known] = points[topology.place[known]]
    moved = (points[: len(asset.points)] - asset.points)[topology.helper_near]
    base[topology.helpers] = topology.helper_points + (moved * topology.helper_shares[..., None]).sum(1)
    return base


def worn(mesh: FastenedMesh, base: Float[np.ndarray, "b 3"]) -> Float[np.ndarray, "v 3"]:
    """Places of a mesh's vertices on the head whose `base_points` are given."""
    scale = np.array([abs(base[a, k] - base[b, k]) / span for k, (a, b, span) in enumerate(mesh.spans)])
    inside = mesh.references < len(base)
    spots = base[np.where(inside, mesh.references, 0)]
    spots = np.where((inside & (mesh.shares != 0))[..., None], spots, np.where(inside[..., None], 0, np.nan))
    return (spots * mesh.shares[..., None]).sum(1) + mesh.offsets * scale


def worn_where_known(
    mesh: FastenedMesh, base: Float[np.ndarray, "b 3"]
) -> tuple[Float[np.ndarray, "v 3"], Int[np.ndarray, "m 3"]]:
    """`worn`, and the triangles all of whose corners are fastened to something; the other places are 0."""
    points = worn(mesh, base)
    return np.nan_to_num(points), mesh.triangles[np.isfinite(points[mesh.triangles]).all((1, 2))]
