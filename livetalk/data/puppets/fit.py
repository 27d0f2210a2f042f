"""Fitter of photographs: a fitted portrait and a report of the fit. Needs MediaPipe and OpenCV (the `eval` extra).

Does not know: which portraits are worth keeping (`filters`), or files of many (`pack`).
"""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from livetalk.conditions.crop import cut
from livetalk.conditions.portrait import find_face, framing
from livetalk.data.arkit import ARKIT, INDEX
from livetalk.data.puppets.correspondence import LID_RINGS, load_correspondence
from livetalk.data.puppets.fitted import SHOWN, FittedPortrait
from livetalk.data.puppets.matte import matte_of
from livetalk.data.puppets.people import load_people
from livetalk.data.puppets.plate import plate_of
from livetalk.data.puppets.posed import posed_head, project
from livetalk.data.puppets.solve import SMILE_MOST, FaceProblem, Solution, solve
from livetalk.media.landmarker import FaceLandmarker
from livetalk.media.pictures import open_picture

SIDE = 512  # pixels of a stored photograph
SEEN = 256  # side of the shown part at which errors are told in pixels
INNER_LIPS = (13, 14)
BLINKS = (INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"])


@dataclass(frozen=True)
class FitReport:
    """How a portrait was fitted, and what its photograph is like; lengths of errors are pixels of 256 shown."""

    median: float  # of the landmarks' distances from the fitted head
    rms: float
    warped: float  # root mean square after the warp
    oddness: float  # how far the head is from the mean, standard deviations
    eye_distance: float  # pixels between the eyes in the photograph as it was given
    sharpness: float  # standard deviation of fine detail on the face, levels
    saturation: float  # mean of the picture's middle, 0 to 255
    lip_gap: float  # inter-ocular distances
    shut: float  # the lower of both eyes' blink scores


@dataclass(frozen=True)
class Fit:
    portrait: FittedPortrait
    report: FitReport


class Fitter:
    """Fits photographs one by one; holds the landmarker. Not for use by several threads at once."""

    def __init__(self) -> None:
        self._landmarker = FaceLandmarker(most=2)

    def __enter__(self) -> "Fitter":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._landmarker.__exit__(kind, error, trace)

    def fit_file(self, path: Path, held_out: bool = False) -> Fit:
        """A photograph file. Raises ValueError, with what to do, if it shows no face or several."""
        try:
            return self.fit_picture(open_picture(path), path.stem, held_out)
        except ValueError as error:
            raise ValueError(f"{path.name}: {str(error).removeprefix(f'{path} ')}") from error

    def fit_picture(self, picture: UInt8[np.ndarray, "h w 3"], name: str, held_out: bool = False) -> Fit:
        """The one face of a picture, framed as portraits are, with a margin."""
        frame = framing(find_face(picture), margin=1 / SHOWN)
        photograph = np.asarray(cut(Image.fromarray(picture), frame, SIDE))
        fit = self.fit_framed(photograph, name, held_out)
        distance = fit.report.eye_distance * frame.side / SIDE
        return Fit(fit.portrait, FitReport(**{**vars(fit.report), "eye_distance": distance}))

    def fit_framed(self, photograph: UInt8[np.ndarray, "side side 3"], name: str, held_out: bool = False) -> Fit:
        """A picture that is framed already."""
        faces = self._landmarker.detect(photograph)
        if not faces:
            raise ValueError("no face was found in which landmarks can be placed: give a photo seen from the front")
        if len(faces) > 1:
            raise ValueError("several faces were found: crop the photo to one person")
        face, side = faces[0], len(photograph)
        landmarks = (face.points / side).astype(np.float32)
        scores = np.array([face.scores.get(name, 0.0) for name in ARKIT])
        problem = FaceProblem(landmarks.astype(float), scores, np.array(face.angles))
        solution = solve(problem)
        miss = _pixels(np.linalg.norm(solution.places - problem.wish, axis=1))
        portrait = _portrait(photograph, name, held_out, landmarks, scores, solution, _rms(miss))
        head = posed_head(portrait)
        links = load_correspondence()
        warped = links.places(project(head.warped))[links.used] - problem.wish
        matte = matte_of(photograph, landmarks, project(head.model))
        plate = plate_of(photograph, matte.alpha) if matte.trusted else portrait.plate
        report = _report(portrait, scores, solution, miss, _rms(_pixels(np.linalg.norm(warped, axis=1))))
        changed = {"alpha": matte.alpha, "matted": matte.trusted, "plate": plate}
        return Fit(FittedPortrait(**{**vars(portrait), **changed}), report)


def _portrait(
    photograph: np.ndarray,
    name: str,
    held_out: bool,
    landmarks: np.ndarray,
    scores: np.ndarray,
    solution: Solution,
    residual: float,
) -> FittedPortrait:
    """The portrait as if nothing were known of its background."""
    from livetalk.data.heads.mesh import Person

    side = len(photograph)
    bare = FittedPortrait(
        name=name,
        photograph=photograph,
        alpha=np.full((side, side), 255, np.uint8),
        plate=photograph[2::4, 2::4].copy(),
        matted=False,
        landmarks=landmarks,
        identity=load_people().identity_at(solution.coordinates).astype(np.float32),
        weights=np.zeros(52, np.float32),
        angles=solution.angles.astype(np.float32),
        shift=solution.shift.astype(np.float32),
        smile=float(scores[[INDEX["mouthSmileLeft"], INDEX["mouthSmileRight"]]].mean()),
        residual=residual,
        held_out=held_out,
    )
    weights = Person(bare).unfitted(solution.weights[None])[0].clip(0, SMILE_MOST)
    weights[list(BLINKS)] = weights[list(BLINKS)].clip(0, 1)
    return FittedPortrait(**{**vars(bare), "weights": weights.astype(np.float32)})


def _report(
    portrait: FittedPortrait, scores: np.ndarray, solution: Solution, miss: np.ndarray, warped: float
) -> FitReport:
    places = portrait.landmarks * portrait.side
    eyes = [places[list(ring)].mean(0) for ring in LID_RINGS]
    between = float(np.linalg.norm(eyes[0] - eyes[1]))
    quarter = portrait.side // 4
    middle = portrait.photograph[quarter:-quarter, quarter:-quarter].astype(float)
    return FitReport(
        median=float(np.median(miss)),
        rms=_rms(miss),
        warped=warped,
        oddness=float(np.linalg.norm(solution.coordinates)),
        eye_distance=between,
        sharpness=_sharpness(portrait.photograph, np.concatenate(eyes).reshape(2, 2), between),
        saturation=float((255 * np.ptp(middle, axis=-1) / np.maximum(middle.max(-1), 1)).mean()),
        lip_gap=float(np.linalg.norm(np.subtract(*places[list(INNER_LIPS)]))) / between,
        shut=float(scores[list(BLINKS)].min()),
    )


def _sharpness(photograph: np.ndarray, eyes: np.ndarray, between: float) -> float:
    """Detail finer than a fiftieth of the eyes' distance, in a box about both eyes."""
    from scipy.ndimage import gaussian_filter

    (left, top), (right, bottom) = eyes.min(0) - 0.4 * between, eyes.max(0) + 0.4 * between
    box = photograph[max(int(top), 0) : int(bottom), max(int(left), 0) : int(right)].astype(float).mean(-1)
    return float((box - gaussian_filter(box, between / 50)).std())


def _pixels(distance: np.ndarray) -> np.ndarray:
    return distance * SEEN / SHOWN


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean()))
