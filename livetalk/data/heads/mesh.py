"""The baked head as arrays, and one person's head blended from it.

Knows vertices, normals and landmarks; knows nothing of pictures. Lengths are decimetres in MakeHuman's frame: x to the
person's left, y up, z forward.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Protocol

import numpy as np
from jaxtyping import Float, Int

from livetalk.data.arkit import INDEX
from livetalk.data.heads.occlusion import normals

# A vertex of what is added to a head: strands of hair, glasses.
VERTEX = np.dtype([("point", "f4", 3), ("along", "f4", 3), ("normal", "f4", 3), ("uv", "f4", 2), ("kind", "f4", 4)])
STEP = 5e-4  # decimetres a stored unit of a delta means, as in the bake
Weights = Float[np.ndarray, "t 52"]

_GAZE = (0.50, 0.30, 0.38)  # radians at weight 1: sideways, up, down; as far as the shapes of the lids follow


@dataclass(frozen=True)
class Asset:
    points: Float[np.ndarray, "n 3"]
    triangles: Int[np.ndarray, "m 3"]
    kind: Int[np.ndarray, "n"]
    columns: Float[np.ndarray, "n 4"]
    scalp: Float[np.ndarray, "n"]
    openness: Float[np.ndarray, "n 4"]
    action: Float[np.ndarray, "52 n 3"]
    turns: Float[np.ndarray, "52 n 3"]  # change of the normal with each action shape
    identity: Float[np.ndarray, "k n 3"]
    identity_place: dict[str, int]
    eye_centre: Float[np.ndarray, "2 3"]
    eye_radius: float
    eye_shift: Float[np.ndarray, "k 2 3"]
    eye_grow: Float[np.ndarray, "k"]
    lids: Int[np.ndarray, "4"]
    lips_upper: Int[np.ndarray, "3 6"]
    lips_lower: Int[np.ndarray, "3 6"]


def _average(points: np.ndarray, identity: np.ndarray, names: list[str]) -> np.ndarray:
    rows = [k for k, name in enumerate(names) if name.startswith(("race:", "body:"))]
    return points + 2 * identity[rows].mean(0)


@cache
def load_asset() -> Asset:
    """The bundled bake. Normals of the action shapes are derived here, on the average head."""
    z = np.load(BytesIO(files("livetalk.data.heads").joinpath("assets/heads.npz").read_bytes()))
    points, triangles = z["points"], z["triangles"].astype(np.int32)
    names = [str(name) for name in z["identity_names"]]
    action, identity = z["action"].astype(np.float32) * STEP, z["identity"].astype(np.float32) * STEP
    mean = _average(points, identity, names)
    straight = normals(mean, triangles)
    return Asset(
        points=points, triangles=triangles, kind=z["kind"].astype(np.int32),
        columns=z["columns"].astype(np.float32) / 255, scalp=z["scalp"].astype(np.float32) / 254,
        openness=z["occlusion"].astype(np.float32) / 127, action=action,
        turns=np.stack([normals(mean + d, triangles) - straight for d in action]).astype(np.float32),
        identity=identity, identity_place={name: k for k, name in enumerate(names)},
        eye_centre=z["eye_centre"], eye_radius=float(z["eye_radius"]), eye_shift=z["eye_shift"], eye_grow=z["eye_grow"],
        lids=z["lids"], lips_upper=z["lips_upper"], lips_lower=z["lips_lower"],
    )  # fmt: skip


class Shaped(Protocol):
    """An object that names identity targets and their weights, as a `Look` does."""

    @property
    def shape(self) -> tuple[tuple[str, float], ...]: ...


class Person:
    """The resting head of one look, or of another shape, with the landmarks that move."""

    def __init__(self, look: Shaped, asset: Asset | None = None) -> None:
        """`asset` is the bundled bake unless something was added to it."""
        asset = load_asset() if asset is None else asset
        self.asset = asset
        rows = np.array([asset.identity_place[name] for name, _ in look.shape])
        share = np.array([value for _, value in look.shape], np.float32)
        used = asset.identity[rows].reshape(len(rows), -1)
        self.points: Float[np.ndarray, "n 3"] = asset.points + (share @ used).reshape(-1, 3)
        self.eyes = asset.eye_centre + np.tensordot(share, asset.eye_shift[rows], 1)
        self.eye_radius = asset.eye_radius + float(share @ asset.eye_grow[rows])
        move = asset.eye_centre.mean(0) - self.eyes.mean(0)  # all people's eyes at one place: tall ones stand higher
        self.points, self.eyes = (self.points + move).astype(np.float32), self.eyes + move
        self._seal()
        self.normals = normals(self.points, asset.triangles)
        self.blink = self._blink()
        self.between_eyes = float(np.linalg.norm(self.eyes[0] - self.eyes[1]))

    def _seal(self) -> None:
        """Closes lips that an identity leaves ajar: each lip moves half of the gap, fading out away from the seam."""
        asset = self.asset
        body = asset.kind == 0
        for _ in range(2):
            upper = self.points[asset.lips_upper][..., 1].min(1)
            lower = self.points[asset.lips_lower][..., 1].max(1)
            gap = np.interp(self.points[:, 0], (-0.09, 0.0, 0.09), (upper - lower)[[1, 0, 2]])
            seam = np.interp(self.points[:, 0], (-0.09, 0.0, 0.09), ((upper + lower) / 2)[[1, 0, 2]])
            above = asset.points[:, 1] > 6.607
            fade = np.exp(-(((self.points[:, 1] - seam) / 0.13) ** 2)) * body
            fade *= np.clip((self.points[:, 2] - 1.2) / 0.2, 0, 1) * np.clip(
                (0.45 - np.abs(self.points[:, 0])) / 0.2, 0, 1
            )
            self.points[:, 1] -= (np.where(above, 0.5, -0.5) * np.maximum(gap + 0.004, 0) * fade).astype(np.float32)

    def _blink(self) -> tuple[float, float]:
        """The weight at which each eye's blink just shuts it: small eyes need less than the shape's full travel."""
        lids, action = self.points[self.asset.lids, 1], self.asset.action[:, self.asset.lids, 1]
        left, right = (
            (lids[k] - lids[k + 1]) / max(action[INDEX[name], k + 1] - action[INDEX[name], k], 1e-3)
            for k, name in ((0, "eyeBlinkLeft"), (2, "eyeBlinkRight"))
        )
        return float(np.clip(left * 1.04, 0.4, 1)), float(np.clip(right * 1.04, 0.4, 1))

    def fitted(self, weights: Weights) -> Weights:
        """Weights as this person's face takes them: a blink of 1 shuts the eyes, no more and no less."""
        fitted = weights.copy()
        fitted[:, INDEX["eyeBlinkLeft"]] *= self.blink[0]
        fitted[:, INDEX["eyeBlinkRight"]] *= self.blink[1]
        return fitted

    def unfitted(self, weights: Weights) -> Weights:
        """The weights that `fitted` turns into these."""
        unfitted = weights.copy()
        unfitted[:, INDEX["eyeBlinkLeft"]] /= self.blink[0]
        unfitted[:, INDEX["eyeBlinkRight"]] /= self.blink[1]
        return unfitted

    def places(self, vertices: Int[np.ndarray, "*s"], weights: Weights) -> Float[np.ndarray, "t *s 3"]:
        """Where some vertices are, in rest space, under each row of weights."""
        moved = np.tensordot(weights, self.asset.action[:, vertices], 1)
        return self.points[vertices][None] + moved

    def lip_gap(self, weights: Weights) -> Float[np.ndarray, "t"]:
        """Height of the slit between the lips, decimetres: mean of midline and the two pairs beside it."""
        upper = self.places(self.asset.lips_upper, weights)[..., 1].min(-1)
        lower = self.places(self.asset.lips_lower, weights)[..., 1].max(-1)
        return np.maximum(upper - lower, 0).mean(1).astype(np.float32)

    def mouth(self, weights: Weights) -> Float[np.ndarray, "t 3"]:
        both = np.stack([self.asset.lips_upper[:, 0], self.asset.lips_lower[:, 0]])
        return self.places(both, weights).mean((1, 2))

    def lid_heights(self, weights: Weights) -> Float[np.ndarray, "t 4"]:
        """Lids above the eye's centre, in eye radii: left upper, left lower, right upper, right lower."""
        height = self.places(self.asset.lids, weights)[..., 1]
        return (height - np.repeat(self.eyes[:, 1], 2)) / self.eye_radius


def gaze(weights: Weights) -> Float[np.ndarray, "t 4"]:
    """Turn of the eyes, radians: yaw, pitch of the left, then of the right; +yaw to the person's left, +pitch down."""
    w = {name: weights[:, place] for name, place in INDEX.items() if name.startswith("eyeLook")}
    side, up, down = _GAZE
    return np.stack(
        [
            side * (w["eyeLookOutLeft"] - w["eyeLookInLeft"]),
            down * w["eyeLookDownLeft"] - up * w["eyeLookUpLeft"],
            side * (w["eyeLookInRight"] - w["eyeLookOutRight"]),
            down * w["eyeLookDownRight"] - up * w["eyeLookUpRight"],
        ],
        1,
    )
