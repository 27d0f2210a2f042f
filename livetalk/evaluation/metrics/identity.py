"""Identity: the distance of a face's dlib descriptors from the portrait's.

dlib calls two pictures the same person below a distance of 0.6; rendered heads keep .2 to .4 over their expressions.
Uses the 5-point predictor only (the common 68-point file was trained on data for research use). Knows frames; needs
the `eval` extra.
"""

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

SAME_PERSON = 0.6  # dlib's threshold on the distance


@dataclass(frozen=True)
class Identity:
    """How near the frames of a video stay to its portrait."""

    mean: float  # distance, over the frames with a face; NaN if there is none
    worst: float  # 95th percentile of the distance
    drift: float  # mean distance of the last quarter minus that of the first
    missing: float  # share of looked-at frames without a face


def describe(frames: UInt8[np.ndarray, "t h w 3"]) -> Float[np.ndarray, "t 128"]:
    """dlib's ResNet descriptor of the largest face of each frame; a row of NaN where there is none."""
    detector, points, network = _models()
    rows = np.full((len(frames), 128), np.nan)
    for i, frame in enumerate(np.ascontiguousarray(frames)):
        faces = detector(frame, 0) or detector(frame, 1)  # small faces are found in the doubled picture
        if faces:
            largest = max(faces, key=lambda box: box.area())
            rows[i] = np.array(network.compute_face_descriptor(frame, points(frame, largest)))
    return rows


def aligned(frames: UInt8[np.ndarray, "t h w 3"], size: int = 160) -> list[UInt8[np.ndarray, "size size 3"] | None]:
    """The largest face of each frame, upright and of one size; None where there is none."""
    import dlib

    detector, points, _ = _models()
    found: list[UInt8[np.ndarray, "size size 3"] | None] = []
    for frame in np.ascontiguousarray(frames):
        faces = detector(frame, 0) or detector(frame, 1)
        largest = max(faces, key=lambda box: box.area(), default=None)
        found.append(None if largest is None else dlib.get_face_chip(frame, points(frame, largest), size, 0.25))
    return found


def distances(descriptors: Float[np.ndarray, "t 128"], portrait: Float[np.ndarray, " 128"]) -> Float[np.ndarray, " t"]:
    """Euclidean distance of each descriptor from the portrait's (NaN where either is)."""
    return np.linalg.norm(descriptors - portrait, axis=1)


def summarise(distance: Float[np.ndarray, " t"]) -> Identity:
    """Sum up the distances of one video's frames, in their order."""
    found = distance[np.isfinite(distance)]
    missing = 1.0 - len(found) / max(1, len(distance))
    if not len(found):
        return Identity(float("nan"), float("nan"), float("nan"), missing)
    quarter = max(1, len(found) // 4)
    drift = float(found[-quarter:].mean() - found[:quarter].mean())
    return Identity(float(found.mean()), float(np.percentile(found, 95)), drift, missing)


def identity(frames: UInt8[np.ndarray, "t h w 3"], portrait: UInt8[np.ndarray, "h w 3"], every: int = 8) -> Identity:
    """Compare every `every`-th frame (the descriptor takes a tenth of a second) with the portrait.

    Raises ValueError if no face is found in the portrait.
    """
    reference = describe(portrait[None])[0]
    if not np.isfinite(reference).all():
        raise ValueError("no face was found in the portrait: choose one that looks into the camera")
    return summarise(distances(describe(frames[::every]), reference))


@cache
def _models() -> tuple[Any, Any, Any]:
    import dlib

    spec = importlib.util.find_spec("face_recognition_models")  # located only: its own code needs setuptools
    if spec is None or not spec.submodule_search_locations:
        raise ValueError("identity is measured with dlib's face network: pip install 'livetalk[eval]'")
    folder = Path(spec.submodule_search_locations[0]) / "models"
    return (
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat")),
        dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat")),
    )
