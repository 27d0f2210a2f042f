"""Training examples of the face reader: squares around faces as a detector would give them, most with one fault.

Needs OpenCV (the `eval` extra).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from livetalk.conditions.input_checks import face_network
from livetalk.recipes.input_checks import spoiling
from livetalk.recipes.input_checks.covers import covered, harmless
from livetalk.recipes.input_checks.drawings import drawn
from livetalk.recipes.input_checks.faces import TrainingFace
from livetalk.recipes.input_checks.painting import SIDE, Canvas, FacePlace, Pieces, Random

REACH = 3.7  # distances between the eyes: the side of the square
FAULTS = {"none": 0.24, "covered": 0.24, "drawing": 0.2, "blurred": 0.13, "dark": 0.12, "cut": 0.07}
COVERED, UNCOVERED = 0.13, 0.03  # share of the face: from here on it is covered, below here it is not
FORESHORTENED = 0.45  # of the eyes' distance at most is taken for a turn's doing
NOISE, MOST_PIECES = 4, 120  # textures
MISSED = 0.08  # share of the squares that hold no face, or one that is turned over
GAP, BLUR, DARK, COVER, THERE = range(12, 17)  # places of the weights behind the twelve truths


@dataclass(frozen=True)
class FaceTruth:
    """What the network should say of a square, and how far each of it is known (0 to 1)."""

    eyes: Float[np.ndarray, "2 2"]  # shares of the square, 0 its middle
    yaw: float
    pitch: float
    lip_gap: float
    blur: float = 0.0  # distances between the eyes
    darkness: float = 0.0  # stops
    covered: bool = False
    drawing: bool = False
    sure_of_gap: float = 1.0
    sure_of_blur: float = 1.0
    sure_of_darkness: float = 1.0
    sure_of_cover: float = 1.0
    face: bool = True  # without one nothing else is known

    def row(self) -> Float[np.ndarray, "17"]:
        """The twelve outputs in the network's units, then five weights."""
        angles = np.array([self.yaw, self.pitch]) / face_network.DEGREES
        measures = (
            self.lip_gap / face_network.GAPS,
            np.sqrt(self.blur) / face_network.BLURS,
            self.darkness / face_network.STOPS,
        )
        sure = np.array([self.sure_of_gap, self.sure_of_blur, self.sure_of_darkness, self.sure_of_cover, 1.0])
        eyes = self.eyes.ravel() / face_network.REACH
        return np.array(
            [*eyes, *angles, *measures, self.covered, self.drawing, self.face, *(sure * self.face)], np.float32
        )


@dataclass(frozen=True)
class Examples:
    """Squares and their truths, in a row each."""

    squares: UInt8[np.ndarray, "n 128 128 3"]
    truths: Float[np.ndarray, "n 17"]


