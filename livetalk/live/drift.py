"""Drift meter: distance of a stream from its portrait in identity, colour and sharpness, cheap enough for every block.

Looks at a fixed central box, because portraits are framed before they get here, and at numbers that head motion and
speech hardly touch. Pure numpy, so that it runs beside the model. It is no judge of likeness between people
(`livetalk.evaluation.metrics.identity` is): it says only that a stream no longer looks as it began. Does not know
what is done about it, nor how frames are made.

Typical values, median and largest of single blocks (4 held-out renders of 5 s against their first frame; 3 bundled
portraits played by the bundled student for 7 s against the portrait as given):

                 identity     colour       sharpness
    rendered     .13  .40     .02  .08     .08  .34
    generated    .10  .32     .06  .10     .20  .54

The largest identity is a lasting turn of the head. A portrait that has been through the codec (a stream's frame 0)
serves as well as the portrait itself.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, UInt8

from livetalk.geometry import FACE_CENTRE, FACE_SIDE, LUMA

Frames = UInt8[np.ndarray, "t h w 3"]

CELLS = 24  # along one side of a thumbnail
SHIFT = 2  # cells that a thumbnail may be moved, 0.045 of the picture each way: more than talking heads mostly move
EVERY = 2  # every second frame is looked at, every fourth one for sharpness: drift takes seconds
FLOOR = 4.0  # grey levels squared added to both Laplacian energies, so that rounding to 8 bits is not detail
LEAST = 4.0  # grey levels below which a mean or a spread is no longer divided by: black has no colour
GREY = np.array(LUMA, np.float32)


@dataclass(frozen=True)
class Drift:
    """Distance of one block from the portrait. 0 is none; no number is negative or NaN."""

    identity: float  # 1 - correlation of small grey faces, 0..2; between bundled people .13 to 1.04, mostly .4
    colour: float  # the mean colour's change over its length, or the spread's change over the spread, if larger
    sharpness: float  # |log ratio| of the Laplacian's energy: 0.7 is half or twice the energy


@dataclass(frozen=True)
class DriftThresholds:
    """Where a healthy stream stays. The rendered truth never leaves it, not even for a single block.

    Raises ValueError for a limit or a patience that is not positive.
    """

    identity: float = 0.5  # a fifth above the furthest turned head seen; collapsed or exchanged faces pass it
    colour: float = 0.2  # twice the most seen; a fifth brighter, redder or flatter shows at a glance
    sharpness: float = 0.8  # half above the most seen; a blur over 5 pixels gives 1 and more
    patience: int = 3  # blocks in a row outside (2.25 s): a gesture passes, drift does not

    def __post_init__(self) -> None:
        if min(self.identity, self.colour, self.sharpness, self.patience) <= 0:
            raise ValueError(f"{self} can never be kept: limits and patience must be positive")

    def contains(self, drift: Drift) -> bool:
        """True if a single block lies inside."""
        return drift.identity <= self.identity and drift.colour <= self.colour and drift.sharpness <= self.sharpness


class DriftMeter:
    """Measures a stream against its portrait and counts its blocks outside the band. One meter serves one stream.

    Raises ValueError if the portrait is too small for a thumbnail of its face.
    """

    def __init__(self, portrait: UInt8[np.ndarray, "h w 3"], band: DriftThresholds = DriftThresholds()) -> None:
        self.band, self.outside = band, 0  # outside: blocks in a row
        self._shape = portrait.shape
        self._rows, self._columns, cell = _face_box(*portrait.shape[:2])
        self._cell = cell
        cells = self._thumbnails(portrait[None])
        self._mean, self._spread = _colours(cells)
        self._energy = self._detail(portrait[None])
        self._views = _views((cells @ GREY)[0])

    def measure(self, frames: Frames) -> Drift:
        """The drift of a block of frames, as large as the portrait. Changes nothing.

        Raises ValueError for no frames or frames of another size.
        """
        if not len(frames) or frames.shape[1:] != self._shape:
            raise ValueError(f"frames {frames.shape} cannot be held against a portrait {self._shape}: use one size")
        cells = self._thumbnails(frames[::EVERY])
        inner = (cells @ GREY)[:, SHIFT:-SHIFT, SHIFT:-SHIFT]
        likeness = (_normal(inner.reshape(len(inner), -1)) @ self._views.T).max(axis=1)
        mean, spread = _colours(cells)
        tint = float(np.linalg.norm(mean - self._mean)) / max(LEAST, float(np.linalg.norm(self._mean)))
        contrast = abs(spread - self._spread) / max(LEAST, self._spread)
        ratio = (self._detail(frames[:: 2 * EVERY]) + FLOOR) / (self._energy + FLOOR)
        return Drift(max(0.0, 1 - float(np.median(likeness))), max(tint, contrast), abs(math.log(ratio)))

    def is_outside(self, drift: Drift) -> bool:
        """Note the next block's drift; true from the `patience`-th block in a row outside on, until one is inside."""
        self.outside = 0 if self.band.contains(drift) else self.outside + 1
        return self.outside >= self.band.patience

    def reset(self) -> None:
        """Forget the blocks outside: the stream has been re-anchored."""
        self.outside = 0

    def _thumbnails(self, frames: Frames) -> Float32[np.ndarray, "t n n 3"]:
        """Mean colours of the face's cells: rows first, which lie in memory one behind the other.

        No matrix product: large ones run on threads of numpy's own, and beside the model's those wait for one another.
        """
        x, cell = frames[:, self._rows, self._columns], self._cell
        rows = x.reshape(len(x), CELLS, cell, -1).sum(2, dtype=np.uint16)
        parts = rows.reshape(len(x), CELLS, CELLS, cell, 3)
        cells = parts[..., 0, :].astype(np.float32)
        for i in range(1, cell):  # an axis of six is summed faster so
            cells += parts[..., i, :]
        return cells / cell**2

    def _detail(self, frames: Frames) -> float:
        """Median over frames of the mean squared Laplacian, in grey levels squared, of the green face at half size.

        At half size, because the finest grain is what a codec takes and noise brings, on the first frame already.
        """
        x = frames[:, self._rows, self._columns, 1].astype(np.float32)
        x = (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4
        y = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:] - 4 * x[:, 1:-1, 1:-1]
        y = y.reshape(len(y), -1)
        return float(np.median(np.einsum("tn,tn->t", y, y))) / y.shape[1]


