"""The sheet is one surface over the whole picture, wherever the face lies in it."""

import numpy as np
import pytest

from livetalk.data.puppets.posed import posed_head, project
from livetalk.data.puppets.raster import Lattice, rasterise
from livetalk.data.puppets.sheet import BEYOND, build_sheet
from tests.helpers.portraits import rendered_portrait


@pytest.fixture(scope="module", params=[(8, (0.0, 0.0, 0.0)), (11, (0.2, -0.1, 0.12))])
def built(request):
    seed, angles = request.param
    portrait = rendered_portrait(seed, angles=angles)
    head = posed_head(portrait)
    return head, build_sheet(portrait, head)


def area(flat, triangles):
    a, b, c = (flat[triangles[:, k]] for k in range(3))
    return np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2


def test_it_covers_the_picture_once_but_for_eyes_and_mouth(built):
    head, sheet = built
    flat = project(head.to_camera(sheet.points))
    assert np.abs(flat - sheet.places).max() < 1e-6
    rings = sheet.places[sheet.face : len(sheet.places)]
    assert rings.min() > -BEYOND - 0.01
    assert rings.max() < 1 + BEYOND + 0.01
    outside = sheet.skin[(sheet.skin >= sheet.face).any(1)]
    whole = (1 + 2 * BEYOND) ** 2
    outline = flat[sheet.border]
    x, y = outline.T
    face = abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2
    assert area(flat, outside).sum() == pytest.approx(whole - face, rel=0.02)


def test_shares_are_shares_and_far_action_fades(built):
    _, sheet = built
    assert (sheet.share >= -1e-9).all()
    assert (sheet.share.sum(1) <= 1 + 1e-9).all()
    assert np.allclose(sheet.share[: sheet.face], (1, 0))
    middle = sheet.places[: sheet.face].mean(0)
    ring = np.arange(len(sheet.places))
    far = (ring >= sheet.face) & (sheet.mesh < 0) & (np.abs(sheet.places - middle).max(1) > 0.45)
    assert np.abs(sheet.action[:, far]).max() < 0.02


def test_rasterising_finds_the_nearest_surface():
    flat = np.array([[0.1, 0.1], [0.9, 0.1], [0.1, 0.9], [0.2, 0.2], [0.5, 0.2], [0.2, 0.5]])
    depth = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    met = rasterise(flat, depth, np.array([[0, 1, 2], [3, 4, 5]]), Lattice(0.0, 1.0, 41))
    links, distance = met.carry(np.array([[0.3, 0.3], [0.6, 0.15], [0.95, 0.95], [0.15, 0.7]]), 6)
    assert np.allclose(links @ depth, (1, 0, 0, 0), atol=1e-9)
    assert np.allclose((links @ flat)[[0, 1, 3]], [[0.3, 0.3], [0.6, 0.15], [0.15, 0.7]], atol=1e-9)
    assert (distance[[0, 1, 3]] == 0).all()
    assert distance[2] > 0.3
