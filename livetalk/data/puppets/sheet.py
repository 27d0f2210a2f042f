"""The sheet: a photograph as one connected surface of triangles over the whole picture, with the mouth's inside behind.

The face is the head's own mesh, warped onto the photograph. Rings run from its outline to the picture's edge; where the
head is behind them they take its depth and its action shapes, beyond it what is nearest. So nothing has a seam: the
surface only stretches. Vertices stand in the head space of the photograph's own expression.

Does not know: frames, or OpenGL.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from livetalk.data.heads.mesh import load_asset
from livetalk.data.heads.occlusion import normals
from livetalk.data.puppets.correspondence import average_person, load_correspondence
from livetalk.data.puppets.fitted import FittedPortrait
from livetalk.data.puppets.posed import PosedHead, project, unproject
from livetalk.data.puppets.raster import Lattice, rasterise
from livetalk.data.puppets.region import FaceRegion, face_region

RINGS = 26
BEYOND = 0.15  # the last ring lies so far outside the picture, in its sides
FADE = 0.45  # of action shapes beyond the head's outline, in inter-ocular distances
# How often values of the rings are eased, and over how many rings that sets in. Hair lies before necks and ears: their
# depth may only be hinted at, else it would ripple when the head turns.
GROUND, FINE = (24, 3.0), (2, 3.0)
RELIEF = 0.55  # of the depth behind the face's outline
LOOSE = (0.45, 1.35)  # distances from an unmatted head at which the sheet begins and ends to be nailed to the picture

Triangles = Int[np.ndarray, "m 3"]


@dataclass(frozen=True)
class Sheet:
    """Vertices in the order face, rings, what lies behind the lips, and the corners of a dark wall behind that."""

    points: Float[np.ndarray, "n 3"]  # head space, the photograph's expression
    normals: Float[np.ndarray, "n 3"]  # head space
    places: Float[np.ndarray, "n 2"]  # in the photograph, sides of the picture
    share: Float[np.ndarray, "n 2"]  # of the skull's motion and of the shoulders'; the rest stays
    action: Float[np.ndarray, "52 n 3"]
    turns: Float[np.ndarray, "52 face 3"]  # of the normals of the face
    mesh: Int[np.ndarray, "n"]  # vertex of the head's mesh; -1 on the rings
    skin: Int[np.ndarray, "skin 3"]  # face and rings
    inside: Int[np.ndarray, "inside 3"]
    teeth: Int[np.ndarray, "teeth 3"]
    tongue: Int[np.ndarray, "tongue 3"]
    face: int  # so many vertices are the face's
    border: Int[np.ndarray, "b"]  # of the face

    @property
    def place(self) -> Int[np.ndarray, "mesh"]:
        """Vertex of the head's mesh -> vertex of the sheet; the face's own where the mouth's inside shares it."""
        place = np.full(len(load_asset().points), -1)
        rows = np.flatnonzero(self.mesh >= 0)[::-1]
        place[self.mesh[rows]] = rows
        return place


