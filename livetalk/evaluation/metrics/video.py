"""Faults of a video that need no truth to be seen: flicker, black or frozen frames, softness.

Pure numpy on uint8 frames; knows nothing of faces beyond the box it is given.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8

from livetalk.geometry import LUMA

BLACK = 6.0  # mean grey level below which a frame counts as black
FROZEN = 0.02  # mean absolute difference of two frames, in grey levels, below which the second is frozen
JUST_SEEN = 0.05  # grey levels added to both sides of a step: of a still picture every step would be large
FLOOR = 0.25  # grey levels squared added to both sides of the flicker ratio: rendered backgrounds do not move at all

Frames = UInt8[np.ndarray, "t h w 3"]
Box = tuple[int, int, int, int]
"""left, top, right, bottom in pixels, right and bottom excluded."""


def grey(frames: Frames) -> Float[np.ndarray, "t h w"]:
    """Luma (Rec. 601), 0..255."""
    return frames.astype(np.float32) @ np.array(LUMA, np.float32)


def still_area(frames: Frames, share: float = 0.25) -> Bool[np.ndarray, "h w"]:
    """The `share` of pixels that change least over the video: in a portrait, background and shoulders' surroundings."""
    if len(frames) < 2:
        return np.ones(frames.shape[1:3], bool)
    energy = _difference_energy(grey(frames))
    return energy <= np.quantile(energy, share)


def flicker(frames: Frames, still: Bool[np.ndarray, "h w"]) -> float:
    """Mean squared difference of successive frames inside `still`, grey levels squared. 0 for a single frame."""
    if len(frames) < 2:
        return 0.0
    return float(_difference_energy(grey(frames))[still].mean())


def flicker_ratio(frames: Frames, reference: Frames) -> float:
    """Flicker over that of a good video of the same scene, which also says where the picture is still."""
    still = still_area(reference)
    return (flicker(frames, still) + FLOOR) / (flicker(reference, still) + FLOOR)


def movement(frames: Frames) -> float:
    """Frame-difference energy of the whole picture, grey levels squared."""
    return flicker(frames, np.ones(frames.shape[1:3], bool))


def movement_share(made: Sequence[float], true: Sequence[float]) -> float:
    """Movement of some videos over that of the true ones, all of them together.

    Blinks are most of what moves in a still face, and seconds pass without one: a share of each video would be chance.
    """
    return (float(np.mean(made)) + FLOOR) / (float(np.mean(true)) + FLOOR)


def steps(frames: Frames) -> Float[np.ndarray, " t1"]:
    """Mean absolute difference of every frame from the one before, over the video's median; what stands still has 1."""
    luma = grey(frames)
    size = np.abs(luma[1:] - luma[:-1]).mean(axis=(1, 2))
    return (size + JUST_SEEN) / (np.median(size) + JUST_SEEN) if len(size) else size


def join_share(videos: Sequence[Float[np.ndarray, " t1"]], joins: Bool[np.ndarray, " t1"]) -> float:
    """95th percentile of `steps` into the frames that begin a block over that of all others; NaN without either.

    joins: of a video as long as the longest.
    """
    far = [
        float(np.quantile(pooled, 0.95)) if len(pooled) else float("nan")
        for pooled in (np.concatenate([np.zeros(0), *(v[joins[: len(v)] == kind] for v in videos)]) for kind in (1, 0))
    ]
    return far[0] / far[1]


def black_frames(frames: Frames) -> int:
    return int((grey(frames).mean(axis=(1, 2)) < BLACK).sum())


def frozen_frames(frames: Frames) -> int:
    """Frames that repeat the one before them."""
    luma = grey(frames)
    return int((np.abs(luma[1:] - luma[:-1]).mean(axis=(1, 2)) < FROZEN).sum())


def sharpness(frames: Frames, box: Box) -> float:
    """Mean squared Laplacian of the luma inside `box`: rises with detail, and with noise too."""
    left, top, right, bottom = box
    x = grey(frames[:, top:bottom, left:right])
    if min(x.shape[1:]) < 3:
        raise ValueError(f"the face box {box} is smaller than 3x3 pixels")
    centre = x[:, 1:-1, 1:-1]
    laplacian = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:] - 4.0 * centre
    return float(np.square(laplacian).mean())


def face_box(eyes: Float[np.ndarray, "t 2 2"], mouth: Float[np.ndarray, "t 2"], height: int, width: int) -> Box:
    """A box that holds the face in every frame, from eye and mouth centres in pixels (NaN rows are left out)."""
    points = np.concatenate([eyes.reshape(-1, 2), mouth])
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return 0, 0, width, height
    pad = 0.7 * float(np.nanmedian(np.linalg.norm(eyes[:, 0] - eyes[:, 1], axis=1)))
    low, high = points.min(axis=0) - pad, points.max(axis=0) + pad
    return int(max(0, low[0])), int(max(0, low[1])), int(min(width, high[0] + 1)), int(min(height, high[1] + 1))


def _difference_energy(luma: Float[np.ndarray, "t h w"]) -> Float[np.ndarray, "h w"]:
    return np.square(luma[1:] - luma[:-1]).mean(axis=0)
