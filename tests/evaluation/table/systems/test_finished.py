"""Finished videos are found by the names of their cases."""

from pathlib import Path

import pytest

from livetalk.evaluation.table.systems.finished import FinishedVideos, Truth
from tests.helpers.tables import a_case


@pytest.mark.parametrize("name", ["made_up/one.mp4", "one.mov"])
def test_videos_lie_by_case_or_by_set_and_case(tmp_path: Path, name: str) -> None:
    (tmp_path / "videos" / name).parent.mkdir(parents=True)
    (tmp_path / "videos" / name).touch()
    system = FinishedVideos("theirs", tmp_path / "videos")
    system.require()
    assert system.find(a_case(tmp_path)) == tmp_path / "videos" / name


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no folder: give folder:theirs=FOLDER"):
        FinishedVideos("theirs", tmp_path / "videos").require()
    with pytest.raises(ValueError, match=r"holds no video of this case: put it there as made_up/one\.mp4"):
        FinishedVideos("theirs", tmp_path).find(a_case(tmp_path, truth=False))


def test_the_truth_is_the_cases_own_film(tmp_path: Path) -> None:
    case = a_case(tmp_path)
    assert Truth().find(case) == case.truth
    with pytest.raises(ValueError, match="there is no film of this case"):
        Truth().find(a_case(tmp_path, "made_up/two", truth=False))
