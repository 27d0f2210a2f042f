"""Any photo of a person -> the picture the model starts from: one face, framed as it was trained.

Opens the file, turns it upright, finds the face and cuts out head and shoulders. The detector is dlib's
built-in one (histograms of oriented gradients), which needs no model file. This module does not know what
becomes of the picture.
"""

import warnings
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

from livetalk.media.files import existing

Picture = UInt8[np.ndarray, "h w 3"]

# How dlib sees the rendered heads of training, as means over them: the detected box's side and
# centre as fractions of the picture's side.
FACE_SIDE = 0.47
FACE_CENTRE = (0.5, 0.5)
# A square picture whose face lies within this of the above is taken whole, unsampled.
CLOSE_ENOUGH = 0.12

NEUTRAL = (128, 128, 128)  # behind transparent pictures
LOOKS = (512, 900, 1600)  # long sides at which faces are looked for: the detector sees 80 pixels and more
MOST_ENLARGED = 2.5  # times; what is not seen by then is not there
ANGLES = (0, 25, -25, 90, -90, 180)  # degrees the picture is turned, while no clear face is found
CLEAR, FAINT = 0.6, 0.0  # dlib's score of a face that is surely one, and of one that may be
SECOND_FACE = 0.4  # a second face with this share of the first one's area makes the choice unclear
FEWEST_PIXELS = 24  # of a face's side in the photo


@dataclass(frozen=True)
class Face:
    """A square around a face, from brows to chin, in pixels of the picture turned by `angle` degrees."""

    x: float  # of the centre
    y: float
    side: float
    score: float
    angle: int = 0


def load_portrait(path: str | Path, size: int = 256) -> UInt8[np.ndarray, "size size 3"]:
    """Head and shoulders of the one person in a photo.

    Raises ValueError, with what to do, for a file that is missing, empty or no picture, and for a picture
    with no face or several.
    """
    picture = open_picture(path)
    try:
        return frame_portrait(picture, size)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def open_picture(path: str | Path) -> Picture:
    """A picture file as upright RGB: EXIF rotation applied, transparency laid over neutral grey."""
    path = existing(path, "portrait")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about large pictures and odd metadata: neither harms here
            with Image.open(path) as file:
                upright = _eight_bit(ImageOps.exif_transpose(file)).convert("RGBA")
    except UnidentifiedImageError as error:
        raise ValueError(f"{path} cannot be understood as a picture: export it anew as png or jpg") from error
    except Image.DecompressionBombError as error:
        raise ValueError(f"{path} has too many pixels: make it smaller, 1000 pixels a side are plenty") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ValueError(f"{path} is damaged: export it anew as png or jpg") from error
    ground = Image.new("RGBA", upright.size, (*NEUTRAL, 255))
    return np.asarray(Image.alpha_composite(ground, upright).convert("RGB"))


