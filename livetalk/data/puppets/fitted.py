"""The fitted portrait: what a photograph of a face becomes once, and all that drawing it needs.

`FittedPortrait` holds what only MediaPipe or OpenCV can tell, and is stored. `FaceMeasures` follows from it with numpy
and scipy (`measures.measure`), so it is computed where the puppet is drawn. Does not know: how either is made.

Conventions. Places in the photograph are (x, y) in sides of the picture: x right, y down, 0 to 1. Camera space: x
right, y up, z towards the viewer, the camera at the origin, decimetres. Head space is the rest space of
`heads.mesh.Person`. Left and right are the person's own; where both are listed, left comes first. Angles are radians
with the signs of `HeadRenderer.render`: yaw + to the picture's right, pitch + down, roll + clockwise.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

SHOWN = 0.8  # of a photograph's side: its middle is the picture that training sees, the rest is margin
COLUMNS = 15  # places across a slit (lids, lips) at which it is measured


@dataclass(frozen=True)
class FittedPortrait:
    """One photograph, and the pose, shape and expression of the project's head that explain it.

    `heads.mesh.Person(portrait)` is the resting head, because `shape` names the same targets as a `Look`.
    """

    name: str  # the photograph's file name without its suffix
    photograph: UInt8[np.ndarray, "side side 3"]  # RGB; the face is framed as portraits are, with a margin (SHOWN)
    alpha: UInt8[np.ndarray, "side side"]  # 255 the person, 0 the background; all 255 where `matted` is False
    plate: UInt8[np.ndarray, "small small 3"]  # the background without the person, at a quarter of the side, smooth
    matted: bool  # whether the person could be told from the background
    landmarks: Float[np.ndarray, "478 2"]  # MediaPipe's points, in sides of the picture
    identity: Float[np.ndarray, "k"]  # weight of each identity target, in the order of `Asset.identity_place`
    weights: Float[np.ndarray, "52"]  # the photograph's expression in ARKit's order; gaze at 0; broad smiles up to 1.25
    angles: Float[np.ndarray, "3"]  # yaw, pitch, roll of the head
    shift: Float[np.ndarray, "3"]  # camera-space place of the head's pivot
    smile: float  # MediaPipe's mean score of both mouth corners, 0 to 1
    residual: float  # root mean square of landmarks against the fitted head before the warp, pixels of 256 shown
    held_out: bool = False  # never trained on

    @property
    def side(self) -> int:
        """Pixels along one side of the photograph."""
        return len(self.photograph)

    @property
    def shape(self) -> tuple[tuple[str, float], ...]:
        """Identity target weights by name, as in `heads.look.Look.shape`."""
        from livetalk.data.heads.mesh import load_asset

        names = load_asset().identity_place
        return tuple((name, float(self.identity[k])) for name, k in names.items() if self.identity[k])


@dataclass(frozen=True)
class Slit:
    """The edges of an opening (between lids or lips) at COLUMNS places across it, head space, decimetres.

    `x` rises from the person's right to the left; `upper` and `lower` are heights y of the two edges.
    """

    x: Float[np.ndarray, "columns"]
    upper: Float[np.ndarray, "columns"]
    lower: Float[np.ndarray, "columns"]

    @property
    def gap(self) -> Float[np.ndarray, "columns"]:
        """Height of the opening; negative where the edges overlap."""
        return self.upper - self.lower


@dataclass(frozen=True)
class FittedEye:
    """An eyeball whose iris, looking as `FaceMeasures.gaze` says, falls on the photographed iris."""

    centre: Float[np.ndarray, "3"]  # head space, decimetres
    radius: float  # decimetres
    iris: float  # radius of the iris over the eyeball's
    place: Float[np.ndarray, "2"]  # centre of the iris in the photograph
    reach: float  # radius of the iris in the photograph, in sides of the picture
    outline: Float[np.ndarray, "16 2"]  # the lids' edges in the photograph: a closed ring from the outer corner
    lids: Slit  # of the photograph
    lid_colour: Float[np.ndarray, "3"]  # skin around the eye, RGB 0 to 255: what a drawn-down lid is painted with


@dataclass(frozen=True)
class FaceMeasures:
    """Measurements of a photograph that drawing needs; colours are RGB, 0 to 255."""

    eyes: tuple[FittedEye, FittedEye]
    gaze: Float[np.ndarray, "2"]  # yaw, pitch of the photographed look in the head's frame, as `heads.mesh.gaze`
    sclera_colour: Float[np.ndarray, "3"]
    skin_colour: Float[np.ndarray, "3"]
    lips: Slit  # the inner edges, of the photograph
    lip_colour: Float[np.ndarray, "3"]
    tooth_colour: Float[np.ndarray, "3"]  # of the photographed teeth, else guessed from the sclera and the skin
    teeth: UInt8[np.ndarray, "side side"] | None  # opacity of the photographed teeth; None if none are worth keeping
    light: Float[np.ndarray, "9"]  # luminance (0 to 1) over the camera-space normal n: `light @ harmonics(n)`
