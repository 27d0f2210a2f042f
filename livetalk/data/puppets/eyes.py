"""Pictures of an eye taken apart: the white without its iris, and the iris whole, from what the lids leave to be seen.

Does not know: meshes, or how eyes turn.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw

from livetalk.data.puppets.fitted import FittedEye
from livetalk.data.puppets.sheet import smooth

WHITE = 64  # pixels a side of the white's picture
IRIS = 48
MARGIN = 0.35  # of the eye's width, that the white's picture shows around it
DISC = 1.15  # half a side of the iris' picture, in its radii
BLURS = (1.0, 3.0, 7.0, 16.0)  # pixels from which hidden white is continued, in turn

Picture = Float[np.ndarray, "side side 3"]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class EyePictures:
    white: UInt8[np.ndarray, "64 64 3"]
    box: Box  # the white's place in the photograph: left, top, right, bottom, in its sides
    iris: UInt8[np.ndarray, "48 48 4"]  # with opacity; its middle is the pupil's


def eye_pictures(
    photograph: UInt8[np.ndarray, "side side 3"], eye: FittedEye, white: Float[np.ndarray, "3"]
) -> EyePictures:
    """`white`: colour of the sclera, for what cannot be continued from the photograph."""
    low, high = eye.outline.min(0), eye.outline.max(0)
    middle, half = (low + high) / 2, (0.5 + MARGIN) * float(high[0] - low[0])
    box = (*(middle - half), *(middle + half))
    seen = _cut(photograph, box, WHITE)
    opened = _within(eye.outline, box, WHITE)
    x, y = _places(box, WHITE)
    iris = np.hypot(x - eye.place[0], y - eye.place[1]) < 1.12 * eye.reach
    return EyePictures(_white(seen, opened & ~iris, white), box, _iris(photograph, eye))


def _cut(photograph: UInt8[np.ndarray, "side side 3"], box: Box, size: int) -> Float[np.ndarray, "size size 3"]:
    side = len(photograph)
    part = Image.fromarray(photograph).transform(
        (size, size), Image.Transform.EXTENT, tuple(v * side for v in box), Image.Resampling.BICUBIC
    )
    return np.asarray(part, np.float64)


def _places(box: Box, size: int) -> tuple[np.ndarray, np.ndarray]:
    at = (np.arange(size) + 0.5) / size
    return np.meshgrid(box[0] + at * (box[2] - box[0]), box[1] + at * (box[3] - box[1]))[0:2]  # pyright: ignore


def _within(ring: Float[np.ndarray, "k 2"], box: Box, size: int, shrink: float = 0.9) -> Bool[np.ndarray, "size size"]:
    """The ring's inside, a little smaller: the lids' edges are not the eye."""
    ring = ring.mean(0) + (ring - ring.mean(0)) * (shrink, shrink - 0.12)
    scaled = (ring - box[:2]) / (np.array(box[2:]) - box[:2]) * size
    mask = Image.new("1", (size, size))
    ImageDraw.Draw(mask).polygon([(float(a), float(b)) for a, b in scaled], fill=1)
    return np.asarray(mask)


def _white(
    seen: Picture, known: Bool[np.ndarray, "side side"], colour: Float[np.ndarray, "3"]
) -> UInt8[np.ndarray, "..."]:
    """The white where it is seen, elsewhere continued from there and drawn towards its usual colour."""
    from scipy.ndimage import gaussian_filter

    value, have = np.tile(colour.astype(float), (*known.shape, 1)), np.zeros(known.shape, bool)
    mask = known.astype(float)
    for blur in BLURS:
        weight = gaussian_filter(mask, blur)
        near = gaussian_filter(seen * mask[..., None], (blur, blur, 0)) / np.maximum(weight, 1e-6)[..., None]
        fresh = ~have & (weight > 0.04)
        value[fresh], have = (0.6 * near + 0.4 * colour)[fresh], have | fresh
    value = np.where(known[..., None], seen, value)
    return gaussian_filter(value, (0.8, 0.8, 0)).clip(0, 255).astype(np.uint8)


def _iris(photograph: UInt8[np.ndarray, "side side 3"], eye: FittedEye) -> UInt8[np.ndarray, "48 48 4"]:
    """The iris as a disc. What lids hide comes from the other side or from the ring it lies on."""
    from scipy.ndimage import gaussian_filter

    reach = DISC * eye.reach
    box = (*(eye.place - reach), *(eye.place + reach))
    picture = _cut(photograph, box, IRIS)
    seen = _within(eye.outline, box, IRIS, 1.0).astype(float)
    across = ((np.arange(IRIS) + 0.5) / IRIS * 2 - 1) * DISC
    radius = np.hypot(*np.meshgrid(across, across))
    ring = np.minimum((radius * 10).astype(int), 12)
    known = seen > 0
    total = np.bincount(ring[known], minlength=13)
    means = np.stack([np.bincount(ring[known], picture[known][:, c], 13) for c in range(3)], 1)
    have = np.flatnonzero(total > 2)
    rows = np.arange(13)
    if len(have):
        means = np.stack([np.interp(rows, have, means[have, c] / total[have]) for c in range(3)], 1)
    else:
        means = np.tile((50.0, 38, 30), (13, 1))
    mirrored = seen[:, ::-1] * (1 - seen)
    value = means[ring]
    value = np.where(mirrored[..., None] > 0, 0.5 * picture[:, ::-1] + 0.5 * value, value)
    value = np.where(known[..., None], picture, value)
    blend = gaussian_filter(seen, 1.2)[..., None]
    value = gaussian_filter(value, (0.8, 0.8, 0)) * (1 - blend) + value * blend
    opacity = 255 * (1 - smooth(0.90, 1.08, radius))
    return np.concatenate([value, opacity[..., None]], 2).clip(0, 255).astype(np.uint8)
