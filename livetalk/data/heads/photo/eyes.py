"""Eyes from a free picture: the part with one iris, and what the shader must know of it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from livetalk.data.heads.photo.closet import MAKEHUMAN, Closet
from livetalk.data.heads.photo.light import LUMINANCE

_SIDE = 320  # pixels of the part that is kept
_REACH = 0.31  # of the whole picture's side: half of that part
_BALL = 0.29  # of the whole picture's side: what the eyeball's radius is in it


@dataclass(frozen=True)
class EyePicture:
    """A picture of one eyeball seen from the front, iris in the middle."""

    picture: UInt8[np.ndarray, "s s 3"]
    level: float  # mean luminance of the iris, linear
    radius: float  # of the eyeball, share of the picture's side


def read_eye(closet: Closet, name: str) -> EyePicture:
    """The lower left eye of a MakeHuman eye picture; its pupil is the darkest disc there."""
    from PIL import Image

    whole = closet.picture(f"{MAKEHUMAN}/eyes/materials/{name}.png", "RGB")
    side = len(whole)
    corner = whole[side // 2 :, : side // 2].astype(np.float64).sum(2)
    dark = np.argwhere(corner <= np.percentile(corner, 1.5))
    row, column = np.median(dark + np.array([side // 2, 0]), 0)
    reach = _REACH * side
    box = (column - reach, row - reach, column + reach, row + reach)
    picture = np.asarray(Image.fromarray(whole).crop(tuple(round(x) for x in box)).resize((_SIDE, _SIDE)))
    y, x = np.mgrid[:_SIDE, :_SIDE] / _SIDE - 0.5
    ring = np.hypot(x, y) * 2 * _REACH / _BALL
    inside = (ring > 0.17) & (ring < 0.36)
    level = np.square(picture[inside] / 255.0) @ LUMINANCE
    return EyePicture(picture, float(level.mean()), _BALL / (2 * _REACH))
