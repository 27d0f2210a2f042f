"""Scores of a table: rows of systems in blocks of the same cases, and which of them is best in a figure.

A system that was asked for fewer cases than the others is compared on those: every block measures all of its systems on
the very same cases. Best is said within a block and a figure's protocol only, and never of the truth. Pure values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from livetalk.evaluation.estimates import Estimate, mean
from livetalk.evaluation.table.store import ClipRecord
from livetalk.runtime.cpu import cores

# Beginnings of names. What a still picture is best at, or what should be as the truth's, is not ranked.
LOWER = ("fid", "kid", "fvd", "fd_", "kd_", "sync_d", "sync_expert_distance")
HIGHER = ("sync_c", "sync_expert_confidence", "sync_expert_within", "iqa", "ase")
TRUTH = "truth"
BUSY = 1.5  # times as many programs as cores want to run, on a busy machine


@dataclass(frozen=True)
class SpeedFigures:
    """Times of the clips that were made alone. fps: frames a second; real_time: seconds of video a second.

    load: programs that wanted to run meanwhile, the system's own among them; None where nobody can tell.
    """

    fps: Estimate
    first_frame: Estimate
    real_time: Estimate
    device: str
    load: float | None = None
    busy: bool = False  # more wanted to run than there are cores


@dataclass(frozen=True)
class TableRow:
    """A system in a block. failed: cases that it made nothing of, and why."""

    system: str
    described: str
    values: Mapping[str, Estimate]
    speed: SpeedFigures | None = None
    failed: Mapping[str, str] = field(default_factory=dict[str, str])
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableBlock:
    """Systems on the very same cases."""

    cases: int
    rows: tuple[TableRow, ...]

    def figures(self) -> list[str]:
        """Names of all figures of the block, in the order in which they were measured."""
        return list(dict.fromkeys(name for row in self.rows for name in row.values))

    def best(self, figure: str) -> str | None:
        """The system that is best in a figure; None where the next one's value lies within its interval."""
        sign = direction(figure)
        held = {row.system: row.values[figure] for row in self.rows if figure in row.values and row.system != TRUTH}
        told = {name: value for name, value in held.items() if value.value == value.value}
        if sign == 0 or len(told) < 2:
            return None
        first, second = sorted(told, key=lambda name: -sign * told[name].value)[:2]
        edge = told[first].low if sign > 0 else told[first].high  # NaN of one clip, beyond which nothing lies
        return first if sign * edge > sign * told[second].value else None


@dataclass(frozen=True)
class SetReport:
    """All blocks of a data set, the largest first."""

    name: str
    title: str
    protocol: str
    shows_people: bool
    has_truth: bool
    skipped: Mapping[str, str]
    blocks: tuple[TableBlock, ...]


def direction(figure: str) -> int:
    """1 where more is better, -1 where less is, 0 where neither is known."""
    if figure.startswith(LOWER):
        return -1
    return 1 if figure.startswith(HIGHER) else 0


def speed_of(records: Sequence[ClipRecord]) -> SpeedFigures | None:
    """Speed of the clips that were made alone; None without any."""
    if not records:
        return None
    loads = [record.load for record in records if record.load is not None]
    mean_load = sum(loads) / len(loads) if loads else None
    return SpeedFigures(
        mean([record.frames / record.spent for record in records]),
        mean([record.first_frame for record in records]),
        mean([record.seconds / record.spent for record in records]),
        records[0].device,
        mean_load,
        mean_load is not None and mean_load > BUSY * cores(),
    )


def block_sizes(asked: Sequence[int]) -> list[int]:
    """Numbers of cases that blocks are made of: each that some system was asked for, the largest first."""
    return sorted(set(asked), reverse=True)
