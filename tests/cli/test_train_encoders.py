"""The encoders' training from the command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from livetalk.cli.main import app
from livetalk.recipes.config import SpeechTraining, TextTraining, WhisperTraining


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


def test_a_head_on_whisper_says_what_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(speech, whisper, like, out, settings, report):
        assert (speech, whisper, like) == (
            [tmp_path / "speech"],
            tmp_path / "model.bin",
            tmp_path / "small.safetensors",
        )
        assert settings == WhisperTraining(steps=3)
        report("hearing", 31, 0.0)
        report("head", 2, 0.25)
        out.write_bytes(bytes(1_500_000))
        return [0.01, 0.02]

    monkeypatch.setattr("livetalk.recipes.encoders.run.train_whisper_encoder", train)
    said = _head(tmp_path, "--steps", "3")
    assert "1.5 MB" in said
    assert "0.010, 0.020" in said


def test_no_whisper_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"something else")
    with pytest.raises(ValueError, match="no model of CTranslate2"):
        _head(tmp_path)
    (tmp_path / "model.bin").unlink()
    with pytest.raises(ValueError, match="model of Whisper"):
        _head(tmp_path)
    assert not (tmp_path / "out.safetensors").exists()


def _head(folder: Path, *more: str) -> str:
    options = {"speech": "speech", "whisper": "model.bin", "like": "small.safetensors", "out": "out.safetensors"}
    words = [word for name, file in options.items() for word in (f"--{name}", str(folder / file))]
    return CliRunner().invoke(app, ["train", "speech-head", *words, *more], catch_exceptions=False).output
