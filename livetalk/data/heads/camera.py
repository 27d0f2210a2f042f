"""Camera of rendered heads: view and pose matrices, and projection, in numpy.

Knows a look's scene and a person's proportions; knows no GL. Matrices multiply column vectors.
"""

import numpy as np
from jaxtyping import Float

from livetalk.data.heads.look import Look
from livetalk.data.heads.mesh import Person

PIVOT = np.array([0.0, 6.65, 0.30])  # the head turns about here on the average person
TORSO_SHARE = np.array([0.16, 0.06, 0.12, 0.75, 0.55, 0.8])  # of a pose that the shoulders take part in
_NEAR, _FAR = 1.0, 60.0


def rotations(angles: Float[np.ndarray, "t 3"]) -> Float[np.ndarray, "t 3 3"]:
    """Rotation by yaw, then pitch, then roll, signs as in `HeadRenderer.render`."""
    yaw, pitch, roll = angles.T
    turn = np.zeros((3, len(angles), 3, 3))
    for matrix, angle, (a, b), sign in zip(
        turn, (yaw, pitch, roll), ((2, 0), (1, 2), (0, 1)), (-1, -1, 1), strict=True
    ):
        matrix[:] = np.eye(3)
        matrix[:, a, a] = matrix[:, b, b] = np.cos(angle)
        matrix[:, a, b], matrix[:, b, a] = sign * np.sin(angle), -sign * np.sin(angle)
    return turn[2] @ turn[1] @ turn[0]


class Camera:
    def __init__(self, look: Look, person: Person) -> None:
        scene = look.scene
        middle = person.eyes.mean(0)
        self._pivot = PIVOT
        self._unit = person.between_eyes
        height = scene.height * (0.45 + 0.55 * person.between_eyes / 0.62)
        distance = height / 2 / np.tan(scene.field / 2)
        target = np.array([-scene.offset * height, middle[1] + (scene.eye_line - 0.5) * height, 1.25])
        back = np.array([0.0, np.sin(scene.tilt), np.cos(scene.tilt)])
        self.place = target + distance * back
        up = np.array([0.0, back[2], -back[1]])
        view = np.eye(4)
        view[:3, :3] = np.stack([[1.0, 0.0, 0.0], up, back])
        view[:3, 3] = -view[:3, :3] @ self.place
        zoom = 1 / np.tan(scene.field / 2)
        projection = np.diag([zoom, zoom, (_FAR + _NEAR) / (_NEAR - _FAR), 0.0])
        projection[2, 3], projection[3, 2] = 2 * _FAR * _NEAR / (_NEAR - _FAR), -1.0
        self.matrix: Float[np.ndarray, "4 4"] = projection @ view

    def motions(self, pose: Float[np.ndarray, "t 6"]) -> Float[np.ndarray, "t 2 4 4"]:
        """Rest space to world, for skull and shoulders."""
        both = np.stack([pose, pose * TORSO_SHARE], 1).reshape(-1, 6).astype(np.float64)
        motion = np.tile(np.eye(4), (len(both), 1, 1))
        motion[:, :3, :3] = rotations(both[:, :3])
        motion[:, :3, 3] = self._pivot + both[:, 3:] * self._unit - motion[:, :3, :3] @ self._pivot
        return motion.reshape(-1, 2, 4, 4)

    def project(
        self, points: Float[np.ndarray, "t n 3"], pose: Float[np.ndarray, "t 6"], size: int
    ) -> Float[np.ndarray, "t n 2"]:
        """Pixels (x, y; y down) of rest-space points that move with the skull."""
        clip = self.clip(points, pose)
        flat = clip[..., :2] / clip[..., 3:]
        return ((flat * (1, -1) + 1) * size / 2).astype(np.float32)

    def clip(self, points: Float[np.ndarray, "t n 3"], pose: Float[np.ndarray, "t 6"]) -> Float[np.ndarray, "t n 4"]:
        """Clip coordinates of rest-space points that move with the skull; the last is the distance in depth."""
        full = np.concatenate([points, np.ones((*points.shape[:2], 1))], -1)
        return full @ np.swapaxes(self.matrix @ self.motions(pose)[:, 0], 1, 2)
