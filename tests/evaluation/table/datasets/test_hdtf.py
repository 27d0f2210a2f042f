"""HDTF's layouts are read as its authors publish them, in miniature; half of it is told."""

from pathlib import Path

import pytest

from livetalk.evaluation.table.datasets import hdtf
from livetalk.evaluation.table.datasets.films import CutOptions, Film
from livetalk.evaluation.table.draw import DrawProtocol
from tests.helpers.tables import write_film

OPTIONS = CutOptions(DrawProtocol("livetalk", 1, 0.4, anywhere=True), size=32)
LISTS = {
    "RD_annotion_time.txt": "Radio11.mp4 00:00-00:01 00:01-00:03 01:10-1:02:03\nRadio12.mp4 00:00-00:09\n",
    "RD_crop_wh.txt": "Radio11_0.mp4 20 40 4 40\nRadio11_2.mp4 0 64 0 64\nRadio12_0.mp4 0 64 0 64\n",
    "RD_resolution.txt": "Radio11.mp4 72\n",
}


def _lists(folder: Path, **others: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in LISTS.items():
        (folder / name).write_text(others.get(name.removesuffix(".txt"), text))
    return folder


def _films(folder: Path) -> dict[str, Film]:
    return hdtf.source(folder, OPTIONS).films


def test_clips_that_are_cut_already_are_taken_whole(tmp_path: Path) -> None:
    for name in ("RD_Radio34_003.mp4", "WRA_Anna_Lee2_000.mp4", "_videos_raw/RD_Radio34.mp4", "other.mp4"):
        write_film(tmp_path / name, 0.2)
    films = _films(tmp_path)
    assert sorted(films) == ["RD_Radio34_003", "WRA_Anna_Lee2_000"]
    assert films["RD_Radio34_003"].length == pytest.approx(0.2)


@pytest.mark.parametrize("video", ["Radio11.mp4", "_videos_raw/RD_Radio11.mp4"])
def test_long_videos_are_cut_by_the_lists(tmp_path: Path, video: str) -> None:
    _lists(tmp_path)
    write_film(tmp_path / video, 0.2)
    films = _films(tmp_path)
    assert sorted(films) == ["RD_Radio11_000", "RD_Radio11_002"]  # 1 has no square: its authors left it out
    last = films["RD_Radio11_002"]
    assert (last.start, last.seconds) == (70.0, 3723.0 - 70.0)


def test_squares_are_scaled_from_the_height_that_they_were_measured_at(tmp_path: Path) -> None:
    _lists(tmp_path)
    write_film(tmp_path / "Radio11.mp4", 0.2)
    crop = _films(tmp_path)["RD_Radio11_000"].crop
    small, large = crop.square(72, 128), crop.square(144, 256)
    assert (small.x, small.y, small.side) == (40, 24, 40)
    assert (large.x, large.y, large.side) == (80, 48, 80)
    assert hdtf.MeasuredSquare(20, 4, 40).square(144, 256).side == 40


def test_lists_without_videos_and_videos_without_lists_are_told(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"holds HDTF's lists and none of their videos: put them there as Radio34\.mp4"
    ):
        _films(_lists(tmp_path / "lists"))
    write_film(tmp_path / "videos/Radio11.mp4", 0.2)
    with pytest.raises(ValueError, match=r"holds 1 videos and no list RD_annotion_time\.txt: put HDTF's lists"):
        _films(tmp_path / "videos")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ValueError, match=r"neither clips like RD_Radio34_003\.mp4 nor"):
        _films(tmp_path / "nothing")
    (_lists(tmp_path / "videos") / "RD_crop_wh.txt").unlink()
    with pytest.raises(ValueError, match=r"has no RD_crop_wh\.txt beside it"):
        _films(tmp_path / "videos")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("RD_crop_wh", "Radio11_0.mp4 20 40 4", "where 4 numbers belong"),
        ("RD_crop_wh", "Radio11_0.mp4 20 40 4 50", "names no square for Radio11_0"),
        ("RD_annotion_time", "Radio11.mp4 soon", "where times belong"),
    ],
)
def test_damaged_lists_are_told(tmp_path: Path, name: str, text: str, words: str) -> None:
    _lists(tmp_path, **{name: text})
    write_film(tmp_path / "Radio11.mp4", 0.2)
    with pytest.raises(ValueError, match=words):
        _films(tmp_path)
