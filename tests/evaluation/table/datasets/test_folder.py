"""A plain folder of films is a data set."""

from pathlib import Path

import pytest

from livetalk.evaluation.table.datasets import folder
from livetalk.evaluation.table.datasets.films import CutOptions
from livetalk.evaluation.table.draw import DrawProtocol

OPTIONS = CutOptions(DrawProtocol("livetalk", 1, 0.4, anywhere=True), size=32)


def test_all_films_of_a_folder_are_clips(tmp_path: Path) -> None:
    for name in ("a.mp4", "inside/b.mov", "words.txt"):
        (tmp_path / "films" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "films" / name).touch()
    source = folder.source(tmp_path / "films", OPTIONS)
    assert (source.title, sorted(source.films)) == ("films", ["a", "inside_b"])


def test_a_folder_without_films_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no video"):
        folder.source(tmp_path, OPTIONS)
