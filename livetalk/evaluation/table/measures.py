"""Measuring of a table's clips: rooms of measures called one after the other, what they find kept on disk.

A case that a system failed at counts: in its place a black video with the case's speech is measured, so that nobody
gains by failing. What was measured of the very same files with the same options is not measured again.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from livetalk.evaluation.clip_files import ClipFile
from livetalk.evaluation.estimates import Estimate, mean
from livetalk.evaluation.table.cases import ClipCase, Tell
from livetalk.evaluation.table.store import Figures, TableFolder
from livetalk.evaluation.table.systems.finished import Finished, FinishedVideos, Truth
from livetalk.evaluation.table.systems.specs import AnySystem
from livetalk.runtime.process import Notice

MADE = "made"  # share of the cases of which there is a clip


class MeasureRoom(Protocol):
    """A room of measures, with its options."""

    def __call__(
        self, real: Sequence[ClipFile] | None, generated: Sequence[ClipFile], tell: Tell
    ) -> Mapping[str, Estimate]: ...


@dataclass(frozen=True)
class TableMeasure:
    """A room of measures in a table. key: its options in words; figures are kept by it. steps: that `tell` hears of."""

    name: str
    key: str
    measure: MeasureRoom
    steps: Callable[[Sequence[ClipFile]], int] = len


@dataclass(frozen=True)
class SystemClips:
    """A system's clips of some cases, in their order, and the sentences of those that it failed at."""

    clips: tuple[ClipFile, ...]
    failed: Mapping[str, str]


def clips_of(system: AnySystem, cases: Sequence[ClipCase], folder: TableFolder) -> SystemClips:
    """The files that a system is measured by; stand-ins where it failed."""
    clips, failed = list[ClipFile](), dict[str, str]()
    for case in cases:
        why = None
        if isinstance(system, FinishedVideos | Truth):
            try:
                path = system.find(case)
            except ValueError as error:
                why, path = str(error), folder.stand_in(case)
        else:
            record = folder.record(system.name, case)
            why = "it was not made" if record is None else record.failed
            path = folder.stand_in(case) if why is not None else folder.clip(system.name, case)
        if why is not None:
            failed[case.name] = why
        clips.append(ClipFile(case.name, path))
    return SystemClips(tuple(clips), failed)


def measured(
    system: AnySystem,
    cases: Sequence[ClipCase],
    rooms: Sequence[TableMeasure],
    folder: TableFolder,
    tell: Tell = lambda done: None,
) -> Figures:
    """All figures of a system's clips. A room that cannot measure says why among the remarks, and is asked again."""
    found = clips_of(system, cases, folder)
    values: dict[str, Estimate] = {MADE: mean([float(case.name not in found.failed) for case in cases])}
    remarks: list[str] = []
    for room in rooms:
        real = _real(system, cases)
        files = [*found.clips, *(real or ())]
        held = folder.figures(room.name, files, room.key)
        if held is not None:
            tell(room.steps(found.clips))
        else:
            try:
                held = _called(room, real, found.clips, tell)
            except ValueError as error:
                remarks.append(f"{room.name} of {system.name} was not measured: {error}")
                continue
            folder.keep_figures(room.name, files, room.key, held)
        values |= held.values
        remarks += held.remarks
    return Figures(values, tuple(dict.fromkeys(remarks)))


def _real(system: AnySystem, cases: Sequence[ClipCase]) -> list[ClipFile] | None:
    """The truth of the cases; None for itself, and where there is none."""
    truths = [ClipFile(case.name, case.truth) for case in cases if case.truth is not None]
    return None if isinstance(system, Truth) or len(truths) < len(cases) else truths


def _called(
    room: TableMeasure,
    real: Sequence[ClipFile] | None,
    clips: Sequence[ClipFile],
    tell: Tell,
) -> Figures:
    """What a room finds; its notices become remarks."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", Notice)
        values = room.measure(real, clips, tell)
    notices = [str(each.message) for each in said if issubclass(each.category, Notice)]
    return Figures(dict(values), tuple(dict.fromkeys(notices)))


def is_finished(system: AnySystem) -> bool:
    """Whether there is nothing to be made."""
    return isinstance(system, Finished)
