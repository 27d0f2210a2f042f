"""Any photo of a person -> the picture the model starts from: one face, framed as it was trained.

Finds the face and cuts out head and shoulders. The detector is dlib's built-in one (histograms of oriented
gradients), which needs no model file. This module does not know what becomes of the picture.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from livetalk.conditions.crop import Frame, cut
from livetalk.conditions.local_contrast import noise_level, normalise_contrast
from livetalk.geometry import FACE_CENTRE, FACE_SIDE
from livetalk.media.pictures import NEUTRAL, Picture, as_picture, fitting_size, open_picture

T = TypeVar("T")

# A square picture whose face lies within this of FACE_SIDE and FACE_CENTRE is taken whole, unsampled.
CLOSE_ENOUGH = 0.12

LOOKS = (512, 900, 1600)  # long sides at which faces are looked for: the detector sees 80 pixels and more
MOST_ENLARGED = 2.5  # times; what is not seen by then is not there
ANGLES = (0, 25, -25, 90, -90, 180)  # degrees the picture is turned, while no clear face is found
TILTS = tuple(range(-50, 51, 10))  # degrees at which a found face is looked at again
WORTH_STRAIGHTENING = 7.0  # degrees; the estimate is good to three, and a slight tilt is a person's own
UPRIGHT = 0  # dlib's detector has five parts: one for upright faces, others for turned and tilted ones
STEADYING = tuple(range(90, 181, 10))  # pixels of a face's side
CLEAR, FAINT = 0.6, 0.0  # dlib's score of a face that is surely one, and of one that may be
BLURS = (2.0, 3.0)  # pixels by which grain is smoothed where no clear face is seen,
VOTERS = (512, 600)  # and long sides at which each is looked at then: half of these views must show a face,
DOUBTFUL = -0.6  # by this score at least,
LIKELY = -0.15  # and all by this on average; of 120 views of noise the likeliest had -0.32
SURE = 0.6  # a mean score of all views beside which no turned face is looked for
GRAINY = 6.0  # levels of noise in a face; of 48 photographs and renders the grainiest has 2.4, with a grain of 30 ten
TURNED_IN_GRAIN = 15.0  # degrees; the estimate is good to four then
SECOND_FACE = 0.4  # a second face with this share of the first one's area makes the choice unclear
FEWEST_PIXELS = 24  # of a face's side in the photo


@dataclass(frozen=True)
class Face:
    """A square around a face, from brows to chin.

    x, y: its centre, side: its side, all in pixels of the photo; score: dlib's; angle: degrees by which the photo
    must be turned, counter-clockwise, for the face to be upright.
    """

    x: float
    y: float
    side: float
    score: float
    angle: float = 0.0


def load_portrait(path: str | Path, size: int | Sequence[int] = 256) -> UInt8[np.ndarray, "size size 3"]:
    """Head and shoulders of the one person in a photo. Of several sizes the largest that the photo has detail for.

    Raises ValueError, with what to do, for a file that is missing, empty or no picture, and for a picture
    with no face or several.
    """
    return load_framed(path, lambda picture: frame_portrait(picture, size))


def load_framed(path: str | Path, frame: Callable[[Picture], T]) -> T:
    """What `frame` makes of the picture in a file; the file is named in what it raises."""
    picture = open_picture(path)
    try:
        return frame(picture)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def frame_portrait(picture: Picture, size: int | Sequence[int] = 256) -> UInt8[np.ndarray, "size size 3"]:
    """Head and shoulders of the person in a picture, scaled to `size` (see `load_portrait`).

    Missing surroundings are made up. Raises ValueError, with what to do, if the picture shows no face or several.
    """
    picture = as_picture(picture)
    return frame_face(picture, find_face(picture), size)


def frame_face(picture: Picture, face: Face, size: int | Sequence[int] = 256) -> UInt8[np.ndarray, "size size 3"]:
    """`frame_portrait` of a face that has been found."""
    image = Image.fromarray(picture)
    frame = framing(face)
    x, y, side = frame.x, frame.y, frame.side
    size = fitting_size(side, size)
    width, height = image.size
    off = max(abs(x - width / 2), abs(y - height / 2), abs(side - width))
    if width == height and frame.angle == 0 and off < CLOSE_ENOUGH * width:
        return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS))
    return np.asarray(cut(image, frame, size))


def framing(face: Face, margin: float = 1.0) -> Frame:
    """The square that shows a face as training shows it, or that many times as large around the same middle."""
    side = face.side / FACE_SIDE
    dx, dy = _turned_back((0.5 - FACE_CENTRE[0]) * side, (0.5 - FACE_CENTRE[1]) * side, face.angle)
    return Frame(face.x + dx, face.y + dy, side * margin, face.angle)


def centred(picture: Picture, size: int = 256) -> UInt8[np.ndarray, "size size 3"]:
    """The middle of a picture, scaled until its shorter side fits: no face is looked for."""
    if picture.shape == (size, size, 3):
        return picture
    return np.asarray(ImageOps.fit(Image.fromarray(picture), (size, size), Image.Resampling.BILINEAR))


def find_face(picture: Picture) -> Face:
    """The face of a picture. Raises ValueError, with what to do, if there is none or more than one to choose."""
    image = Image.fromarray(picture)
    faces = _looked_for(image, 0, LOOKS)
    seen = image
    if _clearest(faces) < CLEAR:
        seen, faces = _looked_for_again(image, faces)
    scale = max(image.size) / max(seen.size)
    face = _chosen(faces, FEWEST_PIXELS / scale)
    face = _steadied(seen, _straightened(seen, face, WORTH_STRAIGHTENING if seen is image else TURNED_IN_GRAIN))
    return replace(face, x=face.x * scale, y=face.y * scale, side=face.side * scale)


def _looked_for_again(image: Image.Image, faint: list[Face]) -> tuple[Image.Image, list[Face]]:
    """The face of a picture that shows none clearly, and the image it was seen in: grain, evening light, a turn.

    Upright faces come first: in grain they look turned as often as not, and more faces are upright than turned.
    """
    small = image.copy()
    small.thumbnail((LOOKS[1], LOOKS[1]))
    evened = [normalise_contrast(small, blur) for blur in BLURS]
    upright = _voted(evened, 0)
    if _clearest(upright) >= SURE:
        return evened[0], upright
    turned: list[Face] = list(faint)
    for angle in ANGLES[1:]:
        turned += _looked_for(image, angle, LOOKS[:1])
        if _clearest(turned) >= max(CLEAR, _clearest(upright)):
            return image, turned
    if upright or turned:
        return (evened[0], upright) if upright else (image, turned)
    return evened[0], [face for angle in ANGLES[1:] for face in _voted(evened, angle)]


def _voted(views: list[Image.Image], angle: float) -> list[Face]:
    """Faces seen in most of several views of one picture, which noise does not: the mean box and score of each."""
    looks = [_looked_for(view, angle, (long_side,), DOUBTFUL) for view in views for long_side in VOTERS]
    found: list[Face] = []
    for candidate in sorted((face for faces in looks for face in faces), key=lambda face: -face.score):
        if any(_same(candidate, face) for face in found):
            continue
        votes = [max(same, key=lambda face: face.score) for faces in looks if (same := _alike(candidate, faces))]
        if 2 * len(votes) >= len(looks):
            x, y, side = np.mean([(face.x, face.y, face.side) for face in votes], axis=0)
            score = (sum(face.score for face in votes) + DOUBTFUL * (len(looks) - len(votes))) / len(looks)
            if score >= LIKELY:
                found.append(Face(float(x), float(y), float(side), score, angle))
    return found


def _chosen(faces: list[Face], fewest_pixels: float) -> Face:
    """The one face that several boxes are of. Raises ValueError if there is none, or more than one."""
    if not faces:
        raise ValueError("no face was found: give a photo in which one face looks at the camera, well lit")
    best = max(faces, key=lambda face: (face.score >= CLEAR, face.side if face.score >= CLEAR else face.score))
    rivals = [face for face in faces if face.score >= CLEAR and not _same(face, best)]
    if any(face.side**2 >= SECOND_FACE * best.side**2 for face in rivals):
        raise ValueError("several faces were found: crop the photo to the one person who is to speak")
    if best.side < fewest_pixels:
        raise ValueError("the face is too small: give a photo in which it is larger, or crop less away")
    return best


def _clearest(faces: list[Face]) -> float:
    return max((face.score for face in faces), default=FAINT - 1)


def _alike(one: Face, others: list[Face]) -> list[Face]:
    """Boxes of the same face and of about the same size."""
    return [face for face in others if _same(one, face) and 0.75 < face.side / one.side < 1.33]


def _looked_for(image: Image.Image, angle: float, looks: tuple[int, ...], faint: float = FAINT) -> list[Face]:
    """Faces at the first size at which there are clear ones, and at the next, where smaller rivals show."""
    turned = image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=NEUTRAL) if angle else image
    found: list[Face] = []
    for long_side in looks:
        scale = long_side / max(turned.size)
        if long_side > looks[0] and scale > MOST_ENLARGED:
            break
        clear_before = any(face.score >= CLEAR for face in found)
        for x, y, side, score, _ in _detected(turned, scale, faint):
            dx, dy = _turned_back(x - turned.width / 2, y - turned.height / 2, angle)
            found.append(Face(image.width / 2 + dx, image.height / 2 + dy, side, score, angle))
        if clear_before:
            break
    return found


def _straightened(image: Image.Image, face: Face, least: float) -> Face:
    """The face with the angle at which it stands upright: dlib's upright detector scores highest there.

    least: degrees below which the face is left as it is.
    """
    crop = cut(image, Frame(face.x, face.y, 3 * face.side, face.angle), 330)
    scores = []
    for tilt in TILTS:
        seen = _detected(crop.rotate(tilt, Image.Resampling.BILINEAR), 1.0)
        scores.append(max((score for *_, score, part in seen if part == UPRIGHT), default=0.0) ** 2)
    tilt = float(np.dot(scores, TILTS) / sum(scores)) if any(scores) else 0.0
    if noise_level(crop.crop((110, 110, 220, 220))) > GRAINY:  # within the face
        least = TURNED_IN_GRAIN
    return replace(face, angle=face.angle + tilt) if abs(tilt) >= least else face


def _steadied(image: Image.Image, face: Face) -> Face:
    """The face as the mean of detections at several scales: a single box is off by up to a tenth."""
    reach = 2.6 * face.side
    crop = cut(image, Frame(face.x, face.y, reach, face.angle), round(2.6 * max(STEADYING)))
    unit = reach / crop.width
    boxes = []
    for pixels in STEADYING:
        for x, y, side, _, _ in _detected(crop, pixels / max(STEADYING)):
            x, y, side = (x - crop.width / 2) * unit, (y - crop.height / 2) * unit, side * unit
            if max(abs(x), abs(y)) < 0.4 * face.side:
                boxes.append((x, y, side))
    if not boxes:
        return face
    x, y, side = (float(value) for value in np.mean(boxes, axis=0))
    dx, dy = _turned_back(x, y, face.angle)
    return replace(face, x=face.x + dx, y=face.y + dy, side=side)


def _detected(image: Image.Image, scale: float, faint: float = FAINT) -> list[tuple[float, float, float, float, int]]:
    """Centre, side, score and part of the detector, in pixels of an image that is looked at `scale` times its size."""
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    pixels = np.asarray(image if scale == 1 else image.resize(size, Image.Resampling.BILINEAR))
    boxes, scores, parts = _detector().run(pixels, 0, faint)
    sx, sy = image.width / size[0], image.height / size[1]
    return [
        ((box.left() + box.width() / 2) * sx, (box.top() + box.height() / 2) * sy, box.width() * sx, score, part)
        for box, score, part in zip(boxes, scores, parts, strict=True)
    ]


@cache
def _detector():
    import dlib

    return dlib.get_frontal_face_detector()


def _same(one: Face, other: Face) -> bool:
    """Whether two boxes are of the same face: the centre of each lies well inside the other."""
    near = 0.5 * min(one.side, other.side)
    return abs(one.x - other.x) < near and abs(one.y - other.y) < near


def _turned_back(dx: float, dy: float, angle: float) -> tuple[float, float]:
    """A step in a picture that was turned by `angle` as a step in the picture before."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return cos * dx - sin * dy, sin * dx + cos * dy
