"""The person cut out of a photograph, and put before something else. Does not know faces."""

from dataclasses import replace

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from livetalk.data.puppets.fitted import FittedPortrait
from livetalk.data.puppets.sheet import smooth


def foreground(portrait: FittedPortrait) -> UInt8[np.ndarray, "side side 4"]:
    """The photograph with its matte; at the person's edges without the colour of what was behind."""
    from scipy.ndimage import uniform_filter1d

    colour = portrait.photograph.astype(np.float32)
    if portrait.matted:
        alpha = portrait.alpha.astype(np.float32)[..., None] / 255
        side = portrait.side
        behind = np.asarray(Image.fromarray(portrait.plate).resize((side, side), Image.Resampling.BICUBIC), np.float32)
        without = (colour - (1 - alpha) * behind) / np.maximum(alpha, 0.15)
        sure = (alpha > 0.97).astype(np.float32)
        wide = max(3, side // 80)

        def around(value: np.ndarray) -> np.ndarray:
            for axis in (0, 1, 0, 1):
                value = uniform_filter1d(value, wide, axis)
            return value

        half = slice(None, None, 2)  # smooth enough for half of the pixels
        near, weight = around((colour * sure)[half, half]), around(sure[half, half])
        near = np.where(weight > 0.01, near / np.maximum(weight, 0.01), colour[half, half])
        near = near.repeat(2, 0).repeat(2, 1)[:side, :side]
        trust = smooth(0.25, 0.85, alpha)
        mixed = np.where(alpha > 0.99, colour, trust * without + (1 - trust) * near)
        colour = np.where(alpha > 0.002, mixed, near)
    return np.concatenate([colour.clip(0, 255), portrait.alpha[..., None]], 2).astype(np.uint8)


def whole_plate(portrait: FittedPortrait) -> UInt8[np.ndarray, "side side 3"]:
    """The background at the photograph's own detail where it is seen, and smooth where the person was."""
    from scipy.ndimage import gaussian_filter, grey_dilation

    side = portrait.side
    behind = np.asarray(Image.fromarray(portrait.plate).resize((side, side), Image.Resampling.BICUBIC), np.float32)
    wide = side // 32
    covered = grey_dilation(portrait.alpha[::2, ::2], (wide, wide)).astype(np.float32) / 255
    covered = gaussian_filter(covered, wide / 4).repeat(2, 0).repeat(2, 1)[:side, :side, None]
    mixed = portrait.photograph + covered * (behind - portrait.photograph)
    return mixed.clip(0, 255).round().astype(np.uint8)


def before(portrait: FittedPortrait, plate: UInt8[np.ndarray, "side side 3"]) -> FittedPortrait:
    """A matted portrait as if it had been photographed before `plate`."""
    portrait = replace(portrait, alpha=_trimmed(portrait))
    cut = foreground(portrait)
    alpha = portrait.alpha.astype(np.float32)[..., None] / 255
    picture = cut[..., :3] * alpha + plate * (1 - alpha)
    return replace(portrait, photograph=picture.round().astype(np.uint8), plate=plate)


def _trimmed(portrait: FittedPortrait) -> UInt8[np.ndarray, "side side"]:
    """The matte without what looks like the background at the lower corners.

    Framing continues a photograph that ends there by a blur of shoulders and background, all of which mattes keep.
    """
    side = portrait.side
    behind = np.asarray(Image.fromarray(portrait.plate).resize((side, side), Image.Resampling.BICUBIC), np.float32)
    place = (np.arange(side) + 0.5) / side
    corner = smooth(0.30, 0.18, np.minimum(place, 1 - place)) * smooth(0.58, 0.68, place)[:, None]
    alike = smooth(85.0, 25.0, np.abs(portrait.photograph - behind).max(-1))
    return (portrait.alpha * (1 - corner * alike)).round().astype(np.uint8)
