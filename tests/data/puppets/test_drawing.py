"""Puppets drawn from portraits of rendered people: the photograph stays itself, and moves as it is told."""

import numpy as np
import pytest

from livetalk.data.arkit import INDEX
from livetalk.data.heads import HeadRenderer, sample_look
from livetalk.data.puppets import PuppetRenderer
from livetalk.data.puppets.fitted import SHOWN
from livetalk.data.puppets.stage import as_shown
from livetalk.data.puppets.variation import Dressed, Variation
from tests.helpers.portraits import rendered_portrait

EXPRESSIONS = (
    (3, {"mouthSmileLeft": 0.4, "mouthSmileRight": 0.4, "jawOpen": 0.1}, (0.10, 0.05, 0.02)),
    (11, {}, (-0.1, 0.0, 0.0)),
    (8, {"jawOpen": 0.3, "mouthUpperUpLeft": 0.4, "mouthUpperUpRight": 0.4, "eyeWideLeft": 0.4}, (0.0, 0.0, 0.1)),
)


@pytest.fixture(scope="module")
def portraits():
    return [rendered_portrait(seed, expression, angles) for seed, expression, angles in EXPRESSIONS]


@pytest.fixture(scope="module")
def renderer():
    renderer = PuppetRenderer()
    yield renderer
    renderer.close()


def own(renderer, count=1):
    """The photograph's own weights and pose, some frames of them."""
    puppet = renderer.puppet
    return np.tile(puppet.weights, (count, 1)), np.tile(puppet.pose, (count, 1))


def with_shape(weights, **shapes):
    changed = weights.copy()
    for name, values in shapes.items():
        changed[:, INDEX[name]] = values
    return changed


def psnr(one, two) -> float:
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - two) ** 2)))


def shown(portrait):
    margin = round(portrait.side * (1 - SHOWN) / 2)
    return portrait.photograph[margin:-margin, margin:-margin]


def test_the_first_frame_is_the_photograph(renderer, portraits):
    for portrait in portraits:
        renderer.dress(portrait)
        frame = renderer.render(*own(renderer))[0]
        (left, right, mouth), between = renderer.boxes(*own(renderer))[0], 60
        middle = ((left + right) / 2 + mouth) / 2
        x, y = (slice(int(v - between), int(v + between)) for v in middle)
        assert psnr(frame[y, x], shown(portrait)[y, x]) > 33
        assert psnr(frame, shown(portrait)) > 28


def fineness(frame, boxes) -> float:
    """Mean squared Laplacian of the nose and cheeks."""
    middle = boxes.mean(0).astype(int)
    x, y = slice(middle[0] - 32, middle[0] + 32), slice(middle[1] - 14, middle[1] + 18)
    luma = frame.mean(-1)
    around = sum(np.roll(luma, way, axis) for axis in (0, 1) for way in (-1, 1))
    return float(np.square(around - 4 * luma)[y, x].mean())


@pytest.mark.parametrize("variation", [Variation(), Variation(grain=3.0, seed=1)])
def test_a_head_that_moves_keeps_its_detail(renderer, variation):
    renderer.dress(Dressed(rendered_portrait(*EXPRESSIONS[1], side=512), variation))
    weights, pose = own(renderer, 9)
    steps = np.arange(1, 9)
    pose[1:, :3] += np.stack([0.1 * np.sin(steps), 0.06 * np.sin(2 * steps), 0.05 * np.cos(steps)], 1)
    drawn = zip(renderer.render(weights, pose), renderer.boxes(weights, pose), strict=True)
    still, *moved = (fineness(frame, boxes) for frame, boxes in drawn)
    assert np.median(moved) > 0.82 * still  # a reduced photograph, drawn from its four nearest pixels: 0.35 to 0.6


def test_lips_asked_shut_are_shut_and_the_mouth_opens_with_the_jaw(renderer, portraits):
    steps = np.linspace(0, 0.9, 10)
    for portrait in portraits:
        renderer.dress(portrait)
        weights = with_shape(np.zeros((10, 52)), jawOpen=steps)
        opening = renderer.opening(weights)
        assert opening[0] == 0
        assert (np.diff(opening) > 0).all()
        assert opening[-1] > 0.2
    frames = renderer.render(weights, own(renderer, 10)[1]).astype(int)
    moved = np.abs(frames - frames[0]).sum((1, 2, 3))
    assert (np.diff(moved) > 0).all()


