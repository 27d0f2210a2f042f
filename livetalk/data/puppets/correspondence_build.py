"""Builder of the bundled correspondence table: runs MediaPipe on rendered people whose mesh is known.

Run once, when the baked head or the landmarker changes: `python -m livetalk.data.puppets.correspondence_build`. It
takes a minute, and needs the extras `data` and `eval`.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from livetalk.data.arkit import INDEX
from livetalk.data.heads.look import sample_look
from livetalk.data.heads.mesh import load_asset
from livetalk.data.heads.occlusion import normals
from livetalk.data.heads.renderer import HeadRenderer
from livetalk.data.puppets.correspondence import (
    LANDMARKS,
    LID_RINGS,
    LOWER_LIP,
    UPPER_LIP,
    average_person,
    open_head,
)
from livetalk.data.puppets.surface import Triangles, borders, cast, nearest
from livetalk.media.landmarker import FaceLandmarker

PEOPLE = 40
SIZE = 512
# Half open: lips and lids lie apart, and MediaPipe still reads a face of every day.
AJAR = {"jawOpen": 0.4, "mouthUpperUpLeft": 0.3, "mouthUpperUpRight": 0.3, "mouthLowerDownLeft": 0.3,
        "mouthLowerDownRight": 0.3, "eyeWideLeft": 0.3, "eyeWideRight": 0.3}  # fmt: skip
TURNS = (0.0, 0.1, -0.1)  # yaw, radians, person by person: landmarks of the outline are seen from both sides
POCKET = (1.28, -0.4)  # skin within so many eye radii that faces the eyeball lies behind the lids
MOUTH_DEPTH, MOUTH_TOP = 0.9, 6.76  # where the inside of the mouth ends, decimetres


def parts() -> tuple[Triangles, Triangles]:
    """Triangles of the outer skin, which ends at lids and lips, and of the mouth's inside."""
    asset, person = load_asset(), average_person()
    body, points = asset.kind == 0, person.points
    straight = normals(points, asset.triangles)
    pocket = np.zeros(len(points), bool)
    for eye in person.eyes:
        away = points - eye
        distance = np.linalg.norm(away, axis=1)
        pocket |= (distance < POCKET[0] * person.eye_radius) & ((away * straight).sum(1) < POCKET[1] * distance)
    inside = body & (asset.columns[:, 1] > 0.5) & (points[:, 2] > MOUTH_DEPTH) & (asset.points[:, 1] < MOUTH_TOP)
    triangles = asset.triangles[body[asset.triangles].all(1)]
    hidden, within = pocket[triangles].any(1), inside[triangles].any(1)
    return triangles[~hidden & ~within], triangles[within]


def sightings(skin: Triangles) -> list[list[np.ndarray]]:
    """Where each landmark fell on rendered people, as places on the open average head: one list a landmark."""
    reference, asset = open_head(), load_asset()
    weights, pose = np.zeros((2, 52), np.float32), np.zeros((2, 6), np.float32)
    for name, value in AJAR.items():
        weights[1, INDEX[name]] = value
    found: list[list[np.ndarray]] = [[] for _ in range(LANDMARKS)]
    renderer = HeadRenderer(SIZE)
    with FaceLandmarker() as landmarker:
        for seed in range(PEOPLE):
            renderer.dress(sample_look(seed))
            pose[:, 0] = TURNS[seed % len(TURNS)]
            for frame, row in zip(renderer.render(weights, pose), weights, strict=True):
                faces = landmarker.detect(frame)
                if not faces or renderer.person is None:
                    continue
                points = renderer.person.points + np.tensordot(row, asset.action, 1)
                flat, depth = renderer.seen(points, pose[:1])
                visible = skin[_towards(flat, skin)]
                hit, shares = cast(flat, depth, visible, faces[0].points[:LANDMARKS])
                for k in np.flatnonzero(hit >= 0):
                    found[k].append(shares[k] @ reference[visible[hit[k]]])
    renderer.close()
    return found


def _towards(flat: Float[np.ndarray, "n 2"], triangles: Triangles) -> np.ndarray:
    """Which triangles face the camera: those that run counter-clockwise where y points up."""
    a, b, c = (flat[triangles[:, k]] for k in range(3))
    return (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) < 0


