"""Rendered heads in place of photographs: their pose and weights are known, and nobody real is in the tests."""

from dataclasses import dataclass

import numpy as np
import pytest

from livetalk.data.arkit import INDEX
from livetalk.data.heads.look import sample_look
from livetalk.data.puppets.posed import rotation_of
from livetalk.media import landmarker

SEEDS = (900_000_003, 900_000_000, 900_000_006)


@dataclass(frozen=True)
class Shown:
    """One rendered picture and its truth; `angles` are told from the camera, as a fit tells them."""

    picture: np.ndarray
    weights: np.ndarray
    angles: np.ndarray


def needs_landmarker() -> None:
    pytest.importorskip("mediapipe", reason="needs the eval extra")
    try:
        landmarker.task_file()
    except ValueError as error:
        pytest.skip(str(error))


def render(seed: int, weights: dict[str, float], pose: tuple[float, float, float] = (0, 0, 0)) -> Shown:
    """A head of 512 pixels."""
    pytest.importorskip("moderngl", reason="needs the data extra")
    from livetalk.data.heads import HeadRenderer

    row, six, look = np.zeros((1, 52), np.float32), np.zeros((1, 6), np.float32), sample_look(seed)
    row[0, [INDEX[name] for name in weights]] = list(weights.values())
    six[0, :3] = pose
    try:
        renderer = HeadRenderer(512)
    except ValueError as error:
        pytest.skip(f"no OpenGL here: {error}")
    renderer.dress(look)
    picture = renderer.render(row, six)[0]
    renderer.close()
    sin, cos = np.sin(look.scene.tilt), np.cos(look.scene.tilt)
    seen = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]) @ rotation_of(np.array(pose, float))
    return Shown(picture, row[0], np.array(landmarker.angles(seen)))
