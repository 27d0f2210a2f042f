"""Uniform blocks of a look and its frames, as `shaders/common.glsl` reads them (std140: everything in vec4s).

Knows the layout of the blocks and the step from sRGB to linear light; draws nothing.
"""

import numpy as np
from jaxtyping import Float

from livetalk.data.heads.camera import Camera
from livetalk.data.heads.look import Look
from livetalk.data.heads.mesh import Person, Weights
from livetalk.data.heads.wardrobe import GARMENTS

FRAME = np.dtype([
    ("head", "f4", (4, 4)), ("torso", "f4", (4, 4)), ("gaze", "f4", 4), ("lids", "f4", 4), ("state", "f4", 4),
    ("active", "i4", 52), ("amount", "f4", 52),
])  # fmt: skip
_FIELDS = ("eye_left eye_right viewer key_way key_light fill_way fill_light rim_way rim_light sky ground skin lips "
           "blush marks hair hair_tip brow brow_form beard beard_form iris iris_inner cloth cloth_inner neckline "
           "exposure")  # fmt: skip
LOOK = np.dtype([("camera", "f4", (4, 4)), *((name, "f4", 4) for name in _FIELDS.split())])

# Height of the neckline at the front, half-width, depth of the V, by garment.
_NECKLINES = {"crew": (5.62, 0.62, 0.0), "vee": (5.62, 0.55, 0.5), "turtleneck": (5.98, 0.8, 0.0),
              "shirt": (5.66, 0.55, 0.5), "jacket": (5.68, 0.55, 1.0)}  # fmt: skip


def linear(colour: tuple[float, ...] | np.ndarray) -> np.ndarray:
    return np.square(np.asarray(colour, np.float64))  # gamma 2, as `shown` in the shaders undoes it


def frame_blocks(
    weights: Weights, motions: Float[np.ndarray, "t 2 4 4"], gaze: Float[np.ndarray, "t 4"], person: Person
) -> np.ndarray:
    """One `FRAME` record a frame; only shapes with a weight are listed."""
    blocks = np.zeros(len(weights), FRAME)
    blocks["head"], blocks["torso"] = np.swapaxes(motions, 2, 3).transpose(1, 0, 2, 3)
    blocks["gaze"], blocks["lids"] = gaze, person.lid_heights(weights)
    order = np.argsort(weights <= 1e-4, axis=1, kind="stable")
    blocks["active"], blocks["amount"] = order, np.take_along_axis(weights, order, 1)
    blocks["state"][:, 0] = (weights > 1e-4).sum(1)
    blocks["state"][:, 1] = person.lip_gap(weights)
    blocks["state"][:, 2] = np.arange(len(weights))
    return blocks


def _way(azimuth: float, height: float) -> tuple[float, float, float]:
    return (np.sin(azimuth) * np.cos(height), np.sin(height), np.cos(azimuth) * np.cos(height))


def look_block(look: Look, person: Person, view: Camera) -> np.ndarray:
    """The `LOOK` record of a dressed person."""
    block = np.zeros((), LOOK)
    scene, skin, hair, beard, clothes = look.scene, look.skin, look.hair, look.beard, look.clothes

    def put(name: str, *values: float) -> None:
        block[name][: len(values)] = values

    put("eye_left", *person.eyes[0], person.eye_radius)
    put("eye_right", *person.eyes[1], person.eye_radius)
    put("viewer", *view.place, look.seed % 97)
    azimuth, height, strength = scene.key
    back, tint = linear(scene.colours[0]), 0.3
    around = (1 - tint) + tint * back / (back.mean() + 1e-6)
    put("key_way", *_way(azimuth, height))
    put("key_light", *(strength * np.array(scene.key_colour)))
    put("fill_way", *_way(-0.9 * np.sign(azimuth), 0.1))
    put("fill_light", *(scene.fill * np.array(scene.fill_colour)))
    put("rim_way", *_way(-2.5 * np.sign(azimuth), 0.5))
    put("rim_light", *(scene.rim * around))
    put("sky", *(scene.ambient * 1.25 * around))
    put("ground", *(scene.ambient * 0.65 * around * (1.05, 0.98, 0.92)))
    put("skin", *linear(skin.tone), skin.shine)
    put("lips", *linear(skin.lips), skin.lip_shine)
    put("blush", 1.0, 0.62, 0.60, skin.blush)
    put("marks", skin.mottling, skin.freckles, look.age, skin.rings)
    tint = {"bald": 0.12, "buzz": 0.85, "receding": 0.8}.get(hair.cut, 0.96)
    put("hair", *linear(hair.colour), tint)
    put("hair_tip", *linear(hair.tip), hair.hairline)
    put("brow", *linear(hair.brow), hair.brow_thickness)
    put("brow_form", hair.brow_height, hair.brow_arch, hair.brow_length, hair.brow_density)
    put("beard", *linear(beard.colour), beard.stubble)
    put("beard_form", beard.moustache, beard.cheeks, beard.chin, beard.length)
    put("iris", *linear(look.eyes.iris), look.eyes.size)
    put("iris_inner", *linear(look.eyes.inner), look.eyes.pupil)
    front, wide, depth = _NECKLINES[clothes.garment]
    put("cloth", *linear(clothes.colour), 1.0 + GARMENTS.index(clothes.garment))
    put("cloth_inner", *linear(clothes.second), clothes.weave)
    put("neckline", front - clothes.drop * (clothes.garment != "turtleneck"), wide, depth, clothes.stripes)
    put("exposure", 1.25 * scene.exposure, scene.contrast, look.eyes.lashes)
    block["camera"] = (np.diag([1.0, -1.0, 1.0, 1.0]) @ view.matrix).T
    return block
