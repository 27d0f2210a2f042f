"""The uniform block of light and film, as `shaders/photo.glsl` reads it (std140: everything in vec4s)."""

import numpy as np
from jaxtyping import Float

from livetalk.data.heads.photo.light import Lighting
from livetalk.data.heads.photo.outfit import Outfit

LIGHT = np.dtype([("bands", "f4", (9, 4)), ("shadowed", "f4", (4, 4)), ("film", "f4", 4), ("hair_look", "f4", 4),
                  ("iris_look", "f4", 4)])  # fmt: skip
_MIDDLE, _REACH = np.array([0.0, 7.2, 0.5]), 2.1  # of what casts shadows, decimetres


def shadow_matrix(way: Float[np.ndarray, "3"]) -> Float[np.ndarray, "4 4"]:
    """World to the map of depths that is seen along a light, 0 to 1; nearer to the light is less."""
    side = np.cross([0.0, 1.0, 0.01], way)
    side /= np.linalg.norm(side)
    turn = np.stack([side, np.cross(way, side), -way])
    matrix = np.eye(4)
    matrix[:3, :3] = turn / (2 * _REACH)
    matrix[:3, 3] = 0.5 - matrix[:3, :3] @ _MIDDLE
    return matrix


def light_block(found: Lighting, outfit: Outfit, size: int, finer: int, number: int) -> np.ndarray:
    """The `LIGHT` record of a dressed person, without what pictures say of hair and eyes."""
    block = np.zeros((), LIGHT)
    block["bands"][:, :3] = found.harmonics
    block["shadowed"] = shadow_matrix(found.key_way).T
    softness = finer * (0.38 + outfit.softness * (size / 256) ** 0.5)
    block["film"] = (outfit.grain, softness, number % 89, size * finer)
    return block
