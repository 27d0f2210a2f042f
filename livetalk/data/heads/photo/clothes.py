"""Clothes as free meshes on a person, as far down as the picture goes. Knows meshes and pictures; draws nothing."""

import numpy as np
from jaxtyping import Float, Int, UInt8

from livetalk.data.heads.mesh import Person
from livetalk.data.heads.occlusion import normals
from livetalk.data.heads.photo.closet import MAKEHUMAN, Closet, FastenedMesh
from livetalk.data.heads.photo.fasten import base_points, worn_where_known
from livetalk.data.heads.photo.light import LUMINANCE

_LOWEST = 4.3  # decimetres


def worn_cloth(mesh: FastenedMesh, person: Person) -> tuple[Float[np.ndarray, "v 8"], Int[np.ndarray, "m 3"]]:
    """Vertices (place, normal, texture place) and triangles of a garment's upper end."""
    points, triangles = worn_where_known(mesh, base_points(person.points))
    facing = normals(points, triangles)
    triangles = triangles[points[triangles][..., 1].max(1) > _LOWEST]
    return np.hstack([points, facing, mesh.texture]).astype(np.float32), triangles


def cloth_picture(closet: Closet, name: str) -> tuple[UInt8[np.ndarray, "h w 4"], Float[np.ndarray, "3"]]:
    """The picture of a garment, or its shading where it has no picture, and its mean (linear)."""
    folder = f"{MAKEHUMAN}/clothes/{name}/"
    names = closet.names(folder, "_diffuse.png") or closet.names(folder, "_ao.png")
    if not names:
        raise ValueError(f"there is no picture of the garment {name} among the assets")
    picture = closet.picture(names[0], "RGBA")
    mean = np.square(picture[picture[..., 3] > 128][:, :3] / 255.0).mean(0)
    return picture, np.full(3, mean @ LUMINANCE + 0.02)
