"""Runner of a table: makes every system's clips, first one of each to say what all of them will take.

One process a device, or several on the processor. A clip is done when its record is on disk, so that a run can be
stopped at any time and goes on where it was. Clips that are timed are made alone, one after the other, by a system that
is warm; the others side by side. Knows systems and their clips; not what is measured of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from livetalk.evaluation.spread import spread, spread_over, threads_of
from livetalk.evaluation.table.cases import ClipCase, Tell
from livetalk.evaluation.table.harness import made, warm_up
from livetalk.evaluation.table.machine import device_name
from livetalk.evaluation.table.store import ClipRecord, TableFolder
from livetalk.evaluation.table.systems.base import LoadedSystem, SystemUnderTest


@dataclass(frozen=True)
class TableRunOptions:
    """How clips are made. devices: one process each; empty for the processor, with `workers` processes, 0 for this one.

    retry: make again what failed. prices: dollars a second of video, by a system's name.
    """

    devices: tuple[str, ...] = ()
    workers: int = 1
    retry: bool = False
    prices: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def processes(self) -> int:
        return max(1, len(self.devices) or self.workers)


@dataclass(frozen=True)
class RunEstimate:
    """What is still to be done for a system. seconds, None: nothing was timed; dollars: by its price."""

    system: str
    clips: int
    seconds: float | None
    dollars: float


class TableRunner:
    """Makes clips into a table's folder."""

    def __init__(self, folder: TableFolder, options: TableRunOptions) -> None:
        self.folder, self.options = folder, options

    def missing(self, system: SystemUnderTest, cases: Sequence[ClipCase]) -> list[ClipCase]:
        """Cases that a system has neither made nor failed at."""
        found = {case: self.folder.record(system.name, case) for case in cases}
        again = self.options.retry
        return [case for case, held in found.items() if held is None or (again and held.failed is not None)]

    def time(self, system: SystemUnderTest, cases: Sequence[ClipCase], tell: Tell = lambda done: None) -> None:
        """Make the clips of these cases that are missing alone, one after the other."""
        missing = self.missing(system, cases)
        device = self.options.devices[0] if self.options.devices else None
        asked = [self._order(system, case, device, alone=True, cold=place == 0) for place, case in enumerate(missing)]
        alone = 1 if self.options.devices else min(1, self.options.workers)
        self._keep(system, missing, spread(partial(system.open, device, threads_of(1)), _make, asked, alone), tell)

    def make(self, system: SystemUnderTest, cases: Sequence[ClipCase], tell: Tell = lambda done: None) -> None:
        """Make the clips of these cases that are missing, side by side."""
        missing, o = self.missing(system, cases), self.options
        asked = [self._order(system, case, None, alone=False, cold=False) for case in missing]
        if o.devices:
            starts = [partial(system.open, device, threads_of(o.processes)) for device in o.devices]
            done = spread_over(starts, _make, asked)
        else:
            done = spread(partial(system.open, None, threads_of(o.processes)), _make, asked, o.workers)
        self._keep(system, missing, done, tell)

    def estimate(self, system: SystemUnderTest, cases: Sequence[ClipCase]) -> RunEstimate:
        """Time and money of what is missing, from the clips that were timed."""
        missing = self.missing(system, cases)
        seconds = sum(case.seconds for case in missing)
        pace = [record.spent / record.seconds for record in self.alone(system.name, cases)]
        at_once = max(1, min(self.options.processes, len(missing)))
        needed = seconds * sum(pace) / len(pace) / at_once if pace else None
        return RunEstimate(system.name, len(missing), needed, seconds * self.options.prices.get(system.name, 0.0))

    def alone(self, system: str, cases: Sequence[ClipCase]) -> list[ClipRecord]:
        """Records of a system's clips that were timed."""
        found = (self.folder.record(system, case) for case in cases)
        return [record for record in found if record is not None and record.alone and record.failed is None]

    def _order(
        self, system: SystemUnderTest, case: ClipCase, device: str | None, *, alone: bool, cold: bool
    ) -> tuple[ClipCase, Path, str, bool, bool]:
        return case, self.folder.clip(system.name, case), device_name(device), alone, cold

    def _keep(
        self,
        system: SystemUnderTest,
        missing: Sequence[ClipCase],
        done: Iterator[tuple[str, ClipRecord]],
        tell: Callable[[int], None],
    ) -> None:
        """Write records as clips are done."""
        named = {case.name: case for case in missing}
        try:
            for name, record in done:
                self.folder.keep(system.name, named[name], record)
                tell(1)
        except BrokenProcessPool as error:
            raise ValueError(
                f"a process of {system.name} was ended from outside, for want of memory perhaps: give fewer --workers"
                " and call again, what is done is kept"
            ) from error
        except ValueError as error:
            raise ValueError(f"{system.name}: {error}") from error


def _make(
    maker: LoadedSystem, case: ClipCase, out: Path, device: str, alone: bool, cold: bool
) -> tuple[str, ClipRecord]:
    if cold:
        warm_up(maker, case)
    return case.name, made(maker, case, out, device, alone)
