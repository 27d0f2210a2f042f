"""Our numbers are those of the published implementation."""

import json
import shutil

import pytest
import torch
from safetensors.torch import save_file

from livetalk.parity.parity import CaseResult, main, read_cases, relative_error, run_case
from tests.helpers.golden import GOLDEN, golden

CASES = read_cases(GOLDEN)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.folder.name)
def test_every_recorded_case_holds(case):
    outcome = run_case(case)
    assert outcome.error is not None
    assert outcome.error < 1e-5  # far below the tolerance of the cases: float32 rounding, nothing else


def test_all_kinds_are_there():
    kinds = {"schedule", "vae", "dit_bidirectional", "dit_causal_train", "dit_causal_stream", "umt5", "wav2vec2"}
    assert {case.kind for case in CASES} == kinds


def test_the_command_prints_a_line_a_case_and_passes(tmp_path, capsys):
    shutil.copytree(GOLDEN / "schedule", tmp_path / "schedule")
    shutil.copytree(GOLDEN / "schedule", tmp_path / "stranger")
    (tmp_path / "stranger" / "case.json").write_text(json.dumps({"kind": "something_new"}))
    assert main([str(tmp_path)]) == 0
    passed, skipped = capsys.readouterr().out.splitlines()
    assert passed.split()[0] == "schedule"
    assert passed.endswith("ok")
    assert "skipped" in skipped


@pytest.mark.parametrize("damage", [1.01, float("nan")])
def test_the_command_fails_if_any_case_is_over_its_tolerance(tmp_path, capsys, damage):
    shutil.copytree(GOLDEN / "schedule", tmp_path / "schedule")
    io = golden("schedule")
    save_file({**io, "sigmas_4": io["sigmas_4"] * damage}, tmp_path / "schedule" / "io.safetensors")
    assert main([str(tmp_path)]) == 1
    assert "FAILED" in capsys.readouterr().out


def test_the_command_says_that_a_directory_has_no_case(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "no case" in capsys.readouterr().out


def test_outputs_of_another_shape_never_hold():
    assert relative_error(torch.ones(2), torch.ones(3)) == float("inf")
    assert not CaseResult("case", "vae", float("nan"), 1e-3).holds
