"""Faces kept in a file, so that they are rendered and fitted once however often examples are made of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from livetalk.recipes.input_checks.faces import TrainingFace


def keep_faces(path: Path, faces: Sequence[TrainingFace]) -> None:
    """Writes them; a file that is there is whole."""
    half = path.with_suffix(".part")
    with half.open("wb") as file:
        np.savez(
            file,
            pixels=np.concatenate([face.picture.reshape(-1) for face in faces]),
            shapes=np.array([face.picture.shape for face in faces]),
            places=np.stack([np.concatenate([face.eyes, face.mouth[None]]) for face in faces]),
            measures=np.array([(face.yaw, face.pitch, face.lip_gap) for face in faces]),
        )
    half.replace(path)


def kept_faces(path: Path) -> list[TrainingFace]:
    """Reads them."""
    with np.load(path) as file:
        shapes, places, measures = file["shapes"], file["places"], file["measures"]
        pieces = np.split(file["pixels"], np.cumsum(shapes.prod(1))[:-1])
    return [
        TrainingFace(piece.reshape(shape), place[:2], place[2], *(float(value) for value in row))
        for piece, shape, place, row in zip(pieces, shapes, places, measures, strict=True)
    ]
