"""Embeddings of faces by a network of ArcFace's kind, from an ONNX or TorchScript file that the user brings.

A face is turned and scaled so that eyes, nose and mouth corners lie where such networks learnt them, in 112 x 112
pixels (the template of Deng et al. 2019, arXiv:1801.07698, as InsightFace publishes it), RGB, (x - 127.5) / 127.5. The
five points come from MediaPipe's landmarks, not from the RetinaFace detector of the usual script: cosines differ by a
little from its. Knows frames; not whose network it is.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, Float32, UInt8

from livetalk.evaluation.fidelity.views import Frames
from livetalk.evaluation.fidelity.weight_files import load_script
from livetalk.evaluation.metrics.landmarks import CORNERS, EYES
from livetalk.media.landmarker import FaceLandmarker

SIDE = 112
TEMPLATE = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
)
"""Eyes, nose tip and mouth corners, left in the picture first."""
NOSE = 1  # among MediaPipe's landmarks

Chip = UInt8[np.ndarray, "112 112 3"]
Network = Callable[[Float32[np.ndarray, "1 3 112 112"]], Float32[np.ndarray, "1 d"]]


class _Input(Protocol):
    name: str


class _Session(Protocol):
    """An onnxruntime session, as far as it is used."""

    def get_inputs(self) -> list["_Input"]: ...

    def run(self, outputs: None, feeds: dict[str, np.ndarray]) -> list[np.ndarray]: ...


def load_arcface(path: Path, device: str = "cpu") -> Callable[[Frames], Float[np.ndarray, "t d"]]:
    """Embeddings of frames (NaN where there is no face) by the network of a file.

    Raises ValueError, with what to do, for a file that is not one of faces of 112 x 112 pixels.
    """
    network = _onnx(path) if path.suffix == ".onnx" else _scripted(path, device)
    try:
        width = network(np.zeros((1, 3, SIDE, SIDE), np.float32)).shape
    except Exception as error:  # each runtime has its own
        said = str(error).strip().splitlines()[-1]
        raise ValueError(f"{path} takes no face of {SIDE} x {SIDE} ({said}): give an ArcFace network") from error
    if len(width) != 2 or width[0] != 1:
        raise ValueError(f"{path} gives {list(width)} for a face instead of one row: give an ArcFace network")

    def embed(frames: Frames) -> Float[np.ndarray, "t d"]:
        rows = np.full((len(frames), width[1]), np.nan)
        with FaceLandmarker() as landmarker:
            for place, frame in enumerate(frames):
                for face in landmarker.detect(frame)[:1]:
                    chip = aligned_chip(frame, five_points(face.points))
                    planes = rearrange((chip.astype(np.float32) - 127.5) / 127.5, "h w c -> 1 c h w")
                    rows[place] = network(np.ascontiguousarray(planes))[0]
        return rows

    return embed


def five_points(points: Float[np.ndarray, "478 2"]) -> Float[np.ndarray, "5 2"]:
    """Middles of the eyes, nose tip and mouth corners."""
    eyes = [points[list(pair)].mean(axis=0) for pair in EYES]
    return np.array([*eyes, points[NOSE], *points[list(CORNERS)]])


def aligned_chip(frame: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "5 2"]) -> Chip:
    """The face, moved, turned and scaled so that its points come nearest to the template's."""
    import cv2

    return np.asarray(cv2.warpAffine(frame, similarity_onto(points, TEMPLATE), (SIDE, SIDE)), np.uint8)


def similarity_onto(points: Float[np.ndarray, "n 2"], target: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "2 3"]:
    """The similarity (rotation, scale, shift) that brings points nearest to others: least squares, in closed form."""
    here, there = points.mean(axis=0), target.mean(axis=0)
    one, other = points - here, target - there
    size = float(np.square(one).sum())
    along = float((one * other).sum()) / size
    across = float((one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]).sum()) / size
    turn = np.array([[along, -across], [across, along]])
    return np.concatenate([turn, (there - turn @ here)[:, None]], axis=1)


def _onnx(path: Path) -> Network:
    try:
        import onnxruntime
    except ImportError as error:
        raise ValueError("ONNX files are run by onnxruntime: pip install 'livetalk[data]'") from error
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common type
        raise ValueError(f"{path} is no ONNX file that can be read: give an ArcFace network") from error
    known = cast("_Session", session)
    name = known.get_inputs()[0].name
    return lambda planes: known.run(None, {name: planes})[0]


def _scripted(path: Path, device: str) -> Network:
    script = load_script(path, device, "an ArcFace network as ONNX or TorchScript")

    def run(planes: Float32[np.ndarray, "1 3 112 112"]) -> Float32[np.ndarray, "1 d"]:
        with torch.inference_mode():
            return script(torch.from_numpy(planes).to(device)).float().cpu().numpy()

    return run
