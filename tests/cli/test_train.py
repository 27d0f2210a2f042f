"""Promises of `livetalk train` that need no training."""

import sys
from pathlib import Path

import pytest
import typer

from livetalk.cli import main, train
from livetalk.training.loop import RunReport


def _report(why: str) -> RunReport:
    return RunReport(why, step=3, seconds=1.0, metrics={"loss": 0.5}, alarms=(), resumed_from=None)


def test_an_interrupted_run_is_exit_code_130(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as left:
        train._tell("codec", _report("interrupted"))
    assert left.value.exit_code == 130
    assert "interrupted after 3 steps" in capsys.readouterr().out


def test_a_finished_run_just_ends() -> None:
    train._tell("codec", _report("done"))


def test_the_last_layers_need_a_codec_to_begin_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["livetalk", "train", "finish", "--run", str(tmp_path), "--steps", "1"])
    with pytest.raises(SystemExit) as end:
        main.main()
    assert end.value.code == 2
    assert "--start is missing" in capsys.readouterr().err
