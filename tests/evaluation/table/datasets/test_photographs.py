"""Photographs are cases without truth, one scene each in turn."""

from pathlib import Path

import pytest
from PIL import Image

from livetalk.cli.console import avatars
from livetalk.evaluation.table.cases import prepare
from livetalk.evaluation.table.datasets.photographs import PhotographSource


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for path in list(avatars().values())[:4]:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_each_photograph_has_one_of_the_scenes_in_turn(photos: Path, tmp_path: Path) -> None:
    found = prepare(PhotographSource(photos, 2, 64), tmp_path / "cases")
    assert [case.name.rpartition(".")[2] for case in found.cases] == ["calm", "smile_nod"]
    assert found.shows_people
    assert not found.has_truth
    with Image.open(found.cases[0].portrait) as picture:
        assert picture.size == (64, 64)
    assert "2 photographs of photos, framed to 64 x 64, 81 frames at 16, the bundled voices" in found.protocol


def test_too_few_photographs_are_told(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds 4 photographs: give --clips 4"):
        prepare(PhotographSource(photos, 5, 64), tmp_path / "cases")
