"""One look at a portrait before the work begins: what of it the model will not do well.

The face is found once, for framing and for this. Knows no sessions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from livetalk.conditions.input_checks.face_network import SIDE, FaceReading, read_face
from livetalk.conditions.input_checks.sentences import InputWarning
from livetalk.conditions.portrait import Face, Frame, cut, find_face, frame_face, load_framed
from livetalk.geometry import FACE_CENTRE, FACE_SIDE
from livetalk.media.pictures import as_picture

SQUARE = 1.45  # sides of the found face: what the network is shown, about 3.7 distances between the eyes
# The outline of a face in distances between the eyes, seen from their middle: half its width, its middle below them,
# half its height. It reaches from the hairline to the chin.
OUTLINE = (1.0, 0.5, 1.3)
FORESHORTENED = 0.5  # of the eyes' distance at most is taken for a turn's doing


@dataclass(frozen=True)
class PortraitLimits:
    """From where on something is too much. Fixed by `livetalk evaluate inputs --fixing`."""

    outside: float = 0.06  # share of the face's outline beyond the picture
    between_eyes: float = 55.0  # pixels: 60, less what the network may be off by
    yaw: float = 22.0  # degrees; training shows 24 and 18 at most
    pitch: float = 16.5
    lip_gap: float = 0.28  # distances between the eyes
    blur: float = 0.04
    darkness: float = 2.2  # stops
    covered: float = 3.5  # log odds
    drawing: float = 0.6
    face: float = 3.4  # log odds, below which it may be none


def check_portrait(
    picture: UInt8[np.ndarray, "h w 3"], face: Face, limits: PortraitLimits | None = None
) -> list[InputWarning]:
    """Warnings about the face that was found in a picture; none if it will do."""
    limits = limits or PortraitLimits()
    seen = look_at(picture, face)
    return [InputWarning.of(kind) for kind in kinds(seen, limits)]


def load_checked(
    path: str | Path, size: int | Sequence[int] = 256
) -> tuple[UInt8[np.ndarray, "size size 3"], list[InputWarning]]:
    """The portrait in a file as `load_portrait` gives it, with what is to be said about it."""
    return load_framed(path, lambda picture: frame_checked(picture, size))


def frame_checked(
    picture: UInt8[np.ndarray, "h w 3"], size: int | Sequence[int] = 256
) -> tuple[UInt8[np.ndarray, "size size 3"], list[InputWarning]]:
    """The portrait in a picture as `frame_portrait` gives it, with what is to be said about it."""
    picture = as_picture(picture)
    face = find_face(picture)
    return frame_face(picture, face, size), check_portrait(picture, face)


def check_framed(portrait: UInt8[np.ndarray, "size size 3"]) -> list[InputWarning]:
    """Warnings about a portrait that has been framed: what it was cut from is not known any more, nor how large."""
    portrait = as_picture(portrait)
    size = len(portrait)
    face = Face(FACE_CENTRE[0] * size, FACE_CENTRE[1] * size, FACE_SIDE * size, score=1.0)
    return [warning for warning in check_portrait(portrait, face) if warning.kind not in ("cut", "small")]


@dataclass(frozen=True)
class PortraitLook:
    """What was measured of a face in a picture."""

    reading: FaceReading
    between_eyes: float  # pixels of the picture, as if the face looked at the camera
    outside: float  # share of the face's outline beyond the picture


def look_at(picture: UInt8[np.ndarray, "h w 3"], face: Face) -> PortraitLook:
    """Measures the face; where it is comes from whoever found it."""
    side = SQUARE * face.side
    square = cut(Image.fromarray(picture), Frame(face.x, face.y, side, face.angle), SIDE)
    reading = read_face(np.asarray(square))
    across = reading.eyes[1] - reading.eyes[0]
    unit = math.hypot(*across) / max(math.cos(math.radians(reading.yaw)), FORESHORTENED)
    outside = _outside(_outline(reading, across, unit) * side, face, picture.shape[:2])
    return PortraitLook(reading, unit * side, outside)


def kinds(seen: PortraitLook, limits: PortraitLimits) -> list[str]:
    """What is too much of what was measured.

    What one thing explains is not said twice: a small face is blurred and looks painted, of a turned face the outline
    is a guess and the far cheek is hidden; what is made up beyond the picture's border looks like a cover, and eyes
    beyond it lie anywhere.
    """
    read = seen.reading
    turned = abs(read.yaw) > limits.yaw or abs(read.pitch) > limits.pitch
    cut_off = seen.outside > limits.outside and not turned
    if read.face < limits.face and not cut_off:  # what was read of something else means nothing
        return ["unsure"]
    small = seen.between_eyes < limits.between_eyes and not cut_off
    found = {
        "cut": cut_off,
        "small": small,
        "turned": turned,
        "covered": read.covered > limits.covered and not cut_off and not turned,
        "blurred": read.blur > limits.blur and not small,
        "dark": read.darkness > limits.darkness,
        "drawing": read.drawing > limits.drawing and not small and not turned,
        "mouth open": read.lip_gap > limits.lip_gap,
    }
    return [kind for kind, true in found.items() if true]


def _outline(reading: FaceReading, across: Float[np.ndarray, "2"], unit: float) -> Float[np.ndarray, "points 2"]:
    """Points that fill the face's outline, in sides of the square from its middle."""
    width, below, height = OUTLINE
    radius, angle = np.meshgrid(np.sqrt(np.linspace(0.02, 1, 12)), np.linspace(0, 2 * np.pi, 48, endpoint=False))
    right = across / max(float(np.hypot(*across)), 1e-6) * unit
    down = np.array([-right[1], right[0]])
    x = width * (radius * np.cos(angle)).ravel() + 0.3 * math.sin(math.radians(reading.yaw))
    y = below + height * (radius * np.sin(angle)).ravel()
    return reading.eyes.mean(0) + x[:, None] * right + y[:, None] * down


def _outside(points: Float[np.ndarray, "points 2"], face: Face, size: tuple[int, ...]) -> float:
    """Share of points, in pixels from the face's middle as it was turned upright, that the picture does not show."""
    cos, sin = math.cos(math.radians(face.angle)), math.sin(math.radians(face.angle))
    x = face.x + cos * points[:, 0] - sin * points[:, 1]
    y = face.y + sin * points[:, 0] + cos * points[:, 1]
    return float(np.mean((x < 0) | (y < 0) | (x > size[1]) | (y > size[0])))
