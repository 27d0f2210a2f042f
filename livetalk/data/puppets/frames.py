"""Uniform block of a puppet's frames, as `shaders/common.glsl` reads it (std140: everything in vec4s)."""

import numpy as np
from jaxtyping import Float

from livetalk.data.heads.camera import PIVOT, TORSO_SHARE, rotations
from livetalk.data.heads.mesh import gaze
from livetalk.data.puppets.openings import BLINKS, MOUTH
from livetalk.data.puppets.puppet import Puppet
from livetalk.data.puppets.sheet import smooth

FRAME = np.dtype([
    ("head", "f4", (4, 4)), ("torso", "f4", (4, 4)), ("gaze", "f4", 4), ("state", "f4", 4), ("lids", "f4", 4),
    ("close", "f4", 4), ("corners", "f4", (2, 4)), ("active", "i4", 52), ("amount", "f4", 52), ("rows", "f4", (45, 4)),
])  # fmt: skip
WAIST = np.array([0.0, 5.6, 0.1])  # the shoulders turn about here, head space
LEAST = 1e-4  # a weight that changes less does nothing
MOUTH_NEAR, LOOK_NEAR = 0.2, 0.06  # changes of weights, of gaze, from which the photograph's mouth, eyes are not shown
SHOWS = 0.03  # decimetres between photographed lips that show what is behind them
LOWERED = 0.12  # of a lid, in eye radii, at which its full shade falls on the eye


def motions(puppet: Puppet, pose: Float[np.ndarray, "t 6"]) -> Float[np.ndarray, "t 2 4 4"]:
    """Head space to camera space, for skull and shoulders."""
    head, unit = puppet.head, puppet.unit
    motion = np.tile(np.eye(4), (len(pose), 2, 1, 1))
    turn = rotations(pose[:, :3])
    motion[:, 0, :3, :3] = turn
    motion[:, 0, :3, 3] = head.shift + pose[:, 3:] * unit - turn @ PIVOT
    away = (pose - puppet.pose) * TORSO_SHARE
    turn, waist = rotations(away[:, :3]), head.to_camera(WAIST)
    motion[:, 1, :3, :3] = turn @ head.rotation
    motion[:, 1, :3, 3] = turn @ (head.to_camera(np.zeros(3)) - waist) + waist + away[:, 3:] * unit
    return motion


def frame_blocks(puppet: Puppet, weights: Float[np.ndarray, "t 52"], pose: Float[np.ndarray, "t 6"]) -> np.ndarray:
    """One `FRAME` record a frame; only shapes that differ from the photograph's are listed."""
    blocks = np.zeros(len(weights), FRAME)
    blocks["head"], blocks["torso"] = np.swapaxes(motions(puppet, pose), 2, 3).transpose(1, 0, 2, 3)
    looks = gaze(weights)
    blocks["gaze"] = looks
    moved = weights - puppet.weights
    moved[:, BLINKS] = 0  # lids are moved by their columns
    still = np.abs(moved) <= LEAST
    order = np.argsort(still, axis=1, kind="stable")
    blocks["active"], blocks["amount"] = order, np.take_along_axis(moved, order, 1)
    tables = puppet.slits.tables(weights)
    blocks["state"][:, 0] = (~still).sum(1)
    blocks["state"][:, 1] = tables.lip_gap
    blocks["state"][:, 2:] = weights[:, BLINKS]
    blocks["rows"] = np.concatenate([tables.lips, tables.lids.reshape(len(weights), -1, 4)], 1)
    blocks["corners"][:, 0, :2], blocks["corners"][:, 1] = tables.lip_corners, tables.lid_corners.reshape(-1, 4)
    mouth = np.abs(moved[:, MOUTH]).max(1)
    shows = np.clip(puppet.slits.lip_edges.gap.max() / SHOWS, 0, 1)
    blocks["close"][:, 0] = shows * (1 - smooth(0, MOUTH_NEAR, mouth))
    turned = np.abs(looks - gaze(puppet.weights[None])).max(1)
    blocks["close"][:, 1] = 1 - smooth(0, LOOK_NEAR, turned)
    for k, (eye, lids) in enumerate(zip(puppet.measures.eyes, puppet.slits.lid_edges, strict=True)):
        photographed = lids.upper[0, lids.upper.shape[1] // 2]
        height = tables.lid_heights[:, k]
        blocks["lids"][:, 2 * k] = (height - eye.centre[1]) / eye.radius
        blocks["lids"][:, 2 * k + 1] = np.clip(np.abs(height - photographed) / eye.radius / LOWERED, 0, 1)
    return blocks
