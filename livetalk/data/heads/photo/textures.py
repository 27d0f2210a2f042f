"""Uploads of pictures as textures, and the units that shaders read them from."""

from typing import TYPE_CHECKING

import numpy as np

from livetalk.data.heads.gl import set_options

if TYPE_CHECKING:
    import moderngl

UNITS = {"backdrop": 0, "map": 1, "shadow_map": 2, "panorama": 3, "eye_picture": 4, "hair_picture": 5, "teeth": 6,
         "lashes": 7, "skin_picture": 8, "brows": 8, "canvas": 9, "cloth_picture": 10}  # fmt: skip


def upload(gl: "moderngl.Context", image: np.ndarray, repeat: bool = False, fine: float = 1.0) -> "moderngl.Texture":
    """A texture with smaller copies of itself; floats are kept as half floats, bytes as they are."""
    import moderngl

    kind = "f2" if image.dtype.kind == "f" else "f1"
    data = np.ascontiguousarray(image, np.float16 if kind == "f2" else np.uint8).tobytes()
    texture = gl.texture((image.shape[1], image.shape[0]), image.shape[2], data, alignment=1, dtype=kind)
    texture.build_mipmaps()
    linear = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    set_options(texture, filter=linear, repeat_x=repeat, repeat_y=False, anisotropy=fine)
    return texture
