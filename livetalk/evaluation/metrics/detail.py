"""Detail: how much fine structure a face shows, where neither eyes nor mouth open and shut.

Teeth and lids are the strongest edges of a face and come and go with what it does; around them detail stays. Knows a
frame and its mesh; not who made them.
"""

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw

from livetalk.evaluation.metrics.landmarks import EYES, LIPS, inter_ocular
from livetalk.evaluation.metrics.texture import FEATURES
from livetalk.evaluation.metrics.video import grey

MARGIN = 0.7  # inter-ocular distances around the middles of eyes and lips
GROWN = 1.2  # of the hulls of eyes and mouth that are left out

Mesh = Float[np.ndarray, "p 2"]


def detail(frame: UInt8[np.ndarray, "h w 3"], mesh: Mesh) -> float:
    """Mean squared Laplacian of the luma on the face; 0 without a face."""
    if not np.isfinite(mesh).all():
        return 0.0
    luma = grey(frame[None])[0]
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    laplacian = around - 4.0 * luma[1:-1, 1:-1]
    where = still_skin(mesh, *frame.shape[:2])[1:-1, 1:-1]
    return float(np.square(laplacian[where]).mean()) if where.any() else 0.0


def still_skin(mesh: Mesh, height: int, width: int) -> Bool[np.ndarray, "h w"]:
    """The box of the face without eyes and mouth."""
    middles = np.array([mesh[list(pair)].mean(axis=0) for pair in (*EYES, LIPS[0])])
    margin = MARGIN * inter_ocular(mesh)
    image = Image.new("1", (width, height))
    draw = ImageDraw.Draw(image)
    draw.rectangle([*(middles.min(axis=0) - margin), *(middles.max(axis=0) + margin)], fill=1)
    for name in ("left eye", "right eye", "mouth"):
        points = mesh[list(FEATURES[name][0])]
        hull = points.mean(axis=0) + (points - points.mean(axis=0)) * GROWN
        turn = np.argsort(np.arctan2(*(hull - hull.mean(axis=0)).T[::-1]))
        draw.polygon([(float(x), float(y)) for x, y in hull[turn]], fill=0)
    return np.asarray(image)
