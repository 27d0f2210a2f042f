"""Skins as free pictures, coloured anew for a person. Knows pictures and tones; knows no shader."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from livetalk.data.heads.mesh import load_asset
from livetalk.data.heads.photo.closet import MAKEHUMAN, Closet
from livetalk.data.heads.photo.fasten import load_topology

_LEFT, _TOP = 0.625, 0.16  # the part of a skin's picture that holds head and neck
_WIDE, _TALL = 0.375, 0.72


@dataclass(frozen=True)
class SkinPicture:
    """A skin's picture, and the mean of its cheeks and forehead."""

    picture: UInt8[np.ndarray, "h w 3"]
    tone: Float[np.ndarray, "3"]  # linear


def read_skin(closet: Closet, name: str) -> SkinPicture:
    picture = closet.picture(f"{MAKEHUMAN}/skins/textures/{name}.jpg", "RGB")
    place = cheek_places() * (picture.shape[1], picture.shape[0])
    colours = picture[place[:, 1].astype(int), place[:, 0].astype(int)] / 255.0
    return SkinPicture(picture, np.square(np.median(colours, 0)))


def cheek_places() -> Float[np.ndarray, "n 2"]:
    """Where cheeks and forehead lie in a skin's picture."""
    asset = load_asset()
    triangles = asset.triangles[(asset.kind[asset.triangles] == 0).all(1)]
    middle = asset.points[triangles].mean(1)
    x, y, z = np.abs(middle[:, 0]), middle[:, 1], middle[:, 2]
    cheek = (x > 0.25) & (x < 0.5) & (y > 6.75) & (y < 7.0) & (z > 1.0)
    forehead = (x < 0.35) & (y > 7.5) & (y < 7.75) & (z > 1.0)
    return load_topology().corners[cheek | forehead].mean(1)
