"""AVSpeech's list is held to whole videos and to cut ones, in miniature; half of it is told."""

from pathlib import Path

import pytest

from livetalk.conditions.crop import Frame
from livetalk.evaluation.table.datasets import avspeech
from livetalk.evaluation.table.datasets.films import CutOptions, Film
from livetalk.evaluation.table.draw import DrawProtocol

OPTIONS = CutOptions(DrawProtocol("livetalk", 1, 0.4, anywhere=True), size=32)
LIST = "AvWWVOgaMlk,90.000000,93.566667,0.250000,0.400000\na_b-c_d-e_f,1.000000,6.000000,0.5,0.5\n"


def _films(folder: Path, *files: str, text: str = LIST, name: str = "avspeech_test.csv") -> dict[str, Film]:
    (folder / name).write_text(text)
    for file in files:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).touch()
    return avspeech.source(folder, OPTIONS).films


def test_whole_videos_are_cut_by_the_list(tmp_path: Path) -> None:
    film = _films(tmp_path, "videos/AvWWVOgaMlk.mp4")["AvWWVOgaMlk_90.00_93.57"]
    assert (film.start, film.seconds) == (90.0, pytest.approx(3.566667))
    assert film.crop.square(100, 200) == Frame(50, 50, 100)  # as far left as a square of full height can be


@pytest.mark.parametrize(
    "file", ["AvWWVOgaMlk_90.000000_93.566667.mp4", "AvWWVOgaMlk_90.mp4", "AvWWVOgaMlk_90.0-93.57.mkv"]
)
def test_cut_videos_are_taken_whole(tmp_path: Path, file: str) -> None:
    film = _films(tmp_path, file, "a_b-c_d-e_f_2.0_7.0.mp4")["AvWWVOgaMlk_90.00_93.57"]
    assert (film.path.name, film.start, film.seconds) == (file, 0.0, None)


def test_names_with_dashes_and_other_times_are_not_mixed_up(tmp_path: Path) -> None:
    films = _films(tmp_path, "a_b-c_d-e_f_1.0_6.0.mp4", "AvWWVOgaMlk_80.0_83.57.mp4")
    assert list(films) == ["a_b-c_d-e_f_1.00_6.00"]


def test_half_of_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no avspeech_test\.csv: put AVSpeech's list"):
        avspeech.source(tmp_path, OPTIONS)
    with pytest.raises(ValueError, match=r"holds none of the videos that avspeech_test\.csv names"):
        _films(tmp_path, "other.mp4")
    with pytest.raises(ValueError, match="where video,start,end,x,y belong"):
        _films(tmp_path, text="video,start,end\n")
