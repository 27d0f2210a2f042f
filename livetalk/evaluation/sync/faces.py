"""Faces of a clip, for both measures of lip sync: boxes, and where eyes and mouth are (MediaPipe's face landmarker).

SyncNet's authors find faces with S3FD, and so does this where its weights are given; without them a box is the hull of
MediaPipe's landmarks, from the forehead to the chin as S3FD's boxes are. Needs the `eval` extra.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from livetalk.evaluation.metrics.landmarks import track_mesh
from livetalk.evaluation.sync.expert.mouths import FacePlaces
from livetalk.evaluation.sync.s3fd.finder import find_boxes
from livetalk.evaluation.sync.s3fd.network import load_s3fd
from livetalk.evaluation.sync.tracks import Boxes

BoxFinder = Callable[[UInt8[np.ndarray, "t h w 3"]], list[Boxes]]  # the faces of each frame, the surest first


@dataclass(frozen=True)
class ClipFaces:
    """The clearest face of each frame, NaN where none was found."""

    boxes: Float[np.ndarray, "t 4"]  # x0, y0, x1, y1, pixels
    places: FacePlaces

    def by_frame(self) -> list[Boxes]:
        """Of each frame one box or none, as finders give them."""
        return [box[None] if np.isfinite(box[0]) else box[None][:0] for box in self.boxes]


def find_faces(frames: UInt8[np.ndarray, "t h w 3"], every: int = 1) -> ClipFaces:
    """Look at frames one by one; of `every` frames at the first, which then stands for all of them.

    Raises ValueError without MediaPipe or its weights.
    """
    found, mesh = track_mesh(frames[::every])
    looked = np.arange(len(frames)) // every
    boxes = np.concatenate([mesh.min(1), mesh.max(1)], axis=1)
    return ClipFaces(boxes[looked], FacePlaces(found.eyes[looked], found.mouth[looked]))


def box_finder(s3fd: Path | None) -> BoxFinder:
    """MediaPipe, or S3FD where its weights are given. Raises ValueError for weights that do not fit."""
    if s3fd is None:
        return lambda frames: find_faces(frames).by_frame()
    network = load_s3fd(s3fd)
    return lambda frames: [find_boxes(network, frame) for frame in frames]
