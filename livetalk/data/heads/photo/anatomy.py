"""Anatomy of the bundled head with free teeth and lashes: more vertices, moved by the same shapes.

Knows meshes and anatomy; knows no pictures and no person.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from livetalk.data.heads.mesh import Asset, load_asset
from livetalk.data.heads.occlusion import normals
from livetalk.data.heads.photo.closet import Closet, PlainMesh
from livetalk.data.heads.photo.fasten import base_points, load_topology, worn

_TEETH, _LASHES = 2, 4  # kinds, as the shaders know them
_DEEPEST = 1.02  # teeth further back than this are never seen
# Where the edges of the upper and the lower row are on the head: height, front, half width.
_ROWS = ((6.566, 1.460, 0.235), (6.583, 1.432, 0.215))


@dataclass(frozen=True)
class Anatomy:
    asset: Asset
    texture: Float[np.ndarray, "n 2"]  # places in the picture of a vertex's part
    old: int  # vertices that the bundled head has too


@dataclass(frozen=True)
class _Part:
    points: Float[np.ndarray, "v 3"]
    texture: Float[np.ndarray, "v 2"]
    triangles: Int[np.ndarray, "m 3"]
    columns: Float[np.ndarray, "v 4"]
    kind: int
    action: Float[np.ndarray, "52 v 3"]
    identity: Float[np.ndarray, "k v 3"]


def make_anatomy(closet: Closet, lashes: str, teeth: str) -> Anatomy:
    """The head with lashes and teeth of these names."""
    asset = load_asset()
    parts = [_lashes(closet, lashes), *_teeth(closet.mesh(f"teeth/{teeth}/{teeth}"))]
    kept = asset.triangles[~np.isin(asset.kind[asset.triangles], (_TEETH, _LASHES)).any(1)]
    counts = np.cumsum([len(asset.points)] + [len(part.points) for part in parts])
    triangles = np.concatenate([kept, *(p.triangles + n for p, n in zip(parts, counts, strict=False))]).astype(np.int32)
    points = np.concatenate([asset.points, *(p.points for p in parts)]).astype(np.float32)
    new = int(counts[-1] - counts[0])
    straight = normals(points, triangles)
    action = np.concatenate([asset.action, *(p.action for p in parts)], 1).astype(np.float32)
    turns = np.zeros_like(action)
    turns[:, : counts[0]] = asset.turns
    for k, moved in enumerate(action):
        if np.abs(moved[counts[0] :]).max() > 1e-4:
            turns[k, counts[0] :] = (normals(points + moved, triangles) - straight)[counts[0] :]
    dressed = replace(
        asset, points=points, triangles=triangles, action=action, turns=turns,
        kind=np.concatenate([asset.kind, *(np.full(len(p.points), p.kind) for p in parts)]).astype(np.int32),
        columns=np.concatenate([asset.columns, *(p.columns for p in parts)]).astype(np.float32),
        scalp=np.concatenate([asset.scalp, np.full(new, -0.5)]).astype(np.float32),
        openness=np.concatenate([asset.openness, np.tile([1.0, 0, 0, 0], (new, 1))]).astype(np.float32),
        identity=np.concatenate([asset.identity, *(p.identity for p in parts)], 1).astype(np.float32),
    )  # fmt: skip
    texture = np.concatenate([np.zeros((counts[0], 2)), *(p.texture for p in parts)]).astype(np.float32)
    return Anatomy(dressed, texture, int(counts[0]))


def _lashes(closet: Closet, name: str) -> _Part:
    mesh, asset = closet.fastened(f"eyelashes/{name}/{name}"), load_asset()
    places = load_topology().place[mesh.references]

    def followed(deltas: np.ndarray) -> np.ndarray:
        return np.einsum("kvcx,vc->kvx", deltas[:, places], mesh.shares)

    points = worn(mesh, base_points(asset.points))
    return _Part(points, mesh.texture, mesh.triangles, np.zeros((len(points), 4)), _LASHES,
                 followed(asset.action), followed(asset.identity))  # fmt: skip


def _pieces(mesh: PlainMesh) -> Int[np.ndarray, "v"]:
    """Number of the connected piece that each vertex belongs to."""
    corner = mesh.source[mesh.triangles]
    label = np.arange(int(mesh.source.max()) + 1)
    while True:
        least = label[corner].min(1)
        before = label.copy()
        np.minimum.at(label, corner, least[:, None])
        label = label[label]
        if np.array_equal(label, before):
            return np.unique(label[mesh.source], return_inverse=True)[1]


def _teeth(mesh: PlainMesh) -> list[_Part]:
    """Upper and lower row, laid where the bundled head's own rows are, and carried like those."""
    piece, points = _pieces(mesh), mesh.points
    gum = piece == np.bincount(piece).argmax()  # both gums hang together at the back
    middle = np.stack([np.bincount(piece, points[:, k]) / np.bincount(piece) for k in range(3)], 1)[piece]
    spot = np.where(gum[:, None], points, middle)
    lower = spot[:, 1] < 6.222 + 0.27 * (1.28 - spot[:, 2])  # the plane between the rows rises towards the back
    parts: list[_Part] = []
    for below, (edge, front, half) in enumerate(_ROWS):
        row = lower == bool(below)
        crown = row & ~gum
        seen = (lower[mesh.triangles] == lower[mesh.triangles[:, :1]]).all(1)
        seen &= row[mesh.triangles[:, 0]] & (points[mesh.triangles][..., 2].max(1) > _DEEPEST)
        tip = points[crown, 2].max()
        incisors = points[crown & (points[:, 2] > tip - 0.06), 1]
        bite = np.percentile(incisors, 97 if below else 3)
        scale = half / np.abs(points[crown, 0]).max()
        laid = np.stack(
            [points[:, 0] * scale, (points[:, 1] - bite) * scale + edge, (points[:, 2] - tip) * scale + front], 1
        )
        used, triangles = np.unique(mesh.triangles[seen], return_inverse=True)
        columns = np.zeros((len(used), 4))
        columns[:, 0], columns[:, 1] = gum[used], not below
        columns[:, 3] = np.clip((front - laid[used, 2]) / 0.3, 0, 1)
        parts.append(_carried(laid[used], mesh.texture[used], triangles.reshape(-1, 3), columns))
    return parts


def _carried(points: np.ndarray, texture: np.ndarray, triangles: np.ndarray, columns: np.ndarray) -> _Part:
    """A row of teeth that goes where the bundled head's own row goes."""
    asset = load_asset()
    own = np.flatnonzero((asset.kind == _TEETH) & ((asset.columns[:, 1] > 0.5) == bool(columns[0, 1])))
    ones = np.hstack([asset.points[own], np.ones((len(own), 1))])
    link = np.hstack([points, np.ones((len(points), 1))]) @ np.linalg.pinv(ones, rcond=1e-6)
    return _Part(points, texture, triangles, columns, _TEETH, np.einsum("vo,kox->kvx", link, asset.action[:, own]),
                 np.einsum("vo,kox->kvx", link, asset.identity[:, own]))  # fmt: skip
