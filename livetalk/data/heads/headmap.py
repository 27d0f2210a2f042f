"""The map a look's skin and clothes are painted on: the resting head unrolled about the axis of the neck.

Painting once per look keeps the shader of every frame small. Knows topology only; the paint is `shaders/paint.frag`.
"""

import numpy as np
from jaxtyping import Float

from livetalk.data.heads.mesh import Asset

SIZE = (1024, 768)  # pixels: azimuth, height
_AXIS_Z, _LOWEST, _HEIGHT = 0.25, 4.1, 4.5  # decimetres, as `on_map` in shaders/common.glsl


def corners(asset: Asset, texture: Float[np.ndarray, "s 3 2"] | None = None) -> Float[np.ndarray, "m c"]:
    """The skin's triangles, three rows each: map coordinates, radius, rest place, masks, height above the hairline.

    Triangles that cross the map's border behind the head are laid on both sides of it. `texture`: places of the
    triangles' corners in a picture, added as two more columns.
    """
    triangles = asset.triangles[(asset.kind[asset.triangles] == 0).all(1)]
    x, z = asset.points[triangles][..., 0], asset.points[triangles][..., 2]
    azimuth = np.arctan2(x, z - _AXIS_Z)
    crossing = np.ptp(azimuth, axis=1) > np.pi
    azimuth = np.where(crossing[:, None] & (azimuth < 0), azimuth + 2 * np.pi, azimuth)
    triangles = np.concatenate([triangles, triangles[crossing]])
    azimuth = np.concatenate([azimuth, azimuth[crossing] - 2 * np.pi]).reshape(-1)
    vertex = triangles.reshape(-1)
    rest = asset.points[vertex]
    radius = np.hypot(rest[:, 0], rest[:, 2] - _AXIS_Z)
    place = np.stack([azimuth / (2 * np.pi) + 0.5, (rest[:, 1] - _LOWEST) / _HEIGHT, radius], 1)
    columns = [place, rest, asset.columns[vertex], asset.scalp[vertex, None]]
    if texture is not None:
        columns.append(np.concatenate([texture, texture[crossing]]).reshape(-1, 2))
    return np.hstack(columns).astype(np.float32)
