"""CelebV-HQ's list is held to whole videos and to cropped clips, in miniature; half of it is told."""

import json
from pathlib import Path

import pytest

from livetalk.conditions.crop import Frame
from livetalk.evaluation.table.datasets import celebvhq
from livetalk.evaluation.table.datasets.films import CutOptions, Film
from livetalk.evaluation.table.draw import DrawProtocol

OPTIONS = CutOptions(DrawProtocol("livetalk", 1, 0.4, anywhere=True), size=32)
CLIP = {
    "ytb_id": "M2Ohb0FAaJU",
    "duration": {"start_sec": 81.62, "end_sec": 86.17},
    "bbox": {"top": 0.1, "bottom": 0.6, "left": 0.3, "right": 0.7},
}
LIST = {"meta_info": {}, "clips": {"M2Ohb0FAaJU_1": CLIP, "other_0": {**CLIP, "ytb_id": "other"}}}


def _films(folder: Path, *files: str, listed: object = LIST) -> dict[str, Film]:
    (folder / "celebvhq_info.json").write_text(json.dumps(listed))
    for file in files:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).touch()
    return celebvhq.source(folder, OPTIONS).films


def test_whole_videos_are_cut_and_cropped_as_published(tmp_path: Path) -> None:
    film = _films(tmp_path, "raw/M2Ohb0FAaJU.mp4")["M2Ohb0FAaJU_1"]
    assert (film.start, film.seconds) == (81.62, pytest.approx(4.55))
    # 2 % wider: rows 80 to 620 of 1000, columns 560 to 1440 of 2000; the shorter side around the middle.
    assert film.crop.square(1000, 2000) == Frame(1000, 350, 540)


def test_cropped_clips_are_taken_whole(tmp_path: Path) -> None:
    films = _films(tmp_path, "processed/M2Ohb0FAaJU_1.mp4", "raw/M2Ohb0FAaJU.mp4")
    assert films["M2Ohb0FAaJU_1"].path.parent.name == "processed"
    assert films["M2Ohb0FAaJU_1"].seconds is None


def test_half_of_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no celebvhq_info\.json"):
        celebvhq.source(tmp_path, OPTIONS)
    with pytest.raises(ValueError, match=r"holds none of the videos that celebvhq_info\.json names"):
        _films(tmp_path)
    for listed in ({"people": 3}, [1]):
        with pytest.raises(ValueError, match="holds no list of clips"):
            _films(tmp_path, listed=listed)
    boxless = {key: value for key, value in CLIP.items() if key != "bbox"}
    with pytest.raises(ValueError, match="lacks 'bbox' of clip one"):
        _films(tmp_path, "raw/M2Ohb0FAaJU.mp4", listed={"clips": {"one": boxless}})
