"""A table from its parts: who is asked for what, who is compared on what, and what is written."""

import json
from pathlib import Path

import pytest

from livetalk.evaluation.table.cases import CaseSet
from livetalk.evaluation.table.job import TableJob
from livetalk.evaluation.table.runner import TableRunOptions
from livetalk.evaluation.table.store import TableFolder
from livetalk.evaluation.table.systems.finished import FinishedVideos, Truth
from tests.evaluation.table.test_measures import Asked, brightness
from tests.evaluation.table.test_runner import ToySystem
from tests.helpers.tables import a_case, write_film


@pytest.fixture
def sets(tmp_path: Path) -> list[CaseSet]:
    films = tuple(a_case(tmp_path, f"films/{n}", 0.4) for n in range(3))
    photos = tuple(a_case(tmp_path, f"photos/{n}", 0.4, truth=False) for n in range(2))
    return [CaseSet("films", "Films", "made up", films), CaseSet("photos", "Photographs", "made up", photos, True)]


@pytest.fixture
def job(sets: list[CaseSet], tmp_path: Path) -> TableJob:
    asked: Asked = []
    (tmp_path / "theirs/films").mkdir(parents=True)
    write_film(tmp_path / "theirs/films/0.mp4", 0.4)
    systems = [
        ToySystem(tmp_path / "log"),
        ToySystem(tmp_path / "log", name="slow", broken="films/1"),
        FinishedVideos("theirs", tmp_path / "theirs"),
        Truth(),
    ]
    rooms, folder = [brightness(asked)], TableFolder(tmp_path / "out")
    return TableJob(
        folder, systems, sets, rooms, TableRunOptions(workers=0, prices={"slow": 2.0}), timed=1, most={"slow": 2}
    )


def test_systems_are_asked_for_their_cases(job: TableJob) -> None:
    toy, slow, theirs, truth = job.systems
    assert [case.name for case in job.asked(toy)] == ["films/0", "films/1", "films/2", "photos/0", "photos/1"]
    assert [case.name for case in job.asked(slow)] == ["films/0", "films/1", "photos/0", "photos/1"]
    assert len(job.asked(theirs)) == 5
    assert [case.name for case in job.asked(truth)] == ["films/0", "films/1", "films/2"]
    assert job.price() == pytest.approx(4 * 0.4 * 2.0)


def test_a_whole_table(job: TableJob, tmp_path: Path) -> None:
    job.claim()
    estimates = [job.pilot(system) for system in job.makers]
    assert [found.clips for found in estimates] == [4, 3]
    assert all(found.seconds is not None for found in estimates)
    for system in job.makers:
        job.make(system)
        assert job.missing(system) == 0
    told: list[int] = []
    steps = job.steps()
    report = job.score(told.append)
    assert sum(told) == steps
    films, photos = report.sets
    assert [(block.cases, [row.system for row in block.rows]) for block in films.blocks] == [
        (3, ["toy", "theirs", "truth"]),
        (2, ["toy", "slow", "theirs", "truth"]),
    ]
    assert [(block.cases, [row.system for row in block.rows]) for block in photos.blocks] == [
        (2, ["toy", "slow", "theirs"])
    ]
    slow = films.blocks[1].rows[1]
    assert slow.failed == {"films/1": "it stumbled"}
    assert slow.speed is not None
    assert len(films.blocks[0].rows[1].failed) == 2
    paths = job.write(report)
    assert [path.name for path in paths] == [
        "table.json", "table.md", "table.tex", "sheet_films.webp", "sheet_photos.webp",
    ]  # fmt: skip
    assert json.loads(paths[0].read_text())["sets"][1]["shows_people"]


def test_clips_of_others_are_not_taken_for_ones_own(job: TableJob, tmp_path: Path) -> None:
    job.claim()
    job.folder.claim("toy", "toy", "a toy")
    with pytest.raises(ValueError, match="clips of another toy"):
        job.folder.claim("toy", "another", "another toy")
