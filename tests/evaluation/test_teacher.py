"""The teacher plays whole clips through the student's own doors, and its weights are found or asked for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from livetalk.conditions.speech_tiny import SpeechEncoder, SpeechEncoderConfig
from livetalk.conditions.text_tiny import load_text_encoder
from livetalk.dit.model import DiT
from livetalk.evaluation import speed, teacher
from livetalk.evaluation.clips import ASSETS, play
from livetalk.evaluation.teacher import Teacher, find_teacher, open_full_teacher
from livetalk.performer.loading import TRANSFORMER, Parts
from livetalk.performer.networks import Networks
from livetalk.presets import MINIATURE, MINIATURE_FULL
from livetalk.runtime.dtype import best_dtype
from livetalk.weights import save_tensors
from tests.helpers.published import published_folder

PRESET = replace(MINIATURE, teacher_steps=2)


@pytest.fixture
def played(tmp_path: Path) -> Teacher:
    torch.manual_seed(0)
    student = DiT(PRESET.dit)
    save_tensors(tmp_path / "teacher.safetensors", student.state_dict())
    speech = SpeechEncoder(SpeechEncoderConfig()).eval()
    text = load_text_encoder(ASSETS / "text.safetensors")
    networks = Networks.on(PRESET, Parts(student, PRESET.build_codec(), speech, text, "test"))
    return Teacher(networks, tmp_path / "teacher.safetensors")


def test_a_clip_is_as_long_as_its_speech_and_always_the_same(played: Teacher) -> None:
    portrait = np.full((64, 64, 3), 90, np.uint8)
    sound = 0.1 * np.random.default_rng(0).standard_normal(21_000).astype(np.float32)
    one, other = (play(played, portrait, sound, "a person talks") for _ in range(2))
    assert one.shape == (21, 64, 64, 3)
    assert np.array_equal(one, other)
    walked = played.race(portrait, sound, "a person talks")
    assert walked.speedup == walked.student / walked.teacher > 0


def test_another_presets_weights_are_refused(played: Teacher, tmp_path: Path) -> None:
    save_tensors(tmp_path / "other.safetensors", {"head.weight": torch.zeros(3)})
    with pytest.raises(ValueError, match="is not a teacher of preset miniature"):
        Teacher(played.networks, tmp_path / "other.safetensors")


def test_weights_are_found_in_a_file_or_a_folder_or_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teacher, "PLACES", (tmp_path / "none", tmp_path))
    with pytest.raises(ValueError, match=r"there is no teacher at .* leave --teacher out"):
        find_teacher(None)
    (tmp_path / "teacher.safetensors").touch()
    for given in (None, tmp_path, tmp_path / "teacher.safetensors"):
        assert find_teacher(given) == tmp_path / "teacher.safetensors"


def test_held_to_older_instructions_a_model_runs_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    for isa, dtype in [("AVX2", torch.float32), ("avx512_core", torch.float32), ("ALL", torch.bfloat16)]:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", isa)
        assert best_dtype() is dtype


def test_a_bench_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no preset 'none'"):
        speed.bench("none", None, 2.0)


@pytest.mark.slow
def test_a_teacher_of_a_published_size_is_loaded_beside_the_other_files(tmp_path: Path) -> None:
    folder = published_folder(tmp_path / "files")
    weights = tmp_path / "teacher.safetensors"
    (folder / TRANSFORMER).rename(weights)  # the student's own file is not needed
    made = open_full_teacher(replace(MINIATURE_FULL, teacher_steps=2), weights, folder, "cpu")
    frames = play(made, np.full((64, 64, 3), 90, np.uint8), np.zeros(21_000, np.float32), "a person")
    assert frames.shape == (21, 64, 64, 3)
    assert (made.guidance.text, made.guidance.audio) == (4.5, 4.5)
    with pytest.raises(ValueError, match=r"no checkpoint at .*nowhere"):
        open_full_teacher(MINIATURE_FULL, tmp_path / "nowhere", folder, "cpu")
