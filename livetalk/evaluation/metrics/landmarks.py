"""Faces measured in frames: lip gap, mouth width, head pose, blinks, blendshapes (MediaPipe's face landmarker).

Lengths are divided by the inter-ocular distance, so neither size nor distance of the face matters. Mouths are measured
by the geometry of the lips: on rendered heads it follows the known opening better (r .89) than the model's own jawOpen
score (r .67). Knows frames, not models or clips; needs the `eval` extra and the landmarker's task file.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8

from livetalk.media.landmarker import DetectedFace, FaceLandmarker

# Indices into MediaPipe's 478 points.
LIPS = ((13, 14), (82, 87), (312, 317))  # inner lips, upper and lower: middle and both sides of it
CORNERS = (61, 291)
EYES = ((33, 133), (362, 263))  # outer and inner corner: the eye left in the picture, then the right one

BLENDSHAPES, POINTS = 52, 478


@dataclass(frozen=True)
class FaceTrack:
    """One value per frame, NaN where no face was found. Lengths in inter-ocular distances, angles in radians."""

    gap: Float[np.ndarray, " t"]  # inner lips, 0 closed
    width: Float[np.ndarray, " t"]  # mouth corner to corner
    pose: Float[np.ndarray, "t 3"]  # yaw (+ to the picture's right), pitch (+ down), roll (+ clockwise)
    blink: Float[np.ndarray, " t"]  # mean of both eyes, 0 open .. 1 shut
    mouth: Float[np.ndarray, "t 2"]  # centre of the lips, pixels (x, y)
    eyes: Float[np.ndarray, "t 2 2"]  # centres, left in the picture first, pixels (x, y)
    blendshapes: Float[np.ndarray, "t 52"]  # in the order of `names`, 0..1
    names: tuple[str, ...]  # of the blendshapes; empty if no face was ever found

    @property
    def found(self) -> Bool[np.ndarray, " t"]:
        return np.isfinite(self.gap)

    @property
    def missing(self) -> float:
        """Share of frames without a face."""
        return float(1.0 - self.found.mean())

    @property
    def blinks(self) -> int:
        """Times the eyes shut (score rising through 0.4)."""
        shut = np.nan_to_num(self.blink) > 0.4
        return int((shut[1:] & ~shut[:-1]).sum())


def inter_ocular(points: Float[np.ndarray, "p 2"]) -> float:
    """Distance between the middles of the two eyes, pixels."""
    left, right = (points[list(pair)].mean(axis=0) for pair in EYES)
    return float(np.linalg.norm(left - right))


def lip_gap(points: Float[np.ndarray, "p 2"]) -> float:
    """Mean distance of the inner lips at three places, over the inter-ocular distance."""
    gaps = [np.linalg.norm(points[upper] - points[lower]) for upper, lower in LIPS]
    return float(np.array(gaps).mean()) / inter_ocular(points)


def mouth_width(points: Float[np.ndarray, "p 2"]) -> float:
    """Distance of the mouth's corners over the inter-ocular distance."""
    left, right = points[list(CORNERS)]
    return float(np.linalg.norm(left - right)) / inter_ocular(points)


def track(frames: UInt8[np.ndarray, "t h w 3"]) -> FaceTrack:
    """Measure the one face of each frame (frames are looked at one by one, so no measure leaks over time)."""
    return track_mesh(frames)[0]


def track_mesh(frames: UInt8[np.ndarray, "t h w 3"]) -> tuple[FaceTrack, Float[np.ndarray, "t 478 2"]]:
    """`track`, and the landmarks themselves in pixels (x, y), NaN where no face was found."""
    with FaceLandmarker() as landmarker:
        found = [next(iter(landmarker.detect(frame)), None) for frame in frames]
    nowhere = np.full((POINTS, 2), np.nan)
    return _collect(found), np.array([nowhere if face is None else face.points for face in found])


def _collect(found: Sequence[DetectedFace | None]) -> FaceTrack:
    t = len(found)
    gap, wide, blink = (np.full(t, np.nan) for _ in range(3))
    pose, mouth = np.full((t, 3), np.nan), np.full((t, 2), np.nan)
    eyes, shapes = np.full((t, 2, 2), np.nan), np.full((t, BLENDSHAPES), np.nan)
    names: tuple[str, ...] = ()
    for i, face in enumerate(found):
        if face is None:
            continue
        points, names = face.points, tuple(face.scores)
        gap[i], wide[i] = lip_gap(points), mouth_width(points)
        mouth[i] = points[[index for pair in LIPS for index in pair]].mean(axis=0)
        eyes[i] = [points[list(pair)].mean(axis=0) for pair in EYES]
        pose[i] = face.angles
        shapes[i] = list(face.scores.values())
        blink[i] = shapes[i, [names.index("eyeBlinkLeft"), names.index("eyeBlinkRight")]].mean()
    return FaceTrack(gap, wide, pose, blink, mouth, eyes, shapes, names)
