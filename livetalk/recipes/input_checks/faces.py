"""Faces to train on, with their truth: rendered people, photographs that MediaPipe read, puppets of photographs.

Knows no faults. Photographs come from a folder of the user's, those of its training part (`portrait_parts.py`).
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Float, UInt8

from livetalk.data.arkit import INDEX

SIZE = 384  # pixels of a rendered picture
PER_PERSON = 5  # pictures
EYES = ((33, 133), (362, 263))  # MediaPipe's corners: the eye left in the picture, then the right one
LIPS = ((13, 14), (82, 87), (312, 317))  # inner lips, upper and lower: middle and both sides of it
AHEAD = 3.0  # degrees: people who look straight ahead are read so far down
TWO_SIDED = ("mouthSmile", "eyeBlink")
LIFTED = ("mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight")
SOMETIMES = ("browInnerUp", "browDownLeft", "browDownRight", "cheekPuff", "mouthPucker")


@dataclass(frozen=True)
class TrainingFace:
    """A picture of one face and the truth about it. Pixels; degrees; lip gap in distances between the eyes."""

    picture: UInt8[np.ndarray, "h w 3"]
    eyes: Float[np.ndarray, "2 2"]  # left in the picture first
    mouth: Float[np.ndarray, "2"]
    yaw: float  # + to the picture's right
    pitch: float  # + down
    lip_gap: float


class FaceRenderer(Protocol):
    """What draws a dressed head, of whichever kind, and tells where its parts lie."""

    def render(self, weights: np.ndarray, pose: np.ndarray) -> UInt8[np.ndarray, "t h w 3"]: ...

    def boxes(self, weights: np.ndarray, pose: np.ndarray) -> Float[np.ndarray, "t 3 2"]: ...

    def opening(self, weights: np.ndarray) -> Float[np.ndarray, "t"]: ...


def rendered_faces(people: Iterable[int]) -> Iterator[TrainingFace]:
    """Five pictures of each rendered person: calm, turned aside, the mouth open, turned up or down, shouting ahead."""
    from livetalk.data.heads import HeadRenderer
    from livetalk.data.heads.look import sample_look

    with closing(HeadRenderer(SIZE)) as renderer:
        for seed in people:
            rng = np.random.default_rng([seed, 77])
            look = sample_look(seed)
            renderer.dress(look)
            poses, jaws = zip(*(_pose(rng, place) for place in range(PER_PERSON)), strict=True)
            weights = np.stack([_expression(rng, jaw) for jaw in jaws])
            tilt = float(np.degrees(look.scene.tilt))
            yield from _drawn(renderer, weights, np.stack(poses).astype(np.float32), tilt)


def _drawn(renderer: FaceRenderer, weights: np.ndarray, pose: np.ndarray, tilt: float) -> Iterator[TrainingFace]:
    pictures, places = renderer.render(weights, pose), renderer.boxes(weights, pose)
    for picture, (one, other, mouth), gap, angles in zip(
        pictures, places, renderer.opening(weights), pose, strict=True
    ):
        eyes = np.array(sorted((one, other), key=lambda point: point[0]), float)
        yaw, pitch = (float(np.degrees(angle)) for angle in angles[:2])
        yield TrainingFace(picture, eyes, np.asarray(mouth, float), yaw, pitch + tilt, float(gap))


def _pose(rng: np.random.Generator, place: int) -> tuple[Float[np.ndarray, "6"], float]:
    """Pose (radians) and jaw of one of a person's five pictures."""
    sign, roll = rng.choice((-1, 1)), rng.uniform(-0.15, 0.15)
    half_shut = float(rng.choice((0, rng.uniform(0, 0.9))))
    if place == 0:
        angles, jaw = rng.uniform(-1, 1, 3) * (0.3, 0.2, 0.1), float(rng.choice((0, 0, rng.uniform(0, 0.15))))
    elif place == 1:
        angles, jaw = (sign * rng.uniform(0.3, 0.95), rng.uniform(-0.3, 0.3), roll), half_shut
    elif place == 2:
        angles, jaw = rng.uniform(-1, 1, 3) * (0.45, 0.25, 0.15), rng.uniform(0.2, 1)
    elif place == 3:
        angles, jaw = (rng.uniform(-0.5, 0.5), sign * rng.uniform(0.3, 0.65), roll), half_shut
    else:
        angles, jaw = rng.uniform(-1, 1, 3) * (0.2, 0.12, 0.08), rng.uniform(0.35, 1)
    return np.array([*angles, 0, 0, 0], np.float32), jaw


