"""A small convolutional network that reads a face: where it looks, how far its mouth is open, what is wrong with it.

Runs in numpy on a square cut around a face that has been found. How it was trained: docs/input_checks.md. Does not
know: pictures of which this is a part, or what is too much of anything.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

WEIGHTS = Path(__file__).parents[2] / "assets" / "checks" / "face.npz"
SIDE = 128  # pixels of the square
STRIDES = (2, 2, 2, 1, 2, 1)
# What the network gives, in units that training made alike.
EYES, ANGLES, GAP, BLUR, DARK, COVERED, DRAWING, FACE = slice(0, 4), slice(4, 6), 6, 7, 8, 9, 10, 11
REACH, DEGREES, GAPS, BLURS, STOPS = 0.25, 20.0, 0.2, 0.25, 2.0
MIRRORED = (2, 3, 0, 1, 4, 5, 6, 7, 8, 9, 10, 11)  # places of the outputs for the picture mirrored left to right


@dataclass(frozen=True)
class FaceReading:
    """What the network sees. Lengths of lips and blur in distances between the eyes."""

    eyes: Float[np.ndarray, "2 2"]  # x, y; left in the picture first; shares of the square, 0 its middle
    yaw: float  # degrees, + to the picture's right
    pitch: float  # degrees, + down
    lip_gap: float
    blur: float  # standard deviation of a Gaussian that would blur as much
    darkness: float  # stops of light that are missing
    covered: float  # log odds
    drawing: float  # log odds
    face: float  # log odds that there is one, upright and as large as it should be: finders err


def read_face(square: UInt8[np.ndarray, "128 128 3"]) -> FaceReading:
    """The mean of what is seen in the square and in its mirror image."""
    plain = np.stack([square, square[:, ::-1]]).astype(np.float32) / 127.5 - 1
    given, mirrored = _network(plain)
    mirrored = mirrored[list(MIRRORED)]
    mirrored[[0, 2, 4]] *= -1
    found = (given + mirrored) / 2
    return FaceReading(
        eyes=found[EYES].reshape(2, 2) * REACH,
        yaw=float(found[ANGLES][0] * DEGREES),
        pitch=float(found[ANGLES][1] * DEGREES),
        lip_gap=float(found[GAP] * GAPS),
        blur=float((max(found[BLUR], 0) * BLURS) ** 2),
        darkness=float(found[DARK] * STOPS),
        covered=float(found[COVERED]),
        drawing=float(found[DRAWING]),
        face=float(found[FACE]),
    )


def _network(x: Float[np.ndarray, "n 128 128 3"]) -> Float[np.ndarray, "n 12"]:
    weights = _weights()
    for place, stride in enumerate(STRIDES):
        x = _convolved(x, weights[f"conv{place}.weight"], weights[f"conv{place}.bias"], stride)
    x = np.maximum(x @ weights["mix.weight"] + weights["mix.bias"], 0)
    return x.reshape(len(x), -1) @ weights["head.weight"] + weights["head.bias"]


def _convolved(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int) -> Float[np.ndarray, "n h w c"]:
    """A convolution of 3 x 3 with padding, and ReLU: one matrix product of all its windows."""
    x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2))[:, ::stride, ::stride]  # n h w c 3 3
    n, h, w = windows.shape[:3]
    return np.maximum(windows.reshape(n * h * w, -1) @ weight + bias, 0).reshape(n, h, w, -1)


@cache
def _weights() -> dict[str, np.ndarray]:
    with np.load(WEIGHTS) as file:
        return {name: file[name].astype(np.float32) for name in file.files if name != "about"}
