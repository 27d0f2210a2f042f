"""Promises of the face reader's recipe: examples are what they say, it learns, and the package reads what it writes."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("cv2")

from livetalk.conditions.input_checks import face_network
from livetalk.data.portrait_parts import PortraitPart, portraits_of
from livetalk.recipes.input_checks import covers, drawings, examples
from livetalk.recipes.input_checks.examples import make_example, mirrored
from livetalk.recipes.input_checks.faces import TrainingFace
from livetalk.recipes.input_checks.kept import keep_faces, kept_faces
from livetalk.recipes.input_checks.network import FaceReader, save
from livetalk.recipes.input_checks.painting import SIDE, FacePlace
from livetalk.recipes.input_checks.recipe import ReaderRecipe, jobs_of
from livetalk.recipes.input_checks.run import main


def made_up() -> TrainingFace:
    picture = np.random.default_rng(0).integers(60, 200, (240, 200, 3)).astype(np.uint8)
    eyes = np.array([(80.0, 100.0), (120.0, 100.0)])
    return TrainingFace(picture, eyes, np.array((100.0, 145.0)), yaw=10.0, pitch=-4.0, lip_gap=0.1)


def test_an_example_is_the_same_for_the_same_seed_and_leaves_its_face_alone():
    face = made_up()
    before = face.picture.copy()
    for seed in range(40):
        one, other = (make_example(face, np.random.default_rng(seed), [before]) for _ in range(2))
        assert np.array_equal(one[0], other[0])
        assert np.array_equal(one[1], other[1])
        assert one[0].shape == (128, 128, 3)
        assert np.isfinite(one[1]).all()
        left, right = one[1][:4].reshape(2, 2)[:, 0]
        assert left < right or not one[1][face_network.FACE]
        assert abs(one[1][4]) == pytest.approx(10 / face_network.DEGREES)
    assert np.array_equal(face.picture, before)


def test_a_face_mirrored_twice_is_itself():
    face = made_up()
    twice = mirrored(mirrored(face))
    assert np.array_equal(twice.picture, face.picture)
    assert np.allclose(twice.eyes, face.eyes)
    assert twice.yaw == face.yaw


@pytest.mark.parametrize("cover", covers.COVERS[:3] + covers.COVERS[4:7], ids=lambda cover: cover.__name__)
def test_each_cover_covers_and_leaves_what_it_was_given_alone(cover: covers.Cover):
    place = FacePlace(np.array((96.0, 70.0)), np.array((52.0, 0.0)), np.array((96.0, 128.0)), 0.0)
    canvas = np.full((SIDE, SIDE, 3), 128.0, np.float32)
    for seed in range(4):
        painted, mask = cover(canvas, place, np.random.default_rng(seed), [])
        assert painted.shape == canvas.shape
        assert mask.max() > 0.9
        assert np.abs(painted - 128).max() > 1
    assert (canvas == 128).all()


@pytest.mark.parametrize("style", dict.fromkeys(drawings.STYLES), ids=lambda style: style.__name__)
def test_each_style_draws(style):
    picture = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
    assert np.asarray(style(picture, np.random.default_rng(2))).shape == picture.shape


def test_faces_are_kept_as_they_are(tmp_path: Path):
    faces = [made_up(), mirrored(made_up())]
    keep_faces(tmp_path / "faces.npz", faces)
    for given, kept in zip(faces, kept_faces(tmp_path / "faces.npz"), strict=True):
        assert np.array_equal(given.picture, kept.picture)
        assert np.array_equal(given.eyes, kept.eyes)
        assert np.array_equal(given.mouth, kept.mouth)
        assert (given.yaw, given.pitch, given.lip_gap) == (kept.yaw, kept.pitch, kept.lip_gap)
    assert [path.name for path in tmp_path.iterdir()] == ["faces.npz"]


def test_jobs_share_no_face_and_make_all_examples(tmp_path: Path):
    for number in range(300):
        (tmp_path / f"p{number:03}.jpg").touch()
    recipe = ReaderRecipe(people=150, examples=1000)
    jobs = list(jobs_of(recipe, tmp_path))
    assert [job.kind for job in jobs] == ["photographs"] * 2 + ["puppets"] * 3 + ["people"] * 3
    assert sum(job.examples for job in jobs) == pytest.approx(1000, abs=len(jobs))
    assert sorted(number for job in jobs for number in job.people) == list(range(150))
    paths = [path for job in jobs if job.kind == "puppets" for path in job.paths]
    assert paths == portraits_of(tmp_path, PortraitPart.TRAINING)
    assert sum(job.examples for job in jobs_of(recipe, None)) == pytest.approx(1000, abs=3)


def test_a_square_that_missed_says_so_and_nothing_else(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(examples, "MISSED", 1.0)
    for seed in range(12):
        _, row = make_example(made_up(), np.random.default_rng(seed), [made_up().picture])
        assert row[face_network.FACE] == 0
        assert (row[12:] == 0).all()


def test_a_place_that_cannot_be_written_is_refused_first(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert main([str(tmp_path / "none" / "face.npz")]) == 2
    assert "in a folder that is there" in capsys.readouterr().out


@pytest.mark.slow
def test_the_miniature_learns_and_the_package_reads_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    done = main([str(tmp_path / "face.npz"), "--miniature"])
    said = capsys.readouterr().out
    if "EGL" in said:
        pytest.skip(f"no EGL here: {said}")
    assert done == 0, said
    first, *_, last = (float(loss) for loss in re.findall(r"loss ([\d.]+)", said))
    assert last < 0.9 * first
    with np.load(tmp_path / "face.npz") as ours, np.load(face_network.WEIGHTS) as bundled:
        assert {name: ours[name].shape for name in ours} == {name: bundled[name].shape for name in bundled}
    reading = _read(tmp_path / "face.npz", made_up().picture[:128, :128], monkeypatch)
    assert np.isfinite([*reading.eyes.ravel(), reading.yaw, reading.pitch, reading.covered]).all()


def test_the_package_reads_what_torch_would_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    torch.manual_seed(0)
    network = FaceReader()
    network(torch.randn(8, 3, 128, 128))  # so that there is something to normalise by
    save(network.eval(), tmp_path / "face.npz")
    picture = made_up().picture[:128, :128]
    reading = _read(tmp_path / "face.npz", picture, monkeypatch)
    both = np.stack([picture, picture[:, ::-1]]).astype(np.float32) / 127.5 - 1
    with torch.no_grad():
        plain, other = network(torch.from_numpy(both).permute(0, 3, 1, 2)).numpy()
    assert reading.yaw == pytest.approx((plain[4] - other[4]) / 2 * face_network.DEGREES, abs=0.1)
    assert reading.covered == pytest.approx((plain[9] + other[9]) / 2, abs=0.01)


def _read(weights: Path, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> face_network.FaceReading:
    with monkeypatch.context() as changed:
        changed.setattr(face_network, "WEIGHTS", weights)
        face_network._weights.cache_clear()
        try:
            return face_network.read_face(picture)
        finally:
            face_network._weights.cache_clear()