def _face_box(height: int, width: int) -> tuple[slice, slice, int]:
    """Rows and columns of the face and the side of a cell, in pixels. The box is a whole number of cells."""
    cell = math.ceil(FACE_SIDE * width / CELLS)
    side = cell * CELLS
    left, top = round(FACE_CENTRE[0] * width - side / 2), round(FACE_CENTRE[1] * height - side / 2)
    if min(left, top) < 0 or left + side > width or top + side > height:
        raise ValueError(f"a portrait of {width}x{height} pixels is too small to watch: give 64x64 or more")
    return slice(top, top + side), slice(left, left + side), cell


def _colours(cells: Float32[np.ndarray, "t n n 3"]) -> tuple[Float32[np.ndarray, " 3"], float]:
    """Mean colour of all frames and the mean over frames of the grey deviation, in grey levels."""
    return cells.mean(axis=(0, 1, 2)), float((cells @ GREY).std(axis=(1, 2)).mean())


def _views(face: Float32[np.ndarray, "n n"]) -> Float[np.ndarray, "v p"]:
    """The portrait's thumbnail as seen through a smaller window at every shift, normalised."""
    inner, shifts = CELLS - 2 * SHIFT, range(2 * SHIFT + 1)
    return _normal(np.stack([face[i : i + inner, j : j + inner].ravel() for i in shifts for j in shifts]))


def _normal(rows: Float[np.ndarray, "t p"]) -> Float[np.ndarray, "t p"]:
    """Rows of mean 0 and length 1; a flat one becomes 0, which resembles nothing."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    return rows / np.maximum(1.0, np.linalg.norm(rows, axis=1, keepdims=True))
