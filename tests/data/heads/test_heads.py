"""Rendered heads keep their promises: same seed same picture, lips that really close, landmarks where the face is."""

from collections.abc import Iterator

import numpy as np
import pytest

from livetalk.data.arkit import ARKIT, INDEX
from livetalk.data.heads import HeadRenderer, sample_look
from livetalk.data.heads.sheet import contact_sheet

REST, STILL = np.zeros((1, 52), np.float32), np.zeros((1, 6), np.float32)


def face(**shapes: float) -> np.ndarray:
    weights = REST.copy()
    for name, value in shapes.items():
        weights[0, INDEX[name]] = value
    return weights


@pytest.fixture(scope="module")
def renderer() -> Iterator[HeadRenderer]:
    try:
        one = HeadRenderer(128)
    except ValueError as error:
        pytest.skip(f"no EGL here: {error}")
    yield one
    one.close()


def test_the_shapes_are_arkits_in_sorted_order() -> None:
    assert len(ARKIT) == 52
    assert list(ARKIT) == sorted(set(ARKIT))


def test_a_seed_is_one_look() -> None:
    assert sample_look(7) == sample_look(7)
    assert sample_look(7) != sample_look(8)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        sample_look(-1)


def test_same_seed_same_picture(renderer: HeadRenderer) -> None:
    pictures = []
    for seed in (3, 4, 3):
        renderer.dress(sample_look(seed))
        pictures.append(renderer.render(face(jawOpen=0.4), STILL))
    assert np.array_equal(pictures[0], pictures[2])
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() > 5


def test_frames_do_not_depend_on_their_neighbours(renderer: HeadRenderer) -> None:
    renderer.dress(sample_look(5))
    rng = np.random.default_rng(0)
    weights, pose = rng.random((3, 52)).astype(np.float32) * 0.3, (rng.normal(size=(3, 6)) * 0.1).astype(np.float32)
    together = renderer.render(weights, pose)
    assert together.shape == (3, 128, 128, 3)
    assert together.dtype == np.uint8
    assert np.array_equal(together[2], renderer.render(weights[2:], pose[2:])[0])


@pytest.mark.parametrize("seed", [0, 1, 11, 83, 900_000_003])
def test_lips_touch_at_rest_and_part_with_the_jaw(renderer: HeadRenderer, seed: int) -> None:
    renderer.dress(sample_look(seed))
    assert renderer.opening(REST)[0] < 0.02
    assert renderer.opening(face(jawOpen=0.15, mouthClose=0.15))[0] < 0.02
    half, wide = renderer.opening(face(jawOpen=0.3))[0], renderer.opening(face(jawOpen=0.6))[0]
    assert 0.05 < half < wide


def test_pose_moves_the_picture_as_signed(renderer: HeadRenderer) -> None:
    renderer.dress(sample_look(2))
    at_rest = renderer.boxes(REST, STILL)[0]
    for column, amount, axis in ((0, 0.3, 0), (1, 0.3, 1), (3, 0.3, 0), (4, -0.3, 1)):
        pose = STILL.copy()
        pose[0, column] = amount
        moved = renderer.boxes(REST, pose)[0]
        assert (moved[:, axis] > at_rest[:, axis] + 1).all(), f"pose column {column}"
        assert np.abs(renderer.render(REST, pose).astype(int) - renderer.render(REST, STILL)).mean() > 1
    leaned = renderer.boxes(REST, np.array([[0, 0, 0.3, 0, 0, 0]], np.float32))[0]
    assert leaned[0, 1] > at_rest[0, 1], "clockwise: the eye at the right of the picture sinks"


@pytest.mark.parametrize("seed", range(4))
def test_boxes_lie_in_the_picture_with_the_mouth_below_the_eyes(renderer: HeadRenderer, seed: int) -> None:
    renderer.dress(sample_look(seed))
    left, right, mouth = renderer.boxes(REST, STILL)[0]
    assert ((renderer.boxes(REST, STILL) > 10) & (renderer.boxes(REST, STILL) < 118)).all()
    assert left[0] > mouth[0] > right[0], "the person's left is at the right of the picture"
    assert mouth[1] > max(left[1], right[1]) + 10


def test_a_blink_shuts_the_eye_whatever_its_shape(renderer: HeadRenderer) -> None:
    for seed in range(4):
        renderer.dress(sample_look(seed))
        person = renderer.person
        assert person is not None
        lids = person.lid_heights(person.fitted(face(eyeBlinkLeft=1, eyeBlinkRight=1)))[0]
        assert abs(lids[0] - lids[1]) < 0.25
        assert abs(lids[2] - lids[3]) < 0.25


def test_undressed_or_ill_shaped_asks_are_refused() -> None:
    try:
        bare = HeadRenderer(64)
    except ValueError as error:
        pytest.skip(f"no EGL here: {error}")
    with pytest.raises(ValueError, match="dress"):
        bare.render(REST, STILL)
    bare.dress(sample_look(0))
    with pytest.raises(AssertionError):
        bare.render(REST[:, :10], STILL)
    bare.close()
    bare.close()


def test_a_sheet_has_a_tile_a_look(renderer: HeadRenderer) -> None:
    assert contact_sheet([1, 2, 3], size=64, columns=2).shape == (128, 128, 3)