def smooth(low: float, high: float, x: np.ndarray) -> np.ndarray:
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def follows_head(rest: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"]:
    """How much of a rest-space point follows the skull rather than the shoulders, as in the heads' shaders."""
    return smooth(5.65, 6.5, rest[:, 1] + 0.35 * (rest[:, 2] - 0.4))


@cache
def _hidden() -> tuple[Int[np.ndarray, "k"], Triangles, Triangles, Triangles]:
    """Vertices of the mesh behind the lips, and the triangles of inside, teeth and tongue."""
    asset, cavity = load_asset(), load_correspondence().cavity
    kinds = asset.kind[asset.triangles]
    teeth, tongue = (asset.triangles[(kinds == kind).all(1)] for kind in (2, 3))
    return np.unique(np.concatenate([np.unique(part) for part in (cavity, teeth, tongue)])), cavity, teeth, tongue


def build_sheet(portrait: FittedPortrait, head: PosedHead) -> Sheet:
    asset, region = load_asset(), face_region()
    hidden, *parts = _hidden()
    rings, links = _rings(portrait, head, region)
    count = len(region.vertices)
    place = np.full(len(asset.points), -1)
    place[hidden] = count + len(rings.points) + np.arange(len(hidden))
    facing = normals(head.warped.astype(np.float32), asset.triangles) @ head.rotation
    shown = head.to_head(head.warped)
    behind = _inside_of_mouth(head, hidden)
    wall = _wall(behind[place[parts[0]] - count - len(rings.points)].reshape(-1, 3))
    mesh = np.concatenate([region.vertices, np.full(len(rings.points), -1), hidden, np.full(len(wall), -1)])
    own = np.concatenate([region.vertices, hidden])
    action = np.zeros((len(asset.action), len(mesh), 3), np.float32)
    solid = np.flatnonzero(mesh >= 0)
    action[:, solid] = asset.action[:, own]
    action[:, count : count + len(rings.points)] = rings.action
    stitches = _stitches(region.border, count)
    skull = np.tile((1.0, 0.0), (count + len(hidden) + len(wall), 1))
    within = np.concatenate([behind, wall])
    last = len(mesh) - len(wall)
    return Sheet(
        points=np.concatenate([shown[region.vertices], rings.points, within]),
        normals=np.concatenate([facing[region.vertices], links @ facing, facing[hidden], np.zeros_like(wall)]),
        places=np.concatenate([project(head.warped[region.vertices]), rings.places, project(head.to_camera(within))]),
        share=np.concatenate([skull[:count], rings.share, skull[count:]]),
        action=action,
        turns=np.ascontiguousarray(asset.turns[:, region.vertices]),
        mesh=mesh,
        skin=np.concatenate([region.triangles, stitches]),
        inside=np.concatenate([place[parts[0]], last + np.array([[0, 1, 2], [2, 1, 3]])]),
        teeth=place[parts[1]],
        tongue=place[parts[2]],
        face=count,
        border=region.border,
    )


def _inside_of_mouth(head: PosedHead, hidden: Int[np.ndarray, "k"]) -> Float[np.ndarray, "k 3"]:
    """What lies behind the lips goes where the warp has moved the lips: aside, up or down, wider or narrower."""
    links = load_correspondence()
    lips = np.concatenate([links.upper_lip, links.lower_lip])
    model, shown = head.to_head(head.model), head.to_head(head.warped)
    points = model[hidden].copy()
    middle, shift = model[lips].mean(0), (shown[lips] - model[lips]).mean(0)
    width = np.clip(np.ptp(shown[lips, 0]) / np.ptp(model[lips, 0]), 0.85, 1.2)
    points[:, 0] = middle[0] + (points[:, 0] - middle[0]) * width
    return points + shift * (1, 1, 0)


def _wall(inside: Float[np.ndarray, "k 3"]) -> Float[np.ndarray, "4 3"]:
    """Corners of an upright square behind an open mouth, so that nothing shines through beside the teeth."""
    low, high = inside.min(0), inside.max(0)
    depth = high[2] - 0.45
    return np.array([(x, y, depth) for y in (low[1] - 0.25, high[1]) for x in (low[0], high[0])])


@dataclass(frozen=True)
class _Rings:
    points: Float[np.ndarray, "k 3"]
    places: Float[np.ndarray, "k 2"]
    share: Float[np.ndarray, "k 2"]
    action: Float[np.ndarray, "52 k 3"]


def _spokes(outline: Float[np.ndarray, "b 2"]) -> Float[np.ndarray, "k spokes 2"]:
    """Places of the rings after the outline, which has half as many points as there are spokes."""
    start = np.stack([outline, (outline + np.roll(outline, -1, 0)) / 2], 1).reshape(-1, 2)
    middle = outline.mean(0)
    x, y = (start - middle).T
    angle = np.unwrap(np.arctan2(y, x))
    sense = np.sign(angle[-1] - angle[0])
    even = sense * np.linspace(0, 2 * np.pi, len(start), endpoint=False)
    off = angle - even
    off = off.mean() + (off - off.mean()) * 0.8
    for _ in range(4):
        off = (np.roll(off, 1) + 2 * off + np.roll(off, -1)) / 4
    way = np.stack([np.cos(even + off), np.sin(even + off)], 1)
    way = np.where(np.abs(way) < 1e-9, 1e-9, way)
    far = np.where(way > 0, 1 + BEYOND - middle, -BEYOND - middle)
    end = middle + way * np.min(far / way, 1)[:, None]
    share = (np.arange(1, RINGS + 1) / RINGS) ** 1.25
    return start + share[:, None, None] * (end - start)


def _stitches(border: Int[np.ndarray, "b"], count: int) -> Triangles:
    """Triangles from the face's outline to the first ring, and between rings; ring vertices follow the face's."""
    spokes = 2 * len(border)
    ring = count + np.arange(RINGS * spokes).reshape(RINGS, spokes)
    a, b = border, np.roll(border, -1)
    first = ring[0].reshape(-1, 2)
    one, two, three = first[:, 0], first[:, 1], np.roll(first[:, 0], -1)
    fans = [np.stack(corners, 1) for corners in ((a, one, two), (a, two, b), (b, two, three))]
    inner, outer = ring[:-1], ring[1:]
    corners = (inner, outer, np.roll(inner, -1, 1)), (np.roll(inner, -1, 1), outer, np.roll(outer, -1, 1))
    quads = [np.stack(corner, -1).reshape(-1, 3) for corner in corners]
    return np.concatenate(fans + quads)


def _rings(portrait: FittedPortrait, head: PosedHead, region: FaceRegion) -> tuple[_Rings, Any]:
    """The sheet outside the face, and the matrix that carries values of the mesh's vertices to its vertices."""
    asset = load_asset()
    flat = project(head.warped)
    places = _spokes(flat[region.vertices[region.border]])
    skin = asset.triangles[(asset.kind[asset.triangles] == 0).all(1)]
    lattice = rasterise(flat, head.warped[:, 2], skin, Lattice(-BEYOND, 1 + BEYOND, 104))
    links, distance = lattice.carry(places.reshape(-1, 2), len(asset.points))
    between = np.linalg.norm(np.diff(project(head.to_camera(head.person.eyes)), axis=0))
    away = distance / between
    spokes = places.shape[1]
    values = np.concatenate(
        [head.warped[:, 2:], average_person().points, np.swapaxes(asset.action, 0, 1).reshape(len(flat), -1)], 1
    )
    carried = links @ values
    carried[:, 4:] *= (1 - smooth(0.0, FADE, away))[:, None]
    carried = carried.reshape(RINGS, spokes, -1)
    ground = _smoothed(carried[..., :4], *GROUND).reshape(-1, 4)
    action = _smoothed(carried[..., 4:], *FINE).reshape(len(ground), -1)
    rest = ground[:, 1:]
    z = _flattened(ground[:, 0].reshape(RINGS, spokes), head.warped[region.vertices[region.border], 2]).ravel()
    moves = np.ones(len(z)) if portrait.matted else 1 - smooth(*LOOSE, away)
    skull = follows_head(rest)
    flat_places = places.reshape(-1, 2)
    return _Rings(
        points=head.to_head(unproject(flat_places, z)),
        places=flat_places,
        share=np.stack([moves * skull, moves * (1 - skull)], 1),
        action=np.ascontiguousarray(action.reshape(len(z), -1, 3).transpose(1, 0, 2).astype(np.float32)),
    ), links


def _flattened(
    z: Float[np.ndarray, "rings spokes"], outline: Float[np.ndarray, "b"]
) -> Float[np.ndarray, "rings spokes"]:
    """Depths of the rings, nearer to the outline's: what a turn uncovers between cheek and ear is stretched less."""
    start = np.stack([outline, (outline + np.roll(outline, -1)) / 2], 1).ravel()
    return start + RELIEF * (z - start)


def _smoothed(
    values: Float[np.ndarray, "rings spokes c"], times: int, rings: float
) -> Float[np.ndarray, "rings spokes c"]:
    """Values of the rings, eased along and across; the first ring keeps its own, and within `rings` that ends."""
    eased = values.copy()
    for _ in range(times):
        eased = (np.roll(eased, 1, 1) + 2 * eased + np.roll(eased, -1, 1)) / 4
        eased[1:-1] = (eased[:-2] + 2 * eased[1:-1] + eased[2:]) / 4
    share = np.minimum(np.arange(len(values)) / rings, 1)[:, None, None]
    return values + share * (eased - values)