def _eight_bit(image: Image.Image) -> Image.Image:
    """Pillow would clip 16-bit grey instead of scaling it."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image, np.uint32) >> 8).astype(np.uint8))


def frame_portrait(picture: Picture, size: int = 256) -> UInt8[np.ndarray, "size size 3"]:
    """Cuts head and shoulders out of a picture and scales them to `size`; missing surroundings are made up.

    Raises ValueError, with what to do, if the picture shows no face or several.
    """
    face = find_face(picture)
    image = _turned(Image.fromarray(picture), face.angle)
    side = face.side / FACE_SIDE
    left, top = face.x - FACE_CENTRE[0] * side, face.y - FACE_CENTRE[1] * side
    width, height = image.size
    if width == height and max(abs(left), abs(top), abs(side - width)) < CLOSE_ENOUGH * width:
        left, top, side = 0.0, 0.0, float(width)
    image, left, top = _surrounded(image, left, top, side)
    box = (left, top, left + side, top + side)
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS, box))


def find_face(picture: Picture) -> Face:
    """The face of a picture. Raises ValueError, with what to do, if there is none or more than one to choose."""
    image = Image.fromarray(picture)
    faces: list[Face] = []
    for angle in ANGLES:
        looks = LOOKS if angle == 0 else LOOKS[:1]
        faces += [replace(face, angle=angle) for face in _looked_for(_turned(image, angle), looks)]
        if any(face.score >= CLEAR for face in faces):
            break
    if not faces:
        raise ValueError("no face was found: give a photo in which one face looks at the camera, well lit")
    best = max(faces, key=lambda face: (face.score >= CLEAR, face.side if face.score >= CLEAR else face.score))
    rivals = [face for face in faces if face.angle == best.angle and face.score >= CLEAR]
    rivals = [face for face in rivals if face.side**2 >= SECOND_FACE * best.side**2 and not _same(face, best)]
    if rivals:
        raise ValueError("several faces were found: crop the photo to the one person who is to speak")
    if best.side < FEWEST_PIXELS:
        raise ValueError("the face is too small: give a photo in which it is larger, or crop less away")
    return _refined(_turned(image, best.angle), best)


def _looked_for(image: Image.Image, looks: tuple[int, ...]) -> list[Face]:
    """Faces at the first size at which there are clear ones, and at the next, where smaller rivals show."""
    found: list[Face] = []
    clear_before = False
    for long_side in looks:
        scale = long_side / max(image.size)
        if long_side > looks[0] and scale > MOST_ENLARGED:
            break
        found += _detected(image, scale)
        if clear_before:
            break
        clear_before = any(face.score >= CLEAR for face in found)
    return found


def _refined(image: Image.Image, face: Face) -> Face:
    """The detector's boxes jump by a tenth from scale to scale; their mean over several scales is steady."""
    reach = 1.3 * face.side
    box = (round(face.x - reach), round(face.y - reach), round(face.x + reach), round(face.y + reach))
    crop = image.crop(box)
    seen = [face]
    for pixels in np.linspace(90, 180, 9):
        around = [replace(f, x=f.x + box[0], y=f.y + box[1]) for f in _detected(crop, pixels / face.side)]
        seen += [f for f in around if _same(f, face)]
    x, y, side = np.mean([(f.x, f.y, f.side) for f in seen[1:] or seen], axis=0)
    return replace(face, x=float(x), y=float(y), side=float(side))


def _detected(image: Image.Image, scale: float) -> list[Face]:
    """Faces of an image looked at `scale` times its size, in the image's own pixels."""
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    pixels = np.asarray(image.resize(size, Image.Resampling.BILINEAR))
    boxes, scores, _ = _detector().run(pixels, 0, FAINT)
    sx, sy = image.width / size[0], image.height / size[1]
    return [
        Face((box.left() + box.width() / 2) * sx, (box.top() + box.height() / 2) * sy, box.width() * sx, score)
        for box, score in zip(boxes, scores, strict=True)
    ]


@cache
def _detector():
    import dlib

    return dlib.get_frontal_face_detector()


def _same(one: Face, other: Face) -> bool:
    """Whether two boxes are of the same face: the centre of each lies well inside the other."""
    near = 0.5 * min(one.side, other.side)
    return abs(one.x - other.x) < near and abs(one.y - other.y) < near


def _turned(image: Image.Image, angle: int) -> Image.Image:
    if angle == 0:
        return image
    return image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=NEUTRAL)


def _surrounded(image: Image.Image, left: float, top: float, side: float) -> tuple[Image.Image, float, float]:
    """The image with enough around it for the cut, and where the cut lies in it.

    What the photo does not show continues its border, ever more blurred, which the eye takes for background.
    """
    width, height = image.size
    margins = (-left, -top, left + side - width, top + side - height)
    west, north, east, south = (max(0, int(np.ceil(margin))) for margin in margins)
    if not any((west, north, east, south)):
        return image, left, top
    pixels = np.asarray(image)
    # Far outside lies nothing of interest: what is cut is at most one side wide.
    wide = np.pad(pixels, ((north, south), (west, east), (0, 0)), mode="edge")
    known = Image.fromarray(np.pad(np.full((height, width), 255, np.uint8), ((north, south), (west, east))))
    canvas = Image.fromarray(wide)
    blur = side / 40
    soft = canvas.filter(ImageFilter.GaussianBlur(2 * blur))
    # Only outside the photo is anything softened: the mask is shrunk before it is feathered.
    feathered = np.asarray(known.filter(ImageFilter.GaussianBlur(blur)), np.int16)
    inner = Image.fromarray(np.maximum(2 * feathered - 255, 0).astype(np.uint8))
    canvas = Image.composite(canvas, soft, inner)
    return canvas, left + west, top + north
