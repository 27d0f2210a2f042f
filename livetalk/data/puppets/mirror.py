"""Mirroring of weights and poses: left and right change places."""

import numpy as np
from jaxtyping import Float

from livetalk.data.arkit import ARKIT, INDEX

_SWAPPED = np.array([
    INDEX[name.replace("Left", "?").replace("Right", "Left").replace("?", "Right")] for name in ARKIT
])  # fmt: skip
_TURNED = np.array([-1.0, 1.0, -1.0, -1.0, 1.0, 1.0])


def mirrored_weights(weights: Float[np.ndarray, "*t 52"]) -> Float[np.ndarray, "*t 52"]:
    return weights[..., _SWAPPED]


def mirrored_pose(pose: Float[np.ndarray, "*t 6"]) -> Float[np.ndarray, "*t 6"]:
    return pose * _TURNED
