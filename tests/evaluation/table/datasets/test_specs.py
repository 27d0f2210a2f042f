"""Words name data sets, and what they need is told."""

from pathlib import Path

import pytest

from livetalk.evaluation.table.datasets.films import FilmSource
from livetalk.evaluation.table.datasets.photographs import PhotographSource
from livetalk.evaluation.table.datasets.renders import RenderSource
from livetalk.evaluation.table.datasets.specs import DataOptions, data_source


def test_words_name_data_sets(tmp_path: Path) -> None:
    (tmp_path / "RD_Radio34_003.mp4").touch()
    assert isinstance(data_source("renders", DataOptions(clips=3)), RenderSource)
    assert isinstance(data_source(f"photos:{tmp_path}", DataOptions()), PhotographSource)
    hdtf = data_source(f"hdtf:{tmp_path}", DataOptions(clips=7, seconds=3.0, seed=4, size=256, framing="face"))
    assert isinstance(hdtf, FilmSource)
    assert hdtf.wanted == 7
    assert hdtf.protocol.startswith("livetalk: 7 clips, 3 s each, at a drawn place, seed 4; head and shoulders")
    assert data_source(f"folder:{tmp_path}", DataOptions(protocol="omniavatar")).wanted is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("vox:here", "there is no data set 'vox': give renders, or one of photos, hdtf"),
        ("renders:here", "comes with the package: leave out"),
        ("hdtf", "hdtf names no folder: give hdtf:FOLDER"),
        ("hdtf:nowhere", "names no folder"),
    ],
)
def test_other_words_are_told(words: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        data_source(words, DataOptions())


def test_options_that_cannot_be_are_told() -> None:
    with pytest.raises(ValueError, match="there is no protocol 'mine': choose one of livetalk, omniavatar"):
        DataOptions(protocol="mine")
    with pytest.raises(ValueError, match="frames of 100 pixels"):
        DataOptions(size=100)
