"""Mouth crops for the sync expert: grey pictures of lips and chin, upright, of one size whatever the face's.

The crop follows eyes and mouth smoothed over half a second, so that lips move inside it and do not carry it along.
Knows frames and where faces are; not who finds them, nor what is done with the crops.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from livetalk.geometry import LUMA

HEIGHT, WIDTH = 48, 64  # pixels of a crop
ACROSS = 1.2  # inter-ocular distances that a crop's width shows
BELOW = 0.08  # of them that its middle lies below the lips': the chin moves, too
SMOOTHED = 9  # frames (0.56 s at 16 a second) over which places are a running median
FINEST = 6  # times the crop's own pixels are taken at most before they are averaged


@dataclass(frozen=True)
class FacePlaces:
    """Where a face is in each frame, pixels (x, y); NaN where none was found.

    eyes: centres, the one left in the picture first; mouth: centre of the lips.
    """

    eyes: Float[np.ndarray, "t 2 2"]
    mouth: Float[np.ndarray, "t 2"]

    @property
    def lost(self) -> float:
        """Share of frames without a face."""
        return float(1 - np.isfinite(self.mouth[:, 0]).mean())

    def steadied(self) -> "FacePlaces":
        """With gaps bridged by straight lines, and smoothed. Some face must have been found."""
        return FacePlaces(
            _steady(self.eyes.reshape(-1, 4)).reshape(-1, 2, 2),
            _steady(self.mouth),
        )


def mouth_crops(
    frames: UInt8[np.ndarray, "t h w 3"],
    places: FacePlaces,
    size: tuple[int, int] = (HEIGHT, WIDTH),
    across: float = ACROSS,
) -> UInt8[np.ndarray, "t height width"]:
    """The mouth of each frame. size: height and width in pixels; across: inter-ocular distances over the width."""
    import cv2

    height, width = size
    steady, made = places.steadied(), np.empty((len(frames), height, width), np.uint8)
    for row, frame, eyes, mouth in zip(made, frames, steady.eyes, steady.mouth, strict=True):
        step = (eyes[1] - eyes[0]) * (across / width)  # one pixel to the right in the crop
        fine = min(FINEST, max(1, math.ceil(float(np.hypot(*step)))))
        middle = mouth + _down(eyes[1] - eyes[0]) * BELOW
        turn = _to_picture(step / fine, middle, (height * fine, width * fine))
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cut = cv2.warpAffine(frame, turn, (width * fine, height * fine), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        grey = cut.astype(np.float32) @ np.array(LUMA, np.float32)
        row[:] = np.round(grey.reshape(height, fine, width, fine).mean((1, 3)))
    return made


def _down(right: Float[np.ndarray, " 2"]) -> Float[np.ndarray, " 2"]:
    """A step as long as one to the right, downwards."""
    return np.array([-right[1], right[0]])


def _to_picture(
    right: Float[np.ndarray, " 2"], middle: Float[np.ndarray, " 2"], size: tuple[int, int]
) -> Float[np.ndarray, "2 3"]:
    """The affine map from places in the crop to places in the picture."""
    height, width = size
    down = _down(right)
    corner = middle - right * (width - 1) / 2 - down * (height - 1) / 2
    return np.stack([right, down, corner], axis=1)


def _steady(places: Float[np.ndarray, "t c"]) -> Float[np.ndarray, "t c"]:
    time, found = np.arange(len(places)), np.isfinite(places[:, 0])
    assert found.any(), "somebody has to be there"
    whole = np.empty(places.shape)
    for column in range(places.shape[1]):
        whole[:, column] = np.interp(time, time[found], places[found, column])
    half = SMOOTHED // 2
    padded = np.pad(whole, ((half, half), (0, 0)), mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, SMOOTHED, axis=0), axis=-1)
