"""Crop: a square of a photo, turned and scaled; what the photo does not show is made up. Knows no faces."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter


@dataclass(frozen=True)
class Frame:
    """A square of a photo: centre and side in pixels of it, and the counter-clockwise turn (degrees) it stands in."""

    x: float
    y: float
    side: float
    angle: float = 0.0


def cut(image: Image.Image, frame: Frame, size: int) -> Image.Image:
    """The square of an image, upright, scaled to `size`; what the image does not show is made up."""
    x, y, side, angle = frame.x, frame.y, frame.side, frame.angle
    cos, sin = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
    half = side / 2 * (cos + sin)
    left, top = math.floor(x - half), math.floor(y - half)
    piece = _surrounded(image, left, top, math.ceil(x + half) + 1, math.ceil(y + half) + 1)
    x, y = x - left, y - top
    if angle:
        piece = piece.rotate(angle, Image.Resampling.BICUBIC, center=(x, y))
    box = (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    return piece.resize((size, size), Image.Resampling.LANCZOS, box)


def _surrounded(image: Image.Image, left: int, top: int, right: int, bottom: int) -> Image.Image:
    """A part of the image that may reach beyond it.

    What the photo does not show continues its border, blurred, which the eye takes for background.
    """
    inside = (max(left, 0), max(top, 0), min(right, image.width), min(bottom, image.height))
    piece = image.crop(inside)
    west, north, east, south = inside[0] - left, inside[1] - top, right - inside[2], bottom - inside[3]
    if not any((west, north, east, south)):
        return piece
    margins = ((north, south), (west, east))
    canvas = Image.fromarray(np.pad(np.asarray(piece), (*margins, (0, 0)), mode="edge"))
    known = Image.fromarray(np.pad(np.full((piece.height, piece.width), 255, np.uint8), margins))
    blur = (right - left) / 40
    soft = canvas.filter(ImageFilter.GaussianBlur(2 * blur))
    # Only outside the photo is anything softened: the mask is shrunk before it is feathered.
    feathered = np.asarray(known.filter(ImageFilter.GaussianBlur(blur)), np.int16)
    inner = Image.fromarray(np.maximum(2 * feathered - 255, 0).astype(np.uint8))
    return Image.composite(canvas, soft, inner)
