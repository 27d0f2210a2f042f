"""The camera of a photograph, and the fitted head as it stands before it. Conventions: see `fitted`.

Does not know: pictures, or how a portrait was fitted.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from livetalk.data.heads.camera import PIVOT, rotations
from livetalk.data.heads.mesh import Person, load_asset
from livetalk.data.puppets.correspondence import load_correspondence, open_head
from livetalk.data.puppets.fitted import SHOWN, FittedPortrait

FIELD = np.radians(15.0)  # the angle that the shown part of a photograph is taken to cover
FOCAL = SHOWN / 2 / float(np.tan(FIELD / 2))  # in sides of the picture
SMOOTHING = 1e-3  # of the warp: landmarks are trusted to a fraction of a pixel
FACE_BOX = ((6.0, 8.1), 0.55)  # heights, and least depth, of the vertices that the warp moves: decimetres, head space

Rotation = Float[np.ndarray, "3 3"]


@dataclass(frozen=True)
class PosedHead:
    """A fitted head in the pose and expression of its photograph."""

    person: Person  # the resting head
    rotation: Rotation  # head space to camera space: `rotation @ (p - PIVOT) + shift`
    shift: Float[np.ndarray, "3"]
    model: Float[np.ndarray, "n 3"]  # camera-space vertices as the fit has them
    warped: Float[np.ndarray, "n 3"]  # the same, moved in the picture plane until the landmarks fit exactly

    def to_camera(self, points: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... 3"]:
        """Head space to camera space."""
        return (points - PIVOT) @ self.rotation.T + self.shift

    def to_head(self, points: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... 3"]:
        """Camera space to head space."""
        return (points - self.shift) @ self.rotation + PIVOT


def rotation_of(angles: Float[np.ndarray, "3"]) -> Rotation:
    """The rotation of yaw, pitch, roll."""
    return rotations(np.asarray(angles, float)[None])[0]


def project(points: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... 2"]:
    """Camera space to places in the photograph."""
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return np.stack([0.5 - FOCAL * x / z, 0.5 + FOCAL * y / z], -1)


def unproject(places: Float[np.ndarray, "... 2"], z: Float[np.ndarray, "..."] | float) -> Float[np.ndarray, "... 3"]:
    """Places in the photograph, at a given camera-space z (negative), to camera space."""
    z = np.broadcast_to(z, places.shape[:-1])
    return np.stack([(0.5 - places[..., 0]) * z / FOCAL, (places[..., 1] - 0.5) * z / FOCAL, z], -1)


def posed_head(portrait: FittedPortrait) -> PosedHead:
    """The head of a fitted portrait, posed, and warped onto the portrait's landmarks."""
    person = Person(portrait)
    weights = person.fitted(portrait.weights[None])[0]
    posed = person.points + np.tensordot(weights, load_asset().action, 1)
    rotation, shift = rotation_of(portrait.angles), portrait.shift.astype(float)
    model = (posed - PIVOT) @ rotation.T + shift
    flat = project(model) + _warp(project(model), portrait.landmarks)
    return PosedHead(person, rotation, shift, model, unproject(flat, model[:, 2]))


def _warp(flat: Float[np.ndarray, "n 2"], landmarks: Float[np.ndarray, "478 2"]) -> Float[np.ndarray, "n 2"]:
    """How far each vertex of the face must move in the picture: radial basis functions over the open head."""
    from scipy.interpolate import RBFInterpolator

    links, domain = load_correspondence(), open_head()
    used = links.used
    miss = landmarks[used] - links.places(flat)[used]
    spread = RBFInterpolator(links.places(domain)[used], miss, kernel="linear", smoothing=SMOOTHING, degree=1)
    (low, high), depth = FACE_BOX
    body = load_asset().kind == 0
    face = np.flatnonzero((domain[:, 1] > low) & (domain[:, 1] < high) & (domain[:, 2] > depth) & body)
    move = np.zeros_like(flat)
    move[face] = spread(domain[face])
    return move
