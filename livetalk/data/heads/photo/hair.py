"""Hair as a free mesh on a person: where it is, which way it faces, how deep in the hair each vertex lies.

Knows meshes and a person; draws nothing.
"""

import numpy as np
from jaxtyping import Float, Int, UInt8

from livetalk.data.heads.mesh import Person
from livetalk.data.heads.occlusion import normals
from livetalk.data.heads.photo.closet import MAKEHUMAN, Closet, FastenedMesh
from livetalk.data.heads.photo.fasten import base_points, worn_where_known
from livetalk.data.heads.photo.light import LUMINANCE

VERTEX = np.dtype([("point", "f4", 3), ("normal", "f4", 3), ("uv", "f4", 2), ("outer", "f4")])
_CENTRE = np.array([0.0, 7.4, 0.25])  # of the skull
_BINS = (24, 36)  # of directions in which hair is outermost
_DEEP = 0.28  # decimetres below the outermost hair where no light comes any more


def worn_hair(mesh: FastenedMesh, person: Person, swept: bool) -> tuple[np.ndarray, Int[np.ndarray, "m 3"]]:
    """`VERTEX` records and triangles of hair; what hangs below the picture is left out. `swept`: off the face."""
    points, triangles = worn_where_known(mesh, base_points(person.points))
    if swept:
        aside = _off_the_face(points)
        torn = _longest(aside, triangles) > np.maximum(2.2 * _longest(points, triangles), 0.3)
        torn &= aside[triangles][..., 1].mean(1) < 7.3  # across the forehead a stretched fringe is a fringe
        points, triangles = aside, triangles[~torn]
    facing = normals(points, triangles)
    away = points - _CENTRE
    away[:, 1] = np.where(away[:, 1] < 0, 0.3 * away[:, 1], away[:, 1])
    away /= np.linalg.norm(away, axis=1, keepdims=True) + 1e-9
    facing *= np.where((facing * away).sum(1) < 0, -1, 1)[:, None]  # cards are seen from both sides
    vertices = np.zeros(len(points), VERTEX)
    vertices["point"], vertices["uv"], vertices["outer"] = points, mesh.texture, _outer(points)
    mixed = 0.55 * facing + 0.45 * away
    vertices["normal"] = mixed / (np.linalg.norm(mixed, axis=1, keepdims=True) + 1e-9)
    return vertices, triangles


def _longest(points: Float[np.ndarray, "v 3"], triangles: Int[np.ndarray, "m 3"]) -> Float[np.ndarray, "m"]:
    """Longest edge of each triangle."""
    corner = points[triangles]
    return np.linalg.norm(corner - np.roll(corner, 1, 1), axis=2).max(1)


def _off_the_face(points: Float[np.ndarray, "v 3"]) -> Float[np.ndarray, "v 3"]:
    """Hair that hangs before the eyes is swept to its side."""
    side = 1 if points[(points[:, 2] > 1.2) & (points[:, 1] < 7.7), 0].sum() > 0 else -1
    low = np.clip((7.95 - points[:, 1]) / 0.5, 0, 1)
    front = np.clip((points[:, 2] - 0.5) / 0.35, 0, 1)
    share = low * low * (3 - 2 * low) * front
    least = 0.76 * share
    away = np.where(np.abs(points[:, 0]) < 0.5, side, np.sign(points[:, 0] + 1e-9))
    swept = points.copy()
    swept[:, 0] = np.where(np.abs(points[:, 0]) < least, away * least, points[:, 0])
    swept[:, 2] -= 0.75 * share * np.maximum(np.abs(swept[:, 0]) - np.abs(points[:, 0]), 0)
    return swept


def mirrored(vertices: np.ndarray, triangles: Int[np.ndarray, "m 3"]) -> tuple[np.ndarray, Int[np.ndarray, "m 3"]]:
    """The same hair parted on the other side."""
    vertices["point"][:, 0] *= -1
    vertices["normal"][:, 0] *= -1
    return vertices, triangles[:, ::-1]


def _outer(points: Float[np.ndarray, "v 3"]) -> Float[np.ndarray, "v"]:
    """0 where hair lies deep below other hair, 1 where it is outermost."""
    way = points - _CENTRE
    radius = np.linalg.norm(way, axis=1)
    row = ((np.arcsin(np.clip(way[:, 1] / (radius + 1e-9), -1, 1)) / np.pi + 0.5) * (_BINS[0] - 1e-6)).astype(int)
    column = ((np.arctan2(way[:, 0], way[:, 2]) / (2 * np.pi) + 0.5) * (_BINS[1] - 1e-6)).astype(int)
    most = np.zeros(_BINS)
    np.maximum.at(most, (row, column), radius)
    return np.clip(1 - (most[row, column] - radius) / _DEEP, 0, 1)


def hair_picture(closet: Closet, name: str) -> tuple[UInt8[np.ndarray, "h w 4"], float]:
    """The picture of a hair mesh, and the mean of its luminance (linear) where there is hair."""
    names = closet.names(f"{MAKEHUMAN}/hair/{name}/", "_diffuse.png")
    if not names:
        raise ValueError(f"there is no picture of the hair {name} among the assets")
    picture = closet.picture(names[0], "RGBA")
    level = np.square(picture[..., :3] / 255.0) @ LUMINANCE
    return picture, float(np.average(level, weights=picture[..., 3] > 200) + 1e-3)
