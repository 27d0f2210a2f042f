"""Pictures and sound that a clip is given, or that is taken from it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livetalk.evaluation.dialogue.clip_context import cut_off, save_canvas, sound_of
from livetalk.media.video import Mp4Writer
from tests.helpers.clip_services import film
from tests.helpers.dialogues import loud


def test_a_picture_lies_whole_in_the_middle_of_a_canvas(tmp_path: Path) -> None:
    square = np.full((50, 50, 3), 90, np.uint8)
    square[10:40, 10:40] = 250
    Image.fromarray(square).save(tmp_path / "x.png")
    canvas = np.asarray(Image.open(save_canvas(tmp_path / "x.png", tmp_path / "y.png", 100, 200)))
    assert canvas.shape == (200, 100, 3)
    assert canvas[100, 50, 0] == 250
    assert set(canvas[0, :, 0]) == set(canvas[-1, :, 0]) == {90}
    same = save_canvas(tmp_path / "y.png", tmp_path / "z.png", 100, 200)
    np.testing.assert_array_equal(np.asarray(Image.open(same)), canvas)


def test_an_answer_is_cut_behind_its_first_sound(tmp_path: Path) -> None:
    whole = film(tmp_path / "x.mp4", 2.0, silent=0.5)
    assert cut_off(whole, tmp_path / "y.mp4", 0.7)
    assert loud(tmp_path / "y.mp4")[-1] == pytest.approx(1.2, abs=0.08)
    assert not cut_off(whole, tmp_path / "z.mp4", 9.0)


def test_a_silent_film_has_no_sound(tmp_path: Path) -> None:
    with Mp4Writer(tmp_path / "x.mp4", size=(32, 32), rate=None) as writer:
        writer.write_frames(np.zeros((8, 32, 32, 3), np.uint8))
    assert not len(sound_of(tmp_path / "x.mp4"))
    assert not cut_off(tmp_path / "x.mp4", tmp_path / "y.mp4", 4.0)