class CorrespondenceBuilder:
    """The correspondence while it is made: each landmark is laid on the surface, then contours on their rims."""

    def __init__(self, skin: Triangles, found: list[list[np.ndarray]]) -> None:
        self.reference = open_head()
        self.vertices = np.zeros((478, 3), np.int64)
        self.share, self.spread = np.zeros((478, 3)), np.full(478, np.nan)
        seen = [k for k in range(LANDMARKS) if found[k]]
        middle = np.array([np.median(found[k], axis=0) for k in seen])
        self.vertices[seen], self.share[seen] = nearest(self.reference, skin, middle)
        for k, centre in zip(seen, middle, strict=True):
            self.spread[k] = np.median(np.linalg.norm(np.array(found[k]) - centre, axis=1))

    def lay_on(self, rim: Int[np.ndarray, "r"], landmarks: tuple[int, ...]) -> None:
        """Lays landmarks on a rim, which is in order of x, each at the x where it lies already."""
        x = self.reference[rim, 0]
        for k in landmarks:
            here = float(self.share[k] @ self.reference[self.vertices[k], 0])
            right = int(np.clip(np.searchsorted(x, here), 1, len(rim) - 1))
            share = float(np.clip((here - x[right - 1]) / (x[right] - x[right - 1] + 1e-9), 0, 1))
            self.vertices[k] = (rim[right - 1], rim[right], rim[right])
            self.share[k] = (1 - share, share, 0)


def upper_and_lower(ring: Int[np.ndarray, "r"], points: Float[np.ndarray, "n 3"]) -> tuple[np.ndarray, np.ndarray]:
    """The two edges of a slit, parted at its corners, each in order of x."""
    first, last = sorted((int(points[ring, 0].argmin()), int(points[ring, 0].argmax())))
    one, other = ring[first : last + 1], np.concatenate([ring[last:], ring[: first + 1]])
    edges = sorted((one, other), key=lambda edge: -points[edge, 1].mean())
    upper, lower = (edge[np.argsort(points[edge, 0])] for edge in edges)
    return upper, lower


def build(path: Path) -> CorrespondenceBuilder:
    """Writes the table."""
    skin, cavity = parts()
    table = CorrespondenceBuilder(skin, sightings(skin))
    person, reference = average_person(), table.reference
    rings = borders(skin)
    middle = np.array([person.points[ring].mean(0) for ring in rings])
    contours: dict[str, np.ndarray] = {}
    for side, eye, landmarks in zip(("left", "right"), person.eyes, LID_RINGS, strict=True):
        ring = rings[int(np.linalg.norm(middle - eye - (0, 0, person.eye_radius), axis=1).argmin())]
        upper, lower = upper_and_lower(ring, reference)
        table.lay_on(upper, landmarks[1:8])
        table.lay_on(lower, landmarks[9:])
        ends = upper[[0, -1]] if side == "right" else upper[[-1, 0]]  # outer, inner
        for k, vertex in zip((landmarks[0], landmarks[8]), ends, strict=True):
            table.vertices[k], table.share[k] = vertex, (1, 0, 0)
        contours |= {f"upper_lid_{side}": upper, f"lower_lid_{side}": lower}
    lips = rings[int(np.linalg.norm(middle - person.mouth(np.zeros((1, 52), np.float32))[0], axis=1).argmin())]
    upper, lower = upper_and_lower(lips, reference)
    table.lay_on(upper, UPPER_LIP[1:-1])
    table.lay_on(lower, LOWER_LIP[1:-1])
    contours |= {"upper_lip": upper, "lower_lip": lower}
    whole = {"vertices": table.vertices, "skin": skin, "cavity": cavity, **contours}
    np.savez_compressed(
        path,
        share=table.share.astype(np.float32),
        spread=table.spread.astype(np.float32),
        **{name: field.astype(np.int16) for name, field in whole.items()},
    )
    return table


if __name__ == "__main__":
    build(Path(__file__).parent / "assets" / "correspondence.npz")
