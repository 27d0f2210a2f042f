"""Finder of faces by S3FD, as the SyncNet scripts call it: pictures at a quarter of their size, sure faces only.

Means, scale and thresholds are syncnet_python's (`run_pipeline.py`, `detectors/s3fd`). Knows pictures and boxes.
"""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from livetalk.evaluation.sync.s3fd.boxes import decoded, prior_boxes, suppressed
from livetalk.evaluation.sync.s3fd.network import LEAST_SIDE, STRIDES, FaceGrid, S3fd
from livetalk.evaluation.sync.tracks import Boxes

SCALE = 0.25  # of the frame's sides, at which the network sees it
MEANS = 123.0, 117.0, 104.0  # of red, green and blue
SURE = 0.9  # probability that a face is above
OVERLAPS = 0.3, 0.1  # most overlap of two faces: what the network's output is thinned by, then its callers


@torch.inference_mode()
def find_boxes(network: S3fd, frame: UInt8[np.ndarray, "h w 3"]) -> Boxes:
    """The faces of a frame, the surest first. Raises ValueError for a frame that is too small to look at."""
    import cv2

    seen = cv2.resize(frame, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_LINEAR)
    if min(seen.shape[:2]) < LEAST_SIDE:
        size = f"{frame.shape[1]} x {frame.shape[0]}"
        raise ValueError(
            f"S3FD cannot look at frames of {size} pixels: give videos of {LEAST_SIDE / SCALE:g} pixels a side or more"
        )
    boxes = _sure_boxes(network(_pictures(seen)))
    for most in OVERLAPS:
        boxes = suppressed(boxes, most)
    return boxes * np.tile(np.array(frame.shape[1::-1]) / np.array(seen.shape[1::-1]), 2)


def _pictures(seen: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "1 3 h w"]:
    return torch.from_numpy(seen - np.array(MEANS, np.float32)).permute(2, 0, 1)[None]


def _sure_boxes(grids: list[FaceGrid]) -> Boxes:
    """In pixels of the picture that the network saw, the surest first."""
    found, sure = list[np.ndarray](), list[np.ndarray]()
    for grid, stride in zip(grids, STRIDES, strict=True):
        height, width = grid.faces.shape[1:]
        faces = grid.faces[0].numpy().ravel()
        offsets = grid.offsets[0].flatten(1).T.double().numpy()
        places = faces > SURE
        found.append(decoded(offsets[places], prior_boxes(height, width, stride)[places]))
        sure.append(faces[places])
    order = np.argsort(-np.concatenate(sure), kind="stable")
    return np.concatenate(found)[order]
