"""Texture is the same wherever a face goes, and is not where a feature is gone."""

import numpy as np
import pytest
from scipy.ndimage import affine_transform, gaussian_filter

from livetalk.evaluation.metrics.texture import FEATURES, INNER_LIPS, patches, shut, texture
from tests.evaluation.photos.made_up import tracked

SIDE = 200
CENTRES = {"left eye": (70, 80), "right eye": (130, 80), "nose": (100, 115), "mouth": (100, 150)}
TURN = np.array([[0.97, 0.12], [-0.12, 0.97]])  # of places (x, y)
MOVE = np.array([-8.0, 14.0])


def drawn_mesh() -> np.ndarray:
    """478 points: those of each feature on a ring around its centre, the others anywhere."""
    mesh = np.random.default_rng(0).uniform(20, SIDE - 20, (478, 2))
    for name, (points, _) in FEATURES.items():
        ring = np.linspace(0, 2 * np.pi, len(points), endpoint=False)
        mesh[list(points)] = np.array(CENTRES[name]) + 14 * np.stack([np.cos(ring), 0.7 * np.sin(ring)], axis=1)
    ring = np.linspace(0, 2 * np.pi, len(INNER_LIPS), endpoint=False)
    mesh[list(INNER_LIPS)] = np.array(CENTRES["mouth"]) + 5 * np.stack([np.cos(ring), 0.6 * np.sin(ring)], axis=1)
    for corner, x in ((33, 60), (133, 80), (362, 120), (263, 140)):
        mesh[corner] = (x, 80)
    return mesh


def drawn_face() -> np.ndarray:
    noise = gaussian_filter(np.random.default_rng(1).normal(0, 1, (SIDE, SIDE)), 2)
    return np.repeat((128 + 300 * noise).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def moved(face: np.ndarray, mesh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The face turned, moved, and lit from one side."""
    back = np.linalg.inv(TURN)
    rows = back[::-1, ::-1]  # of (y, x)
    grey = affine_transform(face[..., 0].astype(float), rows, -(rows @ MOVE[::-1]), order=1, mode="nearest")
    grey = 0.7 * grey + np.linspace(0, 60, SIDE)
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2), mesh @ TURN.T + MOVE


def test_a_face_that_turns_moves_and_is_lit_otherwise_keeps_its_texture() -> None:
    face, mesh = drawn_face(), drawn_mesh()
    there, placed = moved(face, mesh)
    rows = texture(np.stack([face, there]), np.stack([mesh, placed]), face, mesh)
    assert rows[0] == pytest.approx(np.ones(4))
    assert rows[1].min() > 0.93


def test_only_the_feature_that_is_gone_is_missed() -> None:
    face, mesh = drawn_face(), drawn_mesh()
    for place, (name, (x, y)) in enumerate(CENTRES.items()):
        torn = face.copy()
        torn[y - 18 : y + 18, x - 18 : x + 18] = 128
        found = texture(torn[None], mesh[None], face, mesh)[0]
        assert found[place] < 0.3, name
        assert np.delete(found, place).min() > 0.6, name


def test_a_face_that_is_not_found_has_none() -> None:
    face, mesh = drawn_face(), drawn_mesh()
    assert (texture(face[None], np.full((1, 478, 2), np.nan), face, mesh) == 0).all()


def test_what_is_between_the_lips_is_left_out() -> None:
    found = patches(drawn_mesh())["mouth"].places
    from_centre = np.abs(found - np.array(CENTRES["mouth"])) / (5, 3)
    assert np.hypot(*from_centre.T).min() > 0.9


def test_eyes_are_shut_together_and_beyond_the_portrait_s() -> None:
    portrait = tracked(1, eyeBlinkLeft=0.3, eyeBlinkRight=0.3)
    both, one = tracked(2, eyeBlinkLeft=0.7, eyeBlinkRight=0.6), tracked(2, eyeBlinkLeft=0.9, eyeBlinkRight=0.3)
    assert shut(both, portrait).all()
    assert not shut(one, portrait).any()
    assert not shut(tracked(2, eyeBlinkLeft=0.45, eyeBlinkRight=0.45), portrait).any()
