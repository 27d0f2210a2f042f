"""Student and teacher make clips of cases, at every size that the package has, and are told apart by their weights."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from livetalk.dit.model import DiT
from livetalk.evaluation.clips import ASSETS
from livetalk.evaluation.table.systems import models
from livetalk.evaluation.table.systems.models import Student, TeacherModel
from livetalk.media.excerpt import film_seconds, film_size
from livetalk.presets import MINIATURE, MINIATURE_FULL
from livetalk.weights import save_bundle, save_tensors
from tests.helpers.tables import a_case


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles of the miniature preset in random numbers, and a teacher."""
    return miniature_weights(tmp_path_factory.mktemp("weights"))


def miniature_weights(folder: Path, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    student, codec = DiT(MINIATURE.dit), MINIATURE.build_codec()
    save_bundle(folder / "student.safetensors", student.state_dict(), {"version": "test"})
    save_bundle(folder / "codec.safetensors", codec.state_dict(), {})
    save_tensors(folder / "teacher.safetensors", DiT(MINIATURE.dit).state_dict())
    for name in ("speech", "text"):
        (folder / f"{name}.safetensors").write_bytes((ASSETS / f"{name}.safetensors").read_bytes())
    return folder


def _made(system: Student | TeacherModel, folder: Path) -> list[int]:
    """Make a clip, look at it; frames as they were seen."""
    seen, out = list[int](), folder / "clip.mp4"
    system.open(None, 1).make(a_case(folder), out, seen.append)
    assert film_seconds(out) == pytest.approx(1.0, abs=0.1)
    assert film_size(out) == (64, 64)
    return seen


def test_the_student_makes_clips_block_by_block(weights: Path, tmp_path: Path) -> None:
    assert _made(Student(preset="miniature", weights=weights), tmp_path) == [9, 7]


def test_the_teacher_makes_whole_clips(weights: Path, tmp_path: Path) -> None:
    system = TeacherModel(preset="miniature", weights=weights / "teacher.safetensors", folder=weights)
    assert sum(_made(system, tmp_path)) == 16


@pytest.mark.slow
def test_the_published_sizes_play_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(models.TEACHERS, "miniature-1.3b", replace(MINIATURE_FULL, teacher_steps=2))
    assert sum(_made(TeacherModel(preset="miniature-1.3b", random=True), tmp_path)) == 16


def test_fingerprints_tell_weights_apart(weights: Path, tmp_path: Path) -> None:
    one = Student(preset="miniature", weights=weights)
    other = Student(preset="miniature", weights=miniature_weights(tmp_path, seed=1))
    assert len({one.fingerprint, other.fingerprint, Student().fingerprint}) == 3
    assert one.fingerprint == Student("again", "miniature", weights).fingerprint
    assert one.described == "LiveTalk student, preset miniature, seed 0, weights of version test"
    teacher = TeacherModel(weights=weights / "teacher.safetensors")
    assert teacher.fingerprint != one.fingerprint
    assert TeacherModel(preset="14b", weights=weights / "teacher.safetensors").described.startswith(
        "LiveTalk teacher, preset 14b, 48 guided steps"
    )
