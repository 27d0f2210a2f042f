"""Rendering from the command line: the same seed gives the same person, and the truth lies beside the clip."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livetalk.cli import main
from livetalk.data.puppets.portraits import Portraits
from livetalk.data.speech import Utterance, add
from livetalk.media import open_sound, read_frames
from livetalk.voice.timing import Phoneme
from tests.data.puppets.rendered import needs_landmarker, render
from tests.helpers.portraits import rendered_portrait


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs `livetalk data ...` in this process -> (exit code, standard error)."""

    def run(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["livetalk", "data", *map(str, words)])
        monkeypatch.setattr("signal.signal", lambda *_: None)
        with pytest.raises(SystemExit) as left:
            main.main()
        return left.value.code, capsys.readouterr().err

    return run


def test_a_portrait_follows_from_its_seed(data, tmp_path: Path):
    pictures = []
    for name, seed in (("a.png", 900_000_001), ("b.png", 900_000_001), ("c.png", 900_000_002)):
        assert data("portrait", "--seed", seed, "--out", tmp_path / name, "--size", 96) == (0, "")
        pictures.append(np.asarray(Image.open(tmp_path / name)))
    assert pictures[0].shape == (96, 96, 3)
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


def test_a_sheet_shows_everybody(data, tmp_path: Path):
    code, _ = data("sheet", "--count", 3, "--columns", 2, "--size", 64, "--out", tmp_path / "a.png")
    assert code == 0
    assert np.asarray(Image.open(tmp_path / "a.png")).shape == (128, 128, 3)


@pytest.mark.slow
def test_a_clip_is_rendered_with_its_sound_and_its_truth(data, tmp_path: Path):
    out = tmp_path / "clip.mp4"
    assert data("render", "--seed", 900_000_003, "--seconds", 1, "--out", out, "--size", 96) == (0, "")
    truth = json.loads((tmp_path / "clip.json").read_text())
    assert (truth["seed"], truth["held_out"]) == (900_000_003, True)
    assert len(truth["opening"]) == len(list(read_frames(out))) == 16
    assert open_sound(out).seconds == pytest.approx(1, abs=0.01)


def test_a_place_that_cannot_be_written_is_told_before_rendering(data, tmp_path: Path):
    for command in ("render", "portrait", "sheet"):
        code, err = data(command, "--out", tmp_path / "nowhere" / "a.mp4")
        assert code == 2
        assert "make it first" in err


def test_a_photograph_speaks_and_its_truth_lies_beside_it(data, tmp_path: Path):
    """The photograph is of a rendered person."""
    needs_landmarker()
    person = render(900_000_003, {"mouthSmileLeft": 0.3, "mouthSmileRight": 0.3})
    Image.fromarray(person.picture).save(tmp_path / "photo.png")
    shelf = tmp_path / "shelf"
    sound = np.sin(np.arange(16_000) / 9).astype(np.float32) / 2
    phonemes = (Phoneme(" ", 0.0, 0.2), Phoneme("b", 0.2, 0.3), Phoneme("ɑ", 0.3, 0.9), Phoneme(" ", 0.9, 1.0))
    add(shelf, Utterance("t0_00000", "ba", "af_bella", sound, phonemes))
    words = ("--prompt", "A woman nods", "--speech", shelf, "--seconds", 0.5, "--size", 96)
    assert data("puppet", tmp_path / "photo.png", *words, "--out", tmp_path / "clip.mp4") == (0, "")
    frames = np.stack(list(read_frames(tmp_path / "clip.mp4")))
    truth = json.loads((tmp_path / "clip.json").read_text())
    assert frames.shape == (8, 96, 96, 3)
    assert (truth["photograph"], truth["prompt"], truth["attributes"]["head"]) == ("photo", "A woman nods", "nod")
    assert truth["synthetic"]
    assert len(truth["weights"]) == len(truth["opening"]) == len(truth["boxes"]) == 8
    code, error = data("puppet", tmp_path / "photo.png", "--speech", tmp_path / "clip.mp4", "--out", tmp_path / "b.mp4")
    assert code != 0
    assert "--text" in error


def test_a_sheet_of_puppets_has_a_row_for_each(data, tmp_path: Path):
    pack = tmp_path / "pack"
    Portraits.joined([Portraits.of(rendered_portrait(seed)) for seed in (3, 11)]).save(pack)
    words = ("--puppets", pack, "--count", 2, "--expressions", 3, "--size", 64)
    assert data("sheet", *words, "--out", tmp_path / "sheet.png") == (0, "")
    assert np.asarray(Image.open(tmp_path / "sheet.png")).shape == (128, 256, 3)
