"""Fitted portraits of people who do not exist: a rendered head, whose fit is known because it was drawn from it."""

from dataclasses import replace

import numpy as np

from livetalk.data.arkit import INDEX
from livetalk.data.heads import backdrop
from livetalk.data.heads.camera import PIVOT, Camera, rotations
from livetalk.data.heads.look import sample_look
from livetalk.data.heads.mesh import Person, load_asset
from livetalk.data.heads.renderer import HeadRenderer
from livetalk.data.puppets.correspondence import IRISES, load_correspondence
from livetalk.data.puppets.fitted import FittedPortrait
from livetalk.data.puppets.posed import FOCAL, project

SIDE = 320


def rendered_portrait(
    seed: int,
    expression: dict[str, float] | None = None,
    angles: tuple[float, float, float] = (0, 0, 0),
    side: int = SIDE,
) -> FittedPortrait:
    """The person of a seed as a photograph of a known fit."""
    look = sample_look(seed)
    scene = replace(
        look.scene, field=2 * float(np.arctan(0.5 / FOCAL)), tilt=0.0, height=4.2, offset=0.0, eye_line=0.42
    )
    look = replace(look, scene=scene, glasses=None)
    weights = np.zeros(52, np.float32)
    for name, value in (expression or {}).items():
        weights[INDEX[name]] = value
    pose = np.array([[*angles, 0, 0, 0]], np.float32)
    renderer = HeadRenderer(side)
    try:
        renderer.dress(look)
        photograph = renderer.render(weights[None], pose)[0]
    finally:
        renderer.close()
    person = Person(look)
    fitted = person.fitted(weights[None])[0]
    rotation = rotations(pose[:, :3])[0]
    shift = PIVOT - Camera(look, person).place
    points = person.points + np.tensordot(fitted, load_asset().action, 1)
    flat = project((points - PIVOT) @ rotation.T + shift)
    landmarks = np.zeros((478, 2))
    landmarks[:] = np.nan_to_num(load_correspondence().places(flat))
    for side_of, ring in enumerate(IRISES):
        centre = person.eyes[side_of] + person.eye_radius * np.array([0, 0, 1.0])
        reach = look.eyes.size * person.eye_radius
        offsets = np.array([[0, 0, 0], [reach, 0, 0], [0, reach, 0], [-reach, 0, 0], [0, -reach, 0]])
        landmarks[list(ring)] = project((centre + offsets - PIVOT) @ rotation.T + shift)
    plate = backdrop.paint(look, side)
    alpha = (np.abs(photograph.astype(int) - plate).max(-1) > 3).astype(np.uint8) * 255
    identity = np.zeros(len(load_asset().identity_place), np.float32)
    for name, value in look.shape:
        identity[load_asset().identity_place[name]] = value
    return FittedPortrait(
        name=f"rendered_{seed}", photograph=photograph, alpha=alpha, plate=plate[::4, ::4], matted=True,
        landmarks=landmarks, identity=identity, weights=fitted, angles=np.array(angles, float), shift=shift,
        smile=0.0, residual=0.0,
    )  # fmt: skip