def examples_of(faces: Sequence[TrainingFace], count: int, rng: Random) -> Examples:
    """So many examples, of all faces in turn; parts of their pictures, and noise, become textures of covers."""
    pieces = [rng.integers(0, 255, (80, 80, 3), dtype=np.uint8) for _ in range(NOISE)]
    pieces += [np.array(face.picture[:200]) for face in faces[:: -(-len(faces) // MOST_PIECES)]]
    made = [make_example(faces[row % len(faces)], rng, pieces) for row in range(count)]
    squares, truths = zip(*made, strict=True)
    return Examples(np.stack(squares), np.stack(truths))


def make_example(
    face: TrainingFace, rng: Random, pieces: Pieces
) -> tuple[UInt8[np.ndarray, "128 128 3"], Float[np.ndarray, "17"]]:
    """One square of a face, and its row of truths."""
    if rng.random() < 0.5:
        face = mirrored(face)
    grey_beyond, missed = rng.random() < 0.5, rng.random() < MISSED
    canvas, place, eyes = _square(face, grey_beyond, rng, _miss(rng) if missed else AIMED)
    truth = FaceTruth(eyes, face.yaw, face.pitch, face.lip_gap, face=not missed)
    fault = str(rng.choice(list(FAULTS), p=list(FAULTS.values())))
    if fault == "covered":
        canvas, share = covered(canvas, place, rng, pieces)
        sure = float(share >= COVERED or share < UNCOVERED)
        truth = replace(truth, covered=share >= COVERED, sure_of_cover=sure, sure_of_gap=0.0, sure_of_darkness=0.0)
    elif rng.random() < 0.3:
        canvas = harmless(canvas, place, rng, pieces)
    if fault == "drawing":
        canvas = drawn(canvas, rng)
        truth = replace(truth, drawing=True, sure_of_blur=0.0, sure_of_darkness=0.0)
    canvas, truth = _softened(canvas.astype(np.float32), truth, fault, place.unit, rng)
    canvas, truth = _shaded(spoiling.toned(canvas, rng), truth, fault, place, rng)
    if fault not in ("blurred", "drawing") and rng.random() < 0.1:
        canvas = spoiling.smoothed(canvas, rng)
    if fault == "cut":
        canvas, below = spoiling.cut_off(canvas, place, grey_beyond, rng)
        gap = 0.0 if below else 1.0
        truth = replace(truth, sure_of_cover=0.0, sure_of_gap=gap, sure_of_blur=0.0, sure_of_darkness=0.0)
    return _shrunk(canvas, rng), truth.row()


def mirrored(face: TrainingFace) -> TrainingFace:
    right = face.picture.shape[1] - 1
    eyes, mouth = (np.asarray(points) * (-1, 1) + (right, 0) for points in (face.eyes[::-1], face.mouth))
    picture = np.ascontiguousarray(face.picture[:, ::-1])
    return replace(face, picture=picture, eyes=eyes, mouth=mouth, yaw=-face.yaw)


@dataclass(frozen=True)
class Aim:
    """How far beside a face a square is, in distances between the eyes; how many times too large; how far turned."""

    beside: Float[np.ndarray, "2"]
    larger: float = 1.0
    turned: float = 0.0  # degrees


AIMED = Aim(np.zeros(2))


def _miss(rng: Random) -> Aim:
    """What a finder takes for a face now and then: part of one, something beside it, a face on its side or head."""
    angle, kind = rng.uniform(0, 2 * np.pi), int(rng.integers(4))
    way = np.array([np.cos(angle), np.sin(angle)])
    if kind == 0:
        return Aim(rng.uniform(0, 0.3) * way, turned=rng.choice((-90, 90, 180)) + rng.uniform(-35, 35))
    if kind == 1:
        return Aim(rng.uniform(0, 1.8) * way, rng.uniform(0.15, 0.5), rng.choice((0, 0, -90, 90, 180)))
    if kind == 2:
        return Aim(rng.uniform(1.5, 2.5) * way, rng.uniform(0.5, 1.2), rng.choice((0, 0, -90, 90, 180)))
    return Aim(rng.uniform(0, 1.5) * way, rng.uniform(2.0, 3.0))


def _square(
    face: TrainingFace, grey: bool, rng: Random, aim: Aim = AIMED
) -> tuple[Canvas, FacePlace, Float[np.ndarray, "2 2"]]:
    """The square around a face, off by as much as detectors are; where the face and its eyes are in it."""
    between = face.eyes[1] - face.eyes[0]
    seen = float(np.hypot(*between))
    right, turn = between / seen, np.radians(face.yaw)
    unit = seen / max(float(np.cos(turn)), FORESHORTENED)
    down = np.array([-right[1], right[0]])
    middle = face.eyes.mean(0) + unit * (0.5 * down + 0.25 * np.sin(turn) * right + rng.normal(0, 0.11, 2))
    middle = middle + unit * aim.beside
    scale = SIDE / (unit * REACH * aim.larger * np.exp(rng.normal(0, 0.09)))
    angle = np.arctan2(right[1], right[0]) + np.radians(rng.normal(0, 6) + aim.turned)
    matrix = scale * np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    offset = SIDE / 2 - matrix @ middle
    picture = face.picture
    if scale < 0.75:  # what is shrunk is smoothed first
        picture = cv2.GaussianBlur(picture, (0, 0), max(0.5 * (1 / scale - 0.6), 0.3))
    beyond = cv2.BORDER_CONSTANT if grey else cv2.BORDER_REPLICATE
    affine = np.column_stack([matrix, offset])
    canvas = cv2.warpAffine(picture, affine, (SIDE, SIDE), borderMode=beyond, borderValue=(128, 128, 128))
    eyes = face.eyes @ matrix.T + offset
    across = matrix @ right * unit
    place = FacePlace(eyes.mean(0), across, matrix @ face.mouth + offset, face.yaw)
    return canvas.astype(np.float32), place, eyes / SIDE - 0.5


def _softened(canvas: Canvas, truth: FaceTruth, fault: str, unit: float, rng: Random) -> tuple[Canvas, FaceTruth]:
    """Blurred, or of little resolution."""
    if fault == "blurred" or (fault != "drawing" and rng.random() < 0.08):
        radius = rng.uniform(0, 0.17) if rng.random() < 0.9 else rng.uniform(0.17, 0.3)
        return spoiling.blurred(canvas, radius * unit, rng), replace(truth, blur=radius)
    if fault != "drawing" and rng.random() < 0.15:
        factor = rng.uniform(1, 3)
        blur = 0.45 * factor / unit if factor > 1.6 else 0.0
        return spoiling.coarse(canvas, factor), replace(truth, blur=blur, sure_of_blur=0.3)
    return canvas, truth


def _shaded(canvas: Canvas, truth: FaceTruth, fault: str, face: FacePlace, rng: Random) -> tuple[Canvas, FaceTruth]:
    """In too little light, or in a little more than was; with noise."""
    if fault == "dark" or (fault != "drawing" and rng.random() < 0.05):
        stops = rng.uniform(0, 6.5)
        canvas, truth = spoiling.dimmed(canvas, stops, face, rng), replace(truth, darkness=stops)
    elif rng.random() < 0.15:
        canvas = spoiling.lit(canvas, 2 ** rng.uniform(0, 0.8))
    if rng.random() < 0.25 or (fault == "dark" and rng.random() < 0.5):
        canvas = spoiling.grained(canvas, rng)
    return canvas, truth


def _shrunk(canvas: Canvas, rng: Random) -> UInt8[np.ndarray, "128 128 3"]:
    """What the network is shown; half of it has been a JPEG."""
    size = face_network.SIDE, face_network.SIDE
    square: np.ndarray = cv2.resize(np.clip(canvas, 0, 255).astype(np.uint8), size, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))]
        decoded = cv2.imdecode(cv2.imencode(".jpg", square[..., ::-1], quality)[1], cv2.IMREAD_COLOR)
        assert decoded is not None
        square = decoded[..., ::-1]
    return np.asarray(square, np.uint8)
