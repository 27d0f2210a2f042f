"""Clips are made once each, whatever stops the run; what fails is written down, and the others go on."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from livetalk.evaluation.table.cases import ClipCase
from livetalk.evaluation.table.runner import TableRunner, TableRunOptions
from livetalk.evaluation.table.store import ClipRecord, TableFolder
from livetalk.evaluation.table.systems.base import Seen
from tests.helpers.tables import a_case, write_film


@dataclass(frozen=True)
class ToySystem:
    """Writes grey films and a line for each into a log; stumbles over some, or ends its process."""

    log: Path
    name: str = "toy"
    broken: str = ""
    dies: str = ""
    opens: bool = True
    described: str = "a toy"
    fingerprint: str = "toy"

    def require(self) -> None: ...

    def open(self, device: str | None, threads: int) -> "ToyMaker":
        if not self.opens:
            raise ValueError("its weights are missing: get them")
        return ToyMaker(self, device)


class ToyMaker:
    def __init__(self, system: ToySystem, device: str | None) -> None:
        self.system, self.device = system, device

    def make(self, case: ClipCase, out: Path, seen: Seen) -> None:
        with self.system.log.open("a") as file:
            file.write(f"{case.name} {case.seconds:g} {self.device} {os.getpid()}\n")
        if case.name == self.system.dies:
            os._exit(9)
        if case.name == self.system.broken:
            raise ValueError("it stumbled")
        seen(1)
        write_film(out, case.seconds)


@pytest.fixture
def cases(tmp_path: Path) -> list[ClipCase]:
    one = a_case(tmp_path)
    return [replace(one, name=f"made_up/{n}", seconds=0.4) for n in range(4)]


@pytest.fixture
def runner(tmp_path: Path) -> TableRunner:
    return TableRunner(TableFolder(tmp_path / "out"), TableRunOptions(workers=0))


def _made(system: ToySystem) -> list[str]:
    """Cases in the order in which they were made, those of a warm-up left out."""
    lines = [line.split() for line in system.log.read_text().splitlines()] if system.log.exists() else []
    return [name.removeprefix("made_up/") for name, seconds, *_ in lines if seconds != "1"]


def test_clips_that_are_there_are_not_made_again(runner: TableRunner, cases: list[ClipCase], tmp_path: Path) -> None:
    system = ToySystem(tmp_path / "log")
    runner.folder.keep("toy", cases[1], ClipRecord(failed="before"))
    runner.folder.clip("toy", cases[2]).parent.mkdir(parents=True, exist_ok=True)
    runner.folder.clip("toy", cases[2]).touch()
    runner.folder.keep("toy", cases[2], ClipRecord(10, 0.4, 1.0))
    told: list[int] = []
    runner.make(system, cases, told.append)
    assert sorted(_made(system)) == ["0", "3"]
    assert sum(told) == 2
    runner.make(system, cases)
    assert sorted(_made(system)) == ["0", "3"]


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on(runner: TableRunner, cases: list[ClipCase], tmp_path: Path) -> None:
    runner = TableRunner(runner.folder, TableRunOptions(workers=1))
    system = ToySystem(tmp_path / "log", dies="made_up/2")
    with pytest.raises(ValueError, match=r"a process of toy was ended from outside.*what is done is kept"):
        runner.make(system, cases)
    assert [runner.folder.record("toy", case) is not None for case in cases] == [True, True, False, False]
    runner.make(replace(system, dies=""), cases)
    assert _made(system) == ["0", "1", "2", "2", "3"]
    assert not runner.missing(system, cases)


def test_a_failure_is_written_down_and_made_again_only_if_asked(
    runner: TableRunner, cases: list[ClipCase], tmp_path: Path
) -> None:
    system = ToySystem(tmp_path / "log", broken="made_up/0")
    runner.time(system, cases[:2])
    first, second = (runner.folder.record("toy", case) for case in cases[:2])
    assert first is not None
    assert second is not None
    assert (first.failed, second.failed, second.alone) == ("it stumbled", None, True)
    assert runner.missing(system, cases[:2]) == []
    again = TableRunner(runner.folder, TableRunOptions(retry=True))
    assert again.missing(system, cases[:2]) == cases[:1]


def test_what_cannot_be_opened_is_told_with_its_name(
    runner: TableRunner, cases: list[ClipCase], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="toy: its weights are missing: get them"):
        runner.make(ToySystem(tmp_path / "log", opens=False), cases[:1])


@pytest.mark.slow
def test_each_device_has_a_process_of_its_own(cases: list[ClipCase], tmp_path: Path) -> None:
    system = ToySystem(tmp_path / "log")
    runner = TableRunner(TableFolder(tmp_path / "out"), TableRunOptions(devices=("cuda:0", "cuda:1")))
    many = [replace(cases[0], name=f"made_up/{n}", seconds=4.0) for n in range(8)]
    runner.make(system, many)
    lines = [line.split() for line in system.log.read_text().splitlines()]
    assert len(lines) == 8
    assert len({(device, process) for _, _, device, process in lines}) == 2


def test_time_and_money_follow_from_the_clips_that_were_timed(runner: TableRunner, cases: list[ClipCase]) -> None:
    system = ToySystem(Path("log"))
    assert runner.estimate(system, cases).seconds is None
    for case, spent in zip(cases[:2], (2.0, 4.0), strict=True):
        runner.folder.clip("toy", case).parent.mkdir(parents=True, exist_ok=True)
        runner.folder.clip("toy", case).touch()
        runner.folder.keep("toy", case, ClipRecord(10, 0.4, spent, 0.1, alone=True))
    priced = TableRunner(runner.folder, TableRunOptions(workers=2, prices={"toy": 0.5}))
    found = priced.estimate(system, cases)
    assert found.clips == 2
    assert found.seconds == pytest.approx(3.0)  # 3 s each on average, two at once
    assert found.dollars == pytest.approx(0.4)
    assert len(priced.alone("toy", cases)) == 2
