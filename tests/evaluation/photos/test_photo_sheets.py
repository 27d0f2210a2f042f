"""Sheets are joined from strips, whichever run has left them."""

from pathlib import Path

import numpy as np
from PIL import Image

from livetalk.evaluation.photos.log import Key
from livetalk.evaluation.photos.sheets import ROWS, assemble, cut, strip_of
from livetalk.evaluation.sheets import MOMENTS, TILE


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_strips_become_sheets_a_scene(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (17, 64, 64, 3), np.uint8)
    keys = [Key(maker, f"{n}.jpg", "calm", "en_x") for maker in ("model a", "model b") for n in range(ROWS + 1)]
    for key in keys[:-1]:
        cut(strip_of(tmp_path, key), frames[0], frames)
    assert size(strip_of(tmp_path, keys[0])) == (MOMENTS * TILE, TILE)
    found = assemble(tmp_path, {"calm": keys, "nod": []}, {"model a": "new", "model b": "old"})
    assert [path.name for path in found] == ["calm_1.jpg", "calm_2.jpg"]
    sizes = [size(path) for path in found]
    assert sizes[0][0] == sizes[1][0] > MOMENTS * TILE
    assert sizes[0][1] > 2 * ROWS * TILE > sizes[1][1], "the last photograph has a sheet of its own"


def test_a_photograph_without_strips_is_left_out(tmp_path: Path) -> None:
    assert assemble(tmp_path, {"calm": [Key("model a", "a.jpg", "calm", "en_x")]}, {"model a": "new"}) == []
