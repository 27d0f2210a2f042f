"""Tracks of faces: one face followed through the frames of a clip, by the overlap of its boxes.

The tracker of syncnet_python: a track begins at the earliest box that no other track has, and takes of each later frame
the first box that overlaps its last one by more than half; 25 frames at most lie between two of its boxes. Boxes come
from any finder: of each frame as many as it sees, the surest first. Knows boxes; neither frames nor who found them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

BRIDGED = 25  # frames from a face's last box to its next one, at most
OVERLAP = 0.5  # intersection over union of a face's successive boxes is above it

Boxes = Float[np.ndarray, "n 4"]  # x0, y0, x1, y1, pixels


@dataclass(frozen=True)
class FollowedFace:
    """One face from the first frame that it was found in to the last."""

    first: int
    boxes: Float[np.ndarray, "t 4"]  # NaN in frames where it was not found

    @property
    def frames(self) -> slice:
        """The frames of the clip that the boxes belong to."""
        return slice(self.first, self.first + len(self.boxes))

    @property
    def found(self) -> int:
        """Frames that it was found in."""
        return int(np.isfinite(self.boxes[:, 0]).sum())


def longest_track(found: Sequence[Boxes]) -> FollowedFace | None:
    """The face that was found in the most frames; None where no frame has a box. found: boxes of each frame."""
    return max(_tracks(found), key=lambda face: face.found, default=None)


def overlap(one: Float[np.ndarray, " 4"], other: Float[np.ndarray, " 4"]) -> float:
    """Intersection over union of two boxes."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    return shared / float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]) - shared)


def _tracks(found: Sequence[Boxes]) -> Iterator[FollowedFace]:
    left = [list(boxes) for boxes in found]
    for first, boxes in enumerate(left):
        while boxes:
            yield _followed(left, first)


def _followed(left: list[list[Float[np.ndarray, " 4"]]], first: int) -> FollowedFace:
    """The track of a frame's first box. Its boxes are taken out of `left`."""
    taken = {first: left[first].pop(0)}
    last = first
    for place in range(first + 1, len(left)):
        if place - last > BRIDGED:
            break
        near = [at for at, box in enumerate(left[place]) if overlap(box, taken[last]) > OVERLAP]
        if near:
            taken[place] = left[place].pop(near[0])
            last = place
    boxes = np.full((last + 1 - first, 4), np.nan)
    for place, box in taken.items():
        boxes[place - first] = box
    return FollowedFace(first, boxes)
