"""Face crops as SyncNet takes them: the box of a face, smoothed over half a second, and the lower face below it.

The crop of syncnet_python: half the box's longer side s, medians of 13 frames, c = 0.40, padding of grey level 110,
224 pixels. Boxes come from whoever finds faces. Knows frames and boxes.
"""

import numpy as np
from jaxtyping import Float, UInt8

SIDE = 224
MARGIN = 0.40  # c: of the box's half side
MEDIAN = 13  # frames
GREY = 110

TrackBoxes = Float[np.ndarray, "t 4"]


def crop_faces(frames: UInt8[np.ndarray, "t h w 3"], boxes: TrackBoxes) -> UInt8[np.ndarray, "t 224 224 3"]:
    """The crops of a track. boxes: NaN in gaps, which are bridged."""
    import cv2

    half, x, y = _smoothed(bridged(boxes))
    made = np.empty((len(frames), SIDE, SIDE, 3), np.uint8)
    for row, frame, s, across, down in zip(made, frames, half, x, y, strict=True):
        beside = int(s * (1 + 2 * MARGIN))
        padded = np.pad(frame, ((beside, beside), (beside, beside), (0, 0)), constant_values=GREY)
        middle, top = across + beside, down + beside
        rows = slice(int(top - s), int(top + s * (1 + 2 * MARGIN)))
        columns = slice(int(middle - s * (1 + MARGIN)), int(middle + s * (1 + MARGIN)))
        row[:] = cv2.resize(padded[rows, columns], (SIDE, SIDE))
    return made


def bridged(boxes: TrackBoxes) -> TrackBoxes:
    """Boxes with gaps filled along straight lines."""
    time, found = np.arange(len(boxes)), np.isfinite(boxes[:, 0])
    whole = np.empty(boxes.shape)
    for side in range(boxes.shape[1]):
        whole[:, side] = np.interp(time, time[found], boxes[found, side])
    return whole


def _smoothed(boxes: TrackBoxes) -> Float[np.ndarray, "3 t"]:
    """Half sides and centres. Medians reach over zeros at both ends, as the published code's do."""
    sides = boxes[:, 2:] - boxes[:, :2]
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    values = np.stack([sides.max(1) / 2, centres[:, 0], centres[:, 1]])
    padded = np.pad(values, ((0, 0), (MEDIAN // 2, MEDIAN // 2)))
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, MEDIAN, axis=1), axis=-1)
