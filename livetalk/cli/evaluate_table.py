"""`livetalk evaluate table`: any systems on any data sets, made, timed and measured in one way, as a table.

Knows options, bars and sentences; the work is that of `livetalk.evaluation.table`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from livetalk.cli.console import advance, err, progress
from livetalk.cli.console import out as console
from livetalk.cli.options import with_options
from livetalk.evaluation.table.datasets.specs import DataOptions, data_source
from livetalk.evaluation.table.rooms import RoomOptions
from livetalk.options import Option

if TYPE_CHECKING:
    from livetalk.evaluation.table.cases import CaseSet, CaseSource
    from livetalk.evaluation.table.job import TableJob
    from livetalk.evaluation.table.runner import RunEstimate
    from livetalk.evaluation.table.store import TableFolder

SYSTEMS = ["student,teacher,truth"]
TEACHER_CLIPS = 8  # of a data set, where nothing else is said: a clip takes minutes


@dataclass(frozen=True)
class MakingOptions:
    """Options of `evaluate table` for making clips."""

    devices: Annotated[str, Option("CUDA devices, one process each: cuda:0,cuda:1; else the processor.")] = ""
    workers: Annotated[int, Option("Processes on the processor; 0 takes one a core, four at most.", min=0)] = 0
    timed: Annotated[int, Option("Clips of each system and data set that are made alone and timed.", min=1)] = 3
    timeout: Annotated[float, Option("Seconds that a command may take for a clip.", min=1)] = 3600.0
    retry: Annotated[bool, Option("Make clips again that failed.")] = False
    estimate: Annotated[bool, Option("Make one clip of each system, say what all will take, and stop.")] = False
    yes: Annotated[bool, Option("Make clips that cost money.")] = False

    @property
    def processes(self) -> int:
        return self.workers or min(4, os.cpu_count() or 1)

    def each_device(self) -> tuple[str, ...]:
        """The devices. Raises ValueError for words that name none."""
        named = tuple(word.strip() for word in self.devices.split(",") if word.strip())
        for name in named:
            kind, _, place = name.partition(":")
            if kind not in ("cpu", "cuda") or not (place.isdecimal() or (not place and ":" not in name)):
                raise ValueError(f"{name!r} is no device: give cuda:0, or several with commas between")
        return named


@with_options
def table(
    making: MakingOptions,
    drawing: DataOptions,
    measuring: RoomOptions,
    out: Annotated[Path, typer.Option(help="The folder for clips, figures and the table; a run goes on there.")],
    systems: Annotated[
        list[str], typer.Option(help="student, teacher, truth, command:NAME=TEMPLATE, folder:NAME=PATH; repeatable.")
    ] = SYSTEMS,
    data: Annotated[
        list[str], typer.Option(help="renders, or photos, hdtf, avspeech, celebvhq, folder with :PATH; repeatable.")
    ] = ["renders"],  # noqa: B006 - read only
    most: Annotated[list[str], typer.Option(help="Clips of a data set for one system, as teacher=4; repeatable.")] = [],  # noqa: B006
    price: Annotated[
        list[str], typer.Option(help="Dollars a second of video of a system, as NAME=0.4; repeatable.")
    ] = [],  # noqa: B006
) -> None:
    """Make, time and measure the same clips with every system; write a table as JSON, Markdown, LaTeX and pictures."""
    from livetalk.evaluation.table.job import TableJob
    from livetalk.evaluation.table.runner import TableRunOptions
    from livetalk.evaluation.table.store import TableFolder
    from livetalk.evaluation.table.systems.models import TeacherModel
    from livetalk.evaluation.table.systems.specs import systems as named

    folder, found = TableFolder(out.expanduser()), named(systems, making.timeout)
    names = [system.name for system in found]
    fewer = {system.name: float(TEACHER_CLIPS) for system in found if isinstance(system, TeacherModel)}
    fewer |= _numbers(most, names, "--most")
    prices = _numbers(price, names, "--price")
    options = TableRunOptions(making.each_device(), making.processes, making.retry, prices)
    sets = _prepared([data_source(words, drawing) for words in data], folder)
    counts = {name: int(count) for name, count in fewer.items()}
    job = TableJob(folder, found, sets, measuring.rooms(), options, making.timed, counts)
    job.claim()
    if (cost := job.price()) and not making.yes:
        raise ValueError(f"these clips cost about ${cost:.2f}: give --yes to have them made")
    _estimate(job)
    if making.estimate:
        return
    _make(job)
    _tell(job)


def _prepared(sources: "Sequence[CaseSource]", folder: "TableFolder") -> "list[CaseSet]":
    """The cases of all data sets."""
    from livetalk.evaluation.table.cases import prepare

    names = [source.name for source in sources]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"the data set {twice} is named twice: give each once, and others a table of their own")
    sets: list[CaseSet] = []
    for source in sources:
        with progress() as bar:
            made = prepare(source, folder.cases(source.name), advance(bar, f"cases: {source.name}", source.wanted))
        sets.append(made)
        err.print(f"{made.title}: {len(made.cases)} cases, {len(made.skipped)} skipped", markup=False)
    return sets


def _estimate(job: "TableJob") -> None:
    """One clip of each system, and what the others will take in a line each."""
    for system in job.makers:
        with progress() as bar:
            found = job.pilot(system, advance(bar, f"{system.name}: first clip", 1))
        if found.clips:
            err.print(_in_words(found), markup=False)


def _make(job: "TableJob") -> None:
    for system in job.makers:
        with progress() as bar:
            job.make(system, advance(bar, system.name, job.missing(system)))


def _tell(job: "TableJob") -> None:
    """Measure, write, and show the table."""
    from livetalk.evaluation.table.report import markdown

    with progress() as bar:
        report = job.score(advance(bar, "measuring", job.steps()))
    paths = job.write(report)
    console.print(markdown(report), markup=False)
    for path in paths:
        err.print(f"{path}", markup=False)


def _in_words(found: "RunEstimate") -> str:
    time = "an unknown time: its first clip failed"
    if found.seconds is not None:
        time = f"about {found.seconds / 60:.0f} min" if found.seconds >= 90 else f"about {found.seconds:.0f} s"
    cost = f", ${found.dollars:.2f}" if found.dollars else ""
    return f"{found.system}: {found.clips} more clips, {time}{cost}"


def _numbers(words: Sequence[str], names: Sequence[str], option: str) -> dict[str, float]:
    """Numbers by a system's name. Raises ValueError for other words, and for systems that are not named."""
    found: dict[str, float] = {}
    for word in words:
        name, _, number = word.partition("=")
        try:
            found[name] = float(number)
        except ValueError as error:
            raise ValueError(f"{option} {word!r} is no number of a system: give NAME=NUMBER") from error
        if name not in names:
            raise ValueError(f"{option} {word!r} names none of the systems {', '.join(names)}: name one of them")
        if not 0 < found[name] < float("inf"):
            raise ValueError(f"{option} {word!r} must be more than nothing: give NAME=NUMBER")
    return found