def test_a_blink_darkens_both_eyes_and_leaves_the_mouth(renderer, portraits):
    renderer.dress(portraits[1])
    weights, pose = own(renderer, 2)
    weights = with_shape(weights, eyeBlinkLeft=(0, 1), eyeBlinkRight=(0, 1))
    open_, shut = renderer.render(weights, pose).astype(int)
    for place, changes in zip(renderer.boxes(weights, pose)[0], (True, True, False), strict=True):
        x, y = (slice(int(v) - 5, int(v) + 6) for v in place)
        assert (np.abs(open_[y, x] - shut[y, x]).mean() > 8) == changes


def test_boxes_follow_the_pose(renderer, portraits):
    renderer.dress(portraits[1])
    weights, pose = own(renderer, 6)
    pose[1:, :] += np.diag([0.15, 0.12, 0.1, 0.2, 0.2, 0.2])[[0, 1, 2, 3, 4]]
    still, yaw, pitch, roll, x, y = renderer.boxes(weights, pose)
    assert (yaw[:, 0] > still[:, 0] + 3).all()
    assert pitch[2, 1] > still[2, 1] + 2
    assert roll[0, 1] > still[0, 1]
    assert roll[1, 1] < still[1, 1]
    assert (x[:, 0] > still[:, 0] + 5).all()
    assert (y[:, 1] < still[:, 1] - 5).all()
    irises = portraits[1].landmarks[[473, 468]]
    assert np.abs(still[:2] - ((irises - (1 - SHOWN) / 2) / SHOWN * 256)).max() < 2


def test_the_same_puppet_is_drawn_alike_and_the_background_stays_still(renderer, portraits):
    weights, pose = np.zeros((3, 52)), np.zeros((3, 6))
    pose[1:, 0], pose[1:, 2] = (0.1, -0.1), (0.05, 0.0)
    varied = Dressed(portraits[0], Variation(background="backdrop", grain=3.0, blur=0.5, quality=70, seed=5))
    drawn = []
    for _ in range(2):
        renderer.dress(varied)
        drawn.append(renderer.render(weights, pose))
        renderer.dress(portraits[1])
    assert np.array_equal(*drawn)
    top = drawn[0][:, :12, :40].astype(int)
    assert np.abs(top - top[0]).max() <= 1
    assert np.abs(drawn[0].astype(int) - drawn[0][0]).max() > 60


def test_a_mirrored_puppet_is_the_mirror_image(renderer, portraits):
    weights, pose = np.zeros((1, 52)), np.array([[0.08, -0.03, 0.05, 0.1, 0.0, 0.1]])
    weights = with_shape(
        weights, eyeBlinkLeft=1.0, mouthSmileLeft=0.6, jawOpen=0.3, eyeLookOutLeft=0.4, eyeLookInRight=0.4
    )
    renderer.dress(portraits[0])
    plain, places = renderer.render(weights, pose)[0], renderer.boxes(weights, pose)[0]
    renderer.dress(Dressed(portraits[0], Variation(mirrored=True)))
    turned = as_shown((weights, pose), Variation(mirrored=True))
    assert psnr(renderer.render(*turned)[0][:, ::-1], plain) > 38
    assert np.allclose(renderer.boxes(*turned)[0], places[[1, 0, 2]] * (-1, 1) + (256, 0), atol=0.01)


def test_heads_and_puppets_live_side_by_side(renderer, portraits):
    renderer.dress(portraits[0])
    before = renderer.render(*own(renderer))
    heads = HeadRenderer()
    heads.dress(sample_look(3))
    assert heads.render(np.zeros((1, 52)), np.zeros((1, 6))).mean() > 10
    assert np.array_equal(renderer.render(*own(renderer)), before)
    assert heads.render(np.zeros((1, 52)), np.zeros((1, 6))).mean() > 10
    heads.close()
