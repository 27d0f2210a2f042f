"""Least squares of one face: pose, identity and expression of the head that explain MediaPipe's landmarks.

Gauss-Newton with bounds, a dozen steps. Conventions: see `fitted`. Does not know: pictures.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float

from livetalk.data.arkit import ARKIT
from livetalk.data.heads.camera import PIVOT
from livetalk.data.heads.mesh import load_asset
from livetalk.data.puppets.correspondence import LID_RINGS, LOWER_LIP, OVAL, UPPER_LIP, load_correspondence
from livetalk.data.puppets.people import MODES, load_people
from livetalk.data.puppets.posed import FOCAL, project, rotation_of, unproject

STEPS, ENOUGH = 12, 1e-4  # of Gauss-Newton at most; the relative gain at which it ends
LANDMARK_SIGMA = 0.02  # inter-ocular distances a sure landmark may be off
SLIDING = 0.035  # spread of a landmark between people, decimetres, at which it counts half
OUTLINE_TRUST, RIM_TRUST = 0.5, 1.3  # the face's oval slides along the cheek; lids and lips are seen sharply
IDENTITY_SIGMA, POSE_SIGMA, EXPRESSION_SIGMA = 1.1, 0.12, 0.22  # standard deviations, radians, weights
# A smile must be explained as a smile: else it stays in the identity, and the neutral face still smiles. MediaPipe
# reads 0.95 where the mesh's weight is 0.8, and hardly more for smiles that are wider than the mesh's at 1.
SMILE_SIGMA, SMILE_SHARE = 0.03, 0.85
BEYOND, SATURATED = 0.28, (0.84, 0.96)  # what is added for scores that say no more, and where that sets in
SMILE_MOST = 1.25
IDENTITY_MOST = 3.5
SHIFT_UNIT = 0.5  # decimetres: keeps the parameters' sizes alike
UNSEEN = ("eyeLook", "tongueOut", "cheekPuff", "jawForward")  # shapes that landmarks of one view do not show
RESTING = np.deg2rad((0.0, 3.5, 0.0))  # how MediaPipe reads the mesh at angles of zero: yaw, pitch, roll

_POSE = slice(0, 3)
_SHIFT = slice(3, 6)
_IDENTITY = slice(6, 6 + MODES)
_EXPRESSION = slice(6 + MODES, None)


@dataclass(frozen=True)
class Solution:
    """The fitted head of one face; `weights` are the raw action shapes, before `Person.fitted`."""

    angles: Float[np.ndarray, "3"]
    shift: Float[np.ndarray, "3"]
    coordinates: Float[np.ndarray, "m"]  # of `People`
    weights: Float[np.ndarray, "52"]
    places: Float[np.ndarray, "u 2"]  # where the head's landmarks fall, those in use


@dataclass(frozen=True)
class _Model:
    """The head at its landmarks only: linear in identity and expression."""

    mean: Float[np.ndarray, "u 3"]
    modes: Float[np.ndarray, "m u 3"]
    action: Float[np.ndarray, "f u 3"]
    free: Bool[np.ndarray, "52"]
    trust: Float[np.ndarray, "u"]


@cache
def _model() -> _Model:
    links, people, asset = load_correspondence(), load_people(), load_asset()
    used = np.flatnonzero(links.used)
    free = np.array([not name.startswith(UNSEEN) for name in ARKIT])
    trust = 1 / (1 + (links.spread[used] / SLIDING) ** 2)
    trust[np.isin(used, OVAL)] *= OUTLINE_TRUST
    trust[np.isin(used, [*LID_RINGS[0], *LID_RINGS[1], *UPPER_LIP, *LOWER_LIP])] = RIM_TRUST
    vertices, share = links.vertices[used], links.share[used]

    def at(field: np.ndarray) -> np.ndarray:
        return np.einsum("lk,...lkx->...lx", share, field[..., vertices, :])

    return _Model(at(people.mean), at(people.modes), at(asset.action[free]), free, trust)


def _smile(scores: Float[np.ndarray, "s"]) -> Float[np.ndarray, "s"]:
    """The weights of smiles that MediaPipe gives these scores."""
    share = ((scores - SATURATED[0]) / (SATURATED[1] - SATURATED[0])).clip(0, 1)
    return SMILE_SHARE * scores + BEYOND * share**2 * (3 - 2 * share)


class FaceProblem:
    """Residuals of one face's landmarks and of the priors, and their derivatives."""

    def __init__(
        self,
        landmarks: Float[np.ndarray, "478 2"],
        scores: Float[np.ndarray, "52"],
        angles: Float[np.ndarray, "3"],
    ) -> None:
        """landmarks: places in the picture; scores, angles: MediaPipe's blendshapes and pose."""
        self.model = model = _model()
        self.wish = landmarks[load_correspondence().used]
        eyes = np.array([landmarks[list(ring)].mean(0) for ring in LID_RINGS])
        between = float(np.linalg.norm(eyes[0] - eyes[1]))
        people = load_people()
        depth = -FOCAL * float(np.ptp(people.eyes[:, 0])) / between
        self.start_shift = unproject(eyes.mean(0), depth) - (people.eyes.mean(0) - PIVOT)
        names = [name for name, free in zip(ARKIT, model.free, strict=True) if free]
        smiles = np.array([name.startswith("mouthSmile") for name in names])
        expected = scores[model.free].clip(0, 1)
        expected[smiles] = _smile(expected[smiles])
        count = len(names)
        self.scale = (model.trust / (LANDMARK_SIGMA * between))[:, None]
        self.prior = np.concatenate([angles - RESTING, np.zeros(3 + MODES), expected])
        self.certainty = 1 / np.concatenate([
            np.full(3, POSE_SIGMA), np.full(3, np.inf), np.full(MODES, IDENTITY_SIGMA),
            np.where(smiles, SMILE_SIGMA, EXPRESSION_SIGMA),
        ])  # fmt: skip
        most = np.concatenate([np.ones(3), np.full(3, 9.0), np.full(MODES, IDENTITY_MOST)])
        self.lowest = np.concatenate([-most, np.zeros(count)])
        self.highest = np.concatenate([most, np.where(smiles, SMILE_MOST, 1.0)])

    def head(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Landmarks about the pivot in head space, the rotation, and the landmarks in camera space."""
        model = self.model
        points = model.mean + np.tensordot(x[_IDENTITY], model.modes, 1) + np.tensordot(x[_EXPRESSION], model.action, 1)
        rotation = rotation_of(x[_POSE])
        local = points - PIVOT
        return local, rotation, local @ rotation.T + self.start_shift + SHIFT_UNIT * x[_SHIFT]

    def residuals(self, x: np.ndarray) -> Float[np.ndarray, "r"]:
        miss = (project(self.head(x)[2]) - self.wish) * self.scale
        return np.concatenate([miss.ravel(), (x - self.prior) * self.certainty])

    def jacobian(self, x: np.ndarray) -> Float[np.ndarray, "r p"]:
        local, rotation, camera = self.head(x)
        small = 1e-4
        turned = [
            local @ (rotation_of(x[_POSE] + step) - rotation_of(x[_POSE] - step)).T / (2 * small)
            for step in small * np.eye(3)
        ]
        moved = np.broadcast_to(SHIFT_UNIT * np.eye(3)[:, None], (3, *camera.shape))
        motions = np.concatenate([turned, moved, self.model.modes @ rotation.T, self.model.action @ rotation.T])
        across, up, depth = camera.T
        places = np.stack(
            [
                -FOCAL * (motions[..., 0] / depth - across * motions[..., 2] / depth**2),
                FOCAL * (motions[..., 1] / depth - up * motions[..., 2] / depth**2),
            ],
            -1,
        )
        seen = (places * self.scale).reshape(len(motions), -1).T
        return np.concatenate([seen, np.diag(self.certainty)])


def solve(problem: FaceProblem) -> Solution:
    """Gauss-Newton; parameters that push against their bounds are held there for a step."""
    x = np.clip(problem.prior, problem.lowest, problem.highest)
    residuals = problem.residuals(x)
    for _ in range(STEPS):
        jacobian = problem.jacobian(x)
        slope = jacobian.T @ residuals
        held = ((x <= problem.lowest) & (slope > 0)) | ((x >= problem.highest) & (slope < 0))
        free = np.flatnonzero(~held)
        part = jacobian[:, free]
        step = np.linalg.solve(part.T @ part + 1e-6 * np.eye(len(free)), -slope[free])
        x[free] += step
        x = np.clip(x, problem.lowest, problem.highest)
        before, residuals = residuals, problem.residuals(x)
        if abs(before @ before - residuals @ residuals) < ENOUGH * (before @ before):
            break
    weights = np.zeros(len(ARKIT))
    weights[problem.model.free] = x[_EXPRESSION]
    camera = problem.head(x)[2]
    shift = problem.start_shift + SHIFT_UNIT * x[_SHIFT]
    return Solution(x[_POSE].copy(), shift, x[_IDENTITY].copy(), weights, project(camera))
