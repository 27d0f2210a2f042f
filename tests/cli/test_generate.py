"""Promises of `livetalk generate` about who speaks: a recording or a text, not both."""

import wave
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from livetalk.cli.main import app
from livetalk.media import open_sound
from tests.helpers.sounds import at, encoded


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--say", "hello", "--speech", "a.wav"], "exclude each other"),
        (["--voice", "af_heart"], "belongs to --say"),
    ],
)
def test_what_contradicts_itself_is_one_sentence(arguments: list[str], message: str):
    result = CliRunner().invoke(app, ["generate", *arguments])
    assert result.exit_code != 0
    assert message in str(result.exception)


def test_another_sound_stream_than_the_first_is_named(monkeypatch, tmp_path, capsys):
    from livetalk.cli import generate as command
    from livetalk.cli.model import ModelOptions

    class Loaded(Exception):
        """The model would be loaded now."""

    def load(self: ModelOptions) -> None:
        raise Loaded

    monkeypatch.setattr(ModelOptions, "load", load)
    path = encoded(tmp_path / "a.mkv", [0 * at(48_000), at(48_000)], "aac")
    with pytest.raises(Loaded):
        command._make(np.zeros((256, 256, 3), np.uint8), open_sound(path), "", tmp_path / "o.mp4", ModelOptions())
    assert f"{path} has 2 sound streams: number 2 is taken, where the speech is" in capsys.readouterr().err


def test_what_will_not_do_well_is_said_and_strict_stops(tmp_path: Path):
    silent = tmp_path / "silent.wav"
    with wave.open(str(silent), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000))
    result = CliRunner().invoke(
        app, ["generate", "--speech", str(silent), "--strict", "--out", str(tmp_path / "a.mp4")]
    )
    assert isinstance(result.exception, ValueError), "which ends the process with 2"
    assert "silent.wav: no speech was heard" in str(result.exception)
    assert not (tmp_path / "a.mp4").exists()
    told = CliRunner().invoke(app, ["generate", "--speech", str(silent), "--out", str(tmp_path / "a.mp4")])
    assert told.exit_code == 0
    assert "warning: " in told.stderr
    assert "no speech was heard" in told.stderr
    assert (tmp_path / "a.mp4").exists()
