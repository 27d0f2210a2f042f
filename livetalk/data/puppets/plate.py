"""The plate: the background of a photograph without its person, smooth where the person was. numpy and scipy only."""

import numpy as np
from jaxtyping import Float, UInt8

from livetalk.data.puppets.fitted import FittedPortrait

SHRINK = 4  # sides of the photograph to one of the plate
MARGIN = 0.016  # sides of the picture around the matte that still show the person
SCALES = (0.012, 0.025, 0.05, 0.1, 0.2, 0.5)  # widths of ever wider means that fill the hole, sides of the picture
GRAIN = 2.0  # standard deviation, levels: what was made up must not look smoother than the photograph


def plate_of(
    photograph: UInt8[np.ndarray, "side side 3"], alpha: UInt8[np.ndarray, "side side"]
) -> UInt8[np.ndarray, "small small 3"]:
    """Fills the person's place from its surroundings, near ones first."""
    from scipy.ndimage import binary_dilation, gaussian_filter

    small = _shrunk(photograph)
    side = len(small)
    near = binary_dilation(_shrunk(alpha[..., None])[..., 0] > 5, iterations=round(MARGIN * side) + 1)
    person = np.asarray(near, bool)
    if person.all() or not person.any():
        return small.round().astype(np.uint8)
    known, filled, missing = (~person).astype(float), small.copy(), person.copy()
    for scale in SCALES:
        sigma = scale * side
        weight = gaussian_filter(known, sigma)
        mean = gaussian_filter(small * known[..., None], (sigma, sigma, 0)) / np.maximum(weight, 1e-9)[..., None]
        reached = missing & (weight > 0.08)
        filled[reached] = mean[reached]
        missing &= ~reached
    filled[missing] = small[~person].mean(0)
    soft = gaussian_filter(filled, (0.02 * side, 0.02 * side, 0))
    return np.where(person[..., None], soft, filled).round().clip(0, 255).astype(np.uint8)


def background(portrait: FittedPortrait) -> UInt8[np.ndarray, "side side 3"]:
    """The full-size background: the photograph beside the person, the plate and some grain behind."""
    from PIL import Image
    from scipy.ndimage import gaussian_filter, grey_dilation

    side = portrait.side
    plate = Image.fromarray(portrait.plate).resize((side, side), Image.Resampling.BICUBIC)
    reach = 2 * round(MARGIN * side) + 1
    person = grey_dilation(portrait.alpha, (reach, reach)) / 255
    person = gaussian_filter(person, MARGIN * side / 3)[..., None]
    grain = np.random.default_rng(0).normal(0, GRAIN, (side, side, 1))
    mixed = portrait.photograph * (1 - person) + (np.asarray(plate) + grain) * person
    return mixed.round().clip(0, 255).astype(np.uint8)


def _shrunk(picture: UInt8[np.ndarray, "side side c"]) -> Float[np.ndarray, "small small c"]:
    side = len(picture) // SHRINK
    return picture.reshape(side, SHRINK, side, SHRINK, -1).mean((1, 3))
