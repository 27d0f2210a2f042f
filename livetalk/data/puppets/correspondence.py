"""Correspondence of MediaPipe's 478 landmarks with places on the head's mesh.

The table is made once by `correspondence_build` and is bundled. Reading it needs numpy only.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from jaxtyping import Bool, Float, Int

from livetalk.data.arkit import INDEX
from livetalk.data.heads.mesh import Person, load_asset

LANDMARKS = 468  # on the skin; the ten after them are the irises'
# MediaPipe's indices. Eyelid rings begin at the outer corner and go over the upper lid.
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)  # fmt: skip
LID_RINGS = (  # left, right
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
)
UPPER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)  # inner edge, from the person's right corner
LOWER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
IRISES = ((473, 474, 475, 476, 477), (468, 469, 470, 471, 472))  # left, right: centre, then four of the rim
# Mouth and eyes are open on the head on which places are compared, so that lips and lids lie apart.
OPEN = {"jawOpen": 0.45, "mouthUpperUpLeft": 0.5, "mouthUpperUpRight": 0.5, "mouthLowerDownLeft": 0.4,
        "mouthLowerDownRight": 0.4, "eyeWideLeft": 0.6, "eyeWideRight": 0.6}  # fmt: skip


@dataclass(frozen=True)
class Correspondence:
    """Places of landmarks on the mesh, and the parts of the mesh that a photographed face needs."""

    vertices: Int[np.ndarray, "478 3"]  # of the triangle each landmark lies in (irises: unused rows)
    share: Float[np.ndarray, "478 3"]  # barycentric
    spread: Float[np.ndarray, "478"]  # median distance of people's places from the median place; NaN: unused
    skin: Int[np.ndarray, "m 3"]  # triangles of the outer skin: holes where eyes and mouth are
    cavity: Int[np.ndarray, "k 3"]  # triangles of the mouth's inside
    upper_lids: tuple[Int[np.ndarray, "a"], Int[np.ndarray, "b"]]  # vertices of the rims, left and right eye,
    lower_lids: tuple[Int[np.ndarray, "a"], Int[np.ndarray, "b"]]  # in order of x
    upper_lip: Int[np.ndarray, "c"]
    lower_lip: Int[np.ndarray, "d"]

    @property
    def used(self) -> Bool[np.ndarray, "478"]:
        return np.isfinite(self.spread)

    def places(self, points: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "478 c"]:
        """Where the landmarks lie, given the vertices."""
        return np.einsum("lk,lkx->lx", self.share, points[self.vertices])


@cache
def load_correspondence() -> Correspondence:
    """The bundled table."""
    table = np.load(BytesIO(files("livetalk.data.puppets").joinpath("assets/correspondence.npz").read_bytes()))
    whole = {name: table[name].astype(np.int32) for name in table.files if table[name].dtype.kind in "iu"}
    return Correspondence(
        vertices=whole["vertices"], share=table["share"].astype(np.float64), spread=table["spread"].astype(np.float64),
        skin=whole["skin"], cavity=whole["cavity"],
        upper_lids=(whole["upper_lid_left"], whole["upper_lid_right"]),
        lower_lids=(whole["lower_lid_left"], whole["lower_lid_right"]),
        upper_lip=whole["upper_lip"], lower_lip=whole["lower_lip"],
    )  # fmt: skip


@dataclass(frozen=True)
class _Average:
    """All ancestries and builds in equal shares."""

    @property
    def shape(self) -> tuple[tuple[str, float], ...]:
        names = [name for name in load_asset().identity_place if name.startswith(("race:", "body:"))]
        return tuple((name, 2 / len(names)) for name in names)


@cache
def average_person() -> Person:
    """The resting head on which places are compared."""
    return Person(_Average())


@cache
def open_head() -> Float[np.ndarray, "n 3"]:
    """The average head with mouth and eyes open."""
    asset = load_asset()
    weights = np.zeros(len(asset.action), np.float32)
    for name, value in OPEN.items():
        weights[INDEX[name]] = value
    return average_person().points + np.tensordot(weights, asset.action, 1)