def _expression(rng: np.random.Generator, jaw: float) -> Float[np.ndarray, "52"]:
    weights = np.zeros(52, np.float32)
    weights[INDEX["jawOpen"]] = jaw
    for name, zeros in zip(TWO_SIDED, (2, 3), strict=True):
        weights[[INDEX[f"{name}Left"], INDEX[f"{name}Right"]]] = rng.choice([0.0] * zeros + [rng.uniform(0, 1)])
    if rng.random() < 0.4:
        weights[[INDEX[name] for name in LIFTED]] = rng.uniform(0, 0.5)
    if rng.random() < 0.3:
        weights[INDEX["mouthFunnel"]] = rng.uniform(0, 0.6)
    for name in SOMETIMES:
        if rng.random() < 0.25:
            weights[INDEX[name]] = rng.uniform(0, 0.8)
    return weights


def photographed_faces(paths: Iterable[Path]) -> Iterator[TrainingFace]:
    """The clearest face of each photograph, as MediaPipe's landmarks tell it. Those without a face are left out."""
    from livetalk.media.landmarker import FaceLandmarker
    from livetalk.media.pictures import open_picture

    with FaceLandmarker(most=2) as landmarker:
        for path in paths:
            picture = open_picture(path)
            for face in landmarker.detect(picture)[:1]:
                points = face.points
                eyes = np.array([points[list(corners)].mean(0) for corners in EYES])
                gaps = [np.hypot(*(points[upper] - points[lower])) for upper, lower in LIPS]
                gap = float(np.mean(gaps) / np.hypot(*(eyes[1] - eyes[0])))
                yaw, pitch = (float(np.degrees(angle)) for angle in face.angles[:2])
                yield TrainingFace(picture, eyes, points[list(LIPS[0])].mean(0), yaw, pitch - AHEAD, gap)


def puppet_faces(paths: Iterable[Path]) -> Iterator[TrainingFace]:
    """Three pictures of each photograph's puppet: photographed faces that open their mouths, turned a little."""
    from livetalk.data.puppets import filters
    from livetalk.data.puppets.fit import Fitter
    from livetalk.data.puppets.renderer import PuppetRenderer

    with Fitter() as fitter, closing(PuppetRenderer(SIZE)) as renderer:
        for path in paths:
            try:
                fit = fitter.fit_file(path)
            except ValueError:  # no face, or several: a photograph fewer
                continue
            if set(filters.reasons(fit)) - {"small", "blurred", "grey"}:
                continue
            renderer.dress(fit.portrait)
            own, pose = renderer.own()
            yield from _drawn(renderer, *_opened(own, pose, np.random.default_rng(list(path.stem.encode()))), tilt=0.0)


def _opened(own: np.ndarray, pose: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    weights, poses = np.tile(np.asarray(own, np.float32), (3, 1)), np.tile(np.asarray(pose, np.float32), (3, 1))
    weights[0] = 0
    for place, (least, most) in enumerate(((0, 0.2), (0.25, 0.6), (0.45, 1))):
        weights[place, INDEX["jawOpen"]] = rng.uniform(least, most)
        poses[place, :3] += rng.uniform(-0.15, 0.15, 3) * (1, 0.7, 0.5)
        if rng.random() < 0.5:
            weights[place, INDEX["mouthFunnel"]] = rng.uniform(0, 0.5)
    return weights, poses
