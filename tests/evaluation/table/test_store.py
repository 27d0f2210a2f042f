"""The folder of a table knows what is done, whose clips are whose, and what was measured of which files."""

import json
import os
from pathlib import Path

import pytest

from livetalk.evaluation.clip_files import ClipFile
from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.table.store import ClipRecord, Figures, TableFolder
from livetalk.media import read_speech
from livetalk.media.video import read_frames
from tests.helpers.tables import a_case, write_film

RECORD = ClipRecord(16, 1.0, 2.0, 0.5, alone=True, device="a processor", load=1.5)


def test_a_clip_is_done_when_record_and_video_are_there(tmp_path: Path) -> None:
    folder, case = TableFolder(tmp_path / "out"), a_case(tmp_path)
    assert folder.clip("student", case) == tmp_path / "out/clips/student/made_up/one.mp4"
    assert folder.record("student", case) is None
    folder.keep("student", case, RECORD)
    assert folder.record("student", case) is None  # somebody took the video away
    folder.clip("student", case).touch()
    assert folder.record("student", case) == RECORD
    path = folder.clip("student", case).with_suffix(".json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 0}))
    assert folder.record("student", case) is None  # of a time when records meant something else


def test_a_failure_is_done_without_a_video(tmp_path: Path) -> None:
    folder, case = TableFolder(tmp_path), a_case(tmp_path)
    folder.keep("student", case, ClipRecord(failed="it broke"))
    assert folder.record("student", case) == ClipRecord(failed="it broke")


def test_clips_of_another_system_of_the_same_name_are_not_taken(tmp_path: Path) -> None:
    folder = TableFolder(tmp_path)
    folder.claim("student", "weights 1", "the student of May")
    folder.claim("student", "weights 1", "the student of May")
    with pytest.raises(
        ValueError, match=r"clips of another student \(the student of May\): give this one another name"
    ):
        folder.claim("student", "weights 2", "the student of June")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(ValueError, match="is a file: give --out a folder"):
        TableFolder(tmp_path / "out")


def test_figures_are_of_these_very_files_and_options(tmp_path: Path) -> None:
    folder, film = TableFolder(tmp_path), write_film(tmp_path / "a.mp4", 0.2)
    clips = [ClipFile("a", film)]
    found = Figures({"sync_c": Estimate(4.0, float("nan"), float("nan"), 1)}, ("light crops",))
    assert folder.figures("sync", clips, "options") is None
    folder.keep_figures("sync", clips, "options", found)
    held = folder.figures("sync", clips, "options")
    assert held is not None
    assert (str(held.values["sync_c"]), held.remarks) == ("4 [nan, nan], n = 1", ("light crops",))
    assert folder.figures("sync", clips, "others") is None
    assert folder.figures("fidelity", clips, "options") is None
    os.utime(film, (1, 1))
    assert folder.figures("sync", clips, "options") is None


def test_a_stand_in_is_black_and_speaks(tmp_path: Path) -> None:
    path = TableFolder(tmp_path).stand_in(a_case(tmp_path))
    frames = list(read_frames(path))
    assert len(frames) == 16
    assert frames[0].shape == (64, 64, 3)
    assert max(frame.max() for frame in frames) < 3
    assert max(abs(piece).max() for piece in read_speech(path)) > 0.2
