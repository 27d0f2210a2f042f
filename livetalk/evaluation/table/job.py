"""Job of a table: systems, cases and measures brought together, step by step, each of which may be stopped.

Which cases a system is asked for, what is still to be made, measured and drawn. Knows everything in this room; how a
person is told of progress is the command's business.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import livetalk
from livetalk.evaluation.clip_files import ClipFile
from livetalk.evaluation.table import picture
from livetalk.evaluation.table.cases import CaseSet, ClipCase, Tell, write_json
from livetalk.evaluation.table.latex import latex
from livetalk.evaluation.table.machine import machine_name
from livetalk.evaluation.table.measures import TableMeasure, clips_of, measured
from livetalk.evaluation.table.report import TableReport, document, markdown
from livetalk.evaluation.table.runner import RunEstimate, TableRunner, TableRunOptions
from livetalk.evaluation.table.scores import SetReport, TableBlock, TableRow, block_sizes, speed_of
from livetalk.evaluation.table.store import TableFolder
from livetalk.evaluation.table.systems.base import SystemUnderTest
from livetalk.evaluation.table.systems.finished import FinishedVideos, Truth
from livetalk.evaluation.table.systems.specs import AnySystem
from livetalk.media.files import part_of, written


@dataclass(frozen=True)
class TableJob:
    """See the module docstring. timed: clips of each system and data set that are made alone.

    most: clips of a data set that a system is asked for, by its name, where that is fewer than all.
    """

    folder: TableFolder
    systems: Sequence[AnySystem]
    sets: Sequence[CaseSet]
    rooms: Sequence[TableMeasure]
    options: TableRunOptions
    timed: int = 3
    most: Mapping[str, int] = field(default_factory=dict[str, int])

    @cached_property
    def runner(self) -> TableRunner:
        return TableRunner(self.folder, self.options)

    @property
    def makers(self) -> list[SystemUnderTest]:
        """Systems whose clips are to be made."""
        return [system for system in self.systems if not isinstance(system, FinishedVideos | Truth)]

    def claim(self) -> None:
        """Make sure that clips which are there are these systems' own. Raises ValueError, with what to do."""
        for system in self.makers:
            self.folder.claim(system.name, system.fingerprint, system.described)

    def asked(self, system: AnySystem) -> list[ClipCase]:
        """All cases that a system is asked for."""
        return [case for each in self.sets for case in self._of_set(system, each)]

    def pilot(self, system: SystemUnderTest, tell: Tell = lambda done: None) -> RunEstimate:
        """Make one clip, alone, and say what the others will take."""
        asked = self.asked(system)
        self.runner.time(system, asked[:1], tell)
        return self.runner.estimate(system, asked)

    def price(self) -> float:
        """Dollars that what is missing will cost."""
        return sum(self.runner.estimate(system, self.asked(system)).dollars for system in self.makers)

    def missing(self, system: SystemUnderTest) -> int:
        """Clips that are still to be made."""
        return len(self.runner.missing(system, self.asked(system)))

    def make(self, system: SystemUnderTest, tell: Tell = lambda done: None) -> None:
        """Make a system's clips: some alone, the others side by side."""
        first = [case for each in self.sets for case in self._of_set(system, each)[: self.timed]]
        self.runner.time(system, first, tell)
        self.runner.make(system, self.asked(system), tell)

    def steps(self) -> int:
        """Steps of `score`."""
        return sum(
            room.steps(clips_of(system, cases, self.folder).clips)
            for each in self.sets
            for _, rows in self._blocks(each)
            for system, cases in rows
            for room in self.rooms
        )

    def score(self, tell: Tell = lambda done: None) -> TableReport:
        """Measure what was not measured yet, and bring it together."""
        sets = [
            SetReport(
                each.name,
                each.title,
                each.protocol,
                each.shows_people,
                each.has_truth,
                each.skipped,
                tuple(
                    TableBlock(size, tuple(self._row(system, cases, tell) for system, cases in rows))
                    for size, rows in self._blocks(each)
                ),
            )
            for each in self.sets
        ]
        return TableReport(machine_name(), livetalk.__version__, tuple(sets))

    def write(self, report: TableReport) -> list[Path]:
        """Write the report and its sheets; their paths."""
        out = self.folder.out
        write_json(out / "table.json", document(report))
        for name, text in (("table.md", markdown(report)), ("table.tex", latex(report))):
            with written(out / name):
                part_of(out / name).write_text(text, encoding="utf-8")
                part_of(out / name).replace(out / name)
        sheets = [self._draw(each, report.machine) for each in self.sets]
        return [out / "table.json", out / "table.md", out / "table.tex", *sheets]

    def _of_set(self, system: AnySystem, each: CaseSet) -> tuple[ClipCase, ...]:
        if isinstance(system, Truth) and not each.has_truth:
            return ()
        return each.cases[: self.most.get(system.name, len(each.cases))]

    def _blocks(self, each: CaseSet) -> Iterator[tuple[int, list[tuple[AnySystem, Sequence[ClipCase]]]]]:
        """Numbers of cases, and who is compared on the first so many."""
        asked = [(system, len(self._of_set(system, each))) for system in self.systems]
        for size in block_sizes([count for _, count in asked if count]):
            yield size, [(system, each.cases[:size]) for system, count in asked if count >= size]

    def _row(self, system: AnySystem, cases: Sequence[ClipCase], tell: Tell) -> TableRow:
        figures = measured(system, cases, self.rooms, self.folder, tell)
        return TableRow(
            system.name,
            system.described,
            figures.values,
            speed_of(self.runner.alone(system.name, cases)),
            clips_of(system, cases, self.folder).failed,
            figures.remarks,
        )

    def _draw(self, each: CaseSet, machine: str) -> Path:
        cases = each.cases[: picture.CASES]
        rows = [self._drawn(system, cases) for system in self.systems if self._of_set(system, each)]
        path = self.folder.out / f"sheet_{each.name}.webp"
        people = "real people: for looking at, not for publishing" if each.shows_people else "rendered people"
        note = f"{people}; LiveTalk {livetalk.__version__}, {machine}"
        picture.write_sheet(path, picture.sheet(each.title, cases, rows, note))
        return path

    def _drawn(self, system: AnySystem, cases: Sequence[ClipCase]) -> picture.SheetRow:
        found = clips_of(system, cases, self.folder)
        clips: list[ClipFile | None] = [None if clip.name in found.failed else clip for clip in found.clips]
        return picture.SheetRow(system.name, tuple(clips))
