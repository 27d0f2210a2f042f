"""The encoders' training from the command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from livetalk.cli.main import app
from livetalk.recipes.config import SpeechTraining, TextTraining


def _asked(folder: Path, *more: str) -> str:
    words = ["train", "encoders", "--speech", str(folder), "--out", str(folder / "out"), *more]
    return CliRunner().invoke(app, words, catch_exceptions=False).output


def test_what_is_asked_for_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr("livetalk.recipes.encoders.run.train_encoders", lambda *these: asked.append(these[:4]))
    assert "text.safetensors" in _asked(tmp_path, "--steps", "3")
    assert asked == [(tmp_path, tmp_path / "out", SpeechTraining(steps=3), TextTraining())]


def test_no_speech_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="livetalk data speech"):
        _asked(tmp_path)
