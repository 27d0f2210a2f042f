"""Motion: how far a head turns and a face moves, as ranges that can be held against those of another acting.

The range of a clip is that from the 5th to the 95th percentile of its frames, so single misread frames do not count.
Knows measured tracks only.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from livetalk.evaluation.metrics.landmarks import FaceTrack

# Ranges below which nobody sees a movement, added to both sides of a share: radians, then scores of blendshapes.
FLOORS = {"yaw": 0.0175, "pitch": 0.0175, "smile": 0.05, "jaw": 0.05}
_SHAPES = {"smile": ("mouthSmileLeft", "mouthSmileRight"), "jaw": ("jawOpen",)}

Ranges = Mapping[str, float]


def ranges(track: FaceTrack) -> dict[str, float]:
    """Range of yaw, pitch, smile and jaw over the frames with a face; 0 without one."""
    curves = {"yaw": track.pose[:, 0], "pitch": track.pose[:, 1]}
    for name, shapes in _SHAPES.items():
        curves[name] = track.blendshapes[:, [track.names.index(one) for one in shapes if track.names]].mean(axis=1)
    return {name: _range(curve) for name, curve in curves.items()}


def shares(made: Sequence[Ranges], true: Sequence[Ranges]) -> dict[str, float]:
    """Mean range of some clips over the truth's, by channel: 1 is the truth's, below it too little moves."""

    def mean(clips: Sequence[Ranges], name: str) -> float:
        return float(np.mean([clip[name] for clip in clips]))

    return {name: (mean(made, name) + floor) / (mean(true, name) + floor) for name, floor in FLOORS.items()}


def farthest(values: Sequence[float]) -> float:
    """The share that is farthest from 1, half being as far as double; NaN without any, or if one is NaN."""
    found = np.array(values, float)
    if not len(found) or not np.isfinite(found).all():
        return float("nan")
    return float(found[np.argmax(np.abs(np.log(np.maximum(found, 1e-6))))])


def _range(curve: Float[np.ndarray, " t"]) -> float:
    found = curve[np.isfinite(curve)]
    return float(np.ptp(np.percentile(found, [5, 95]))) if len(found) else 0.0
