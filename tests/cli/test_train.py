"""Promises of `livetalk train` that need no training."""

import sys
from pathlib import Path

import pytest
import torch
import typer
from typer.testing import CliRunner

from livetalk.cli import main, train
from livetalk.recipes.config import Budget
from livetalk.training.distributed import Distributed
from livetalk.training.loop import RunReport
from livetalk.weights import load_bundle, save_tensors


def _report(why: str) -> RunReport:
    return RunReport(why, step=3, seconds=1.0, metrics={"loss": 0.5}, alarms=(), resumed_from=None)


def test_an_interrupted_run_is_exit_code_130(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as left:
        train._tell("codec", Distributed(), _report("interrupted"))
    assert left.value.exit_code == 130
    assert "interrupted after 3 steps" in capsys.readouterr().out


def test_a_finished_run_just_ends() -> None:
    train._tell("codec", Distributed(), _report("done"))


def test_the_last_layers_need_a_codec_to_begin_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["livetalk", "train", "finish", "--run", str(tmp_path), "--steps", "1"])
    with pytest.raises(SystemExit) as end:
        main.main()
    assert end.value.code == 2
    assert "--start is missing" in capsys.readouterr().err


def test_the_mean_of_runs_becomes_a_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    for value, path in zip((1.0, 3.0), runs, strict=True):
        save_tensors(path, {"w": torch.full((64, 64), value)})
    train.bundle(runs, tmp_path / "mean.safetensors", release="1.0")
    state, metadata = load_bundle(tmp_path / "mean.safetensors")
    assert metadata == {"preset": "tiny", "stage": "a", "version": "1.0"}
    torch.testing.assert_close(state["w"], torch.full((64, 64), 2.0), atol=1e-3, rtol=0)
    assert "2 file(s)" in capsys.readouterr().out


def test_a_mixture_needs_a_pack(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--puppets PACK"):
        CliRunner().invoke(train.app, ["codec", "--run", str(tmp_path), "--mix", "0.5"], catch_exceptions=False)


def test_a_stage_needs_a_budget() -> None:
    with pytest.raises(ValueError, match="--until"):
        train.RunOptions(Path("run"), "miniature").context(Budget())
