"""Measures see each system's clips, failures as black videos, and are asked once for the same files."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from livetalk.evaluation.clip_files import ClipFile
from livetalk.evaluation.estimates import Estimate, mean
from livetalk.evaluation.table.cases import ClipCase, Tell
from livetalk.evaluation.table.measures import TableMeasure, clips_of, measured
from livetalk.evaluation.table.store import ClipRecord, TableFolder
from livetalk.evaluation.table.systems.finished import FinishedVideos, Truth
from livetalk.evaluation.table.systems.models import Student
from livetalk.runtime.process import Notice
from tests.helpers.tables import a_case, write_film

Asked = list[tuple[list[str] | None, list[str]]]


def brightness(asked: Asked) -> TableMeasure:
    """A room that measures how bright clips are, and notes what it was asked."""

    def measure(real: Sequence[ClipFile] | None, generated: Sequence[ClipFile], tell: Tell) -> Mapping[str, Estimate]:
        asked.append((None if real is None else [clip.name for clip in real], [clip.name for clip in generated]))
        warnings.warn("only brightness is measured", Notice, stacklevel=2)
        for _ in generated:
            tell(1)
        return {"bright": mean([float(clip.frames(16).mean()) for clip in generated])}

    return TableMeasure("made_up", "options", measure)


@pytest.fixture
def cases(tmp_path: Path) -> list[ClipCase]:
    return [a_case(tmp_path, f"made_up/{name}", 0.4) for name in ("one", "two")]


def test_a_failure_counts_as_a_black_video(cases: list[ClipCase], tmp_path: Path) -> None:
    folder, student = TableFolder(tmp_path / "out"), Student()
    write_film(folder.clip("student", cases[0]), 0.4)
    folder.keep("student", cases[0], ClipRecord(10, 0.4, 1.0))
    folder.keep("student", cases[1], ClipRecord(failed="it broke"))
    found = clips_of(student, cases, folder)
    assert found.failed == {"made_up/two": "it broke"}
    figures = measured(student, cases, [brightness([])], folder)
    assert figures.values["made"].value == 0.5
    assert figures.values["bright"].value == pytest.approx(found.clips[0].frames(16).mean() / 2, abs=1)


def test_what_was_measured_is_not_measured_again(cases: list[ClipCase], tmp_path: Path) -> None:
    asked: Asked = []
    folder, told = TableFolder(tmp_path / "out"), list[int]()
    for _ in range(2):
        figures = measured(Truth(), cases, [brightness(asked)], folder, told.append)
        assert figures.remarks == ("only brightness is measured",)
    assert len(asked) == 1
    assert sum(told) == 4


def test_all_but_the_truth_are_held_against_it(cases: list[ClipCase], tmp_path: Path) -> None:
    asked: Asked = []
    folder, names = TableFolder(tmp_path / "out"), [case.name for case in cases]
    for system in (Truth(), FinishedVideos("theirs", tmp_path)):
        measured(system, cases, [brightness(asked)], folder)
    assert asked == [(None, names), (names, names)]
    measured(
        FinishedVideos("theirs", tmp_path), [a_case(tmp_path, "photos/a", truth=False)], [brightness(asked)], folder
    )
    assert asked[-1][0] is None


def test_a_room_that_cannot_measure_says_why_and_the_others_go_on(cases: list[ClipCase], tmp_path: Path) -> None:
    asked: list[str] = []

    def fails(real: Sequence[ClipFile] | None, generated: Sequence[ClipFile], tell: Tell) -> Mapping[str, Estimate]:
        asked.append("sync")
        raise ValueError("the weights are of another network")

    rooms, folder = [TableMeasure("sync", "", fails), brightness([])], TableFolder(tmp_path / "out")
    for _ in range(2):  # it is asked again: weights may have come
        figures = measured(Truth(), cases, rooms, folder)
        assert "bright" in figures.values
        assert figures.remarks[0] == "sync of truth was not measured: the weights are of another network"
    assert asked == ["sync", "sync"]
