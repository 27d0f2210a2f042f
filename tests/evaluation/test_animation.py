"""Three people fit side by side into a file that a page can carry."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livetalk.evaluation.animation import GUTTER, animate, fitted, side_by_side
from tests.helpers.blocks import timed


class Player:
    """Noise that moves aside."""

    def perform(self, portrait, speech, prompt):
        seconds = sum(len(piece) for piece in speech) / 16_000
        still = np.random.default_rng(0).integers(0, 255, portrait.shape, np.uint8)
        yield from timed([np.stack([np.roll(still, i, 1) for i in range(round(seconds * 16))])])


def test_three_people_talk_beside_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livetalk.evaluation.animation.SECONDS", 0.5)
    faces = {who: np.zeros((32, 32, 3), np.uint8) for who in "abcd"}
    told = []
    size = animate(Player(), faces, [np.ones(16_000, np.float32)], tmp_path / "a.webp", lambda: told.append(1))
    assert len(told) == 3
    assert (tmp_path / "a.webp").stat().st_size == size
    with Image.open(tmp_path / "a.webp") as picture:
        assert picture.n_frames == 8
        assert picture.size[0] > 2.9 * picture.size[1]


def test_what_is_too_large_is_made_smaller() -> None:
    frames = np.random.default_rng(0).integers(0, 255, (3, 64, 64, 3), np.uint8)
    large, small = fitted(frames, 10_000_000), fitted(frames, 20_000)
    assert len(small) < len(large)
    with Image.open(io.BytesIO(large)) as picture:
        assert picture.n_frames == 3


def test_people_are_parted_by_paper() -> None:
    row = side_by_side([np.zeros((2, 8, 8, 3), np.uint8)] * 3)
    assert row.shape == (2, 8, 24 + 2 * GUTTER, 3)
    assert (row[:, :, 8 : 8 + GUTTER] == 255).all()


def test_another_ending_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a moving picture"):
        animate(Player(), {}, [], tmp_path / "a.mp4")
