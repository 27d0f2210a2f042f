"""Best is said on the same clips, in one protocol, and never of the truth."""

from dataclasses import replace

import pytest

from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.table import scores
from livetalk.evaluation.table.scores import TableBlock, TableRow, block_sizes, direction, speed_of
from livetalk.evaluation.table.store import ClipRecord

NAN = float("nan")


def row(system: str, **values: float) -> TableRow:
    return TableRow(
        system, f"the {system}", {name: Estimate(value, value - 1, value + 1, 3) for name, value in values.items()}
    )


def test_best_is_the_lowest_distance_and_the_highest_score() -> None:
    block = TableBlock(
        3, (row("truth", sync_c=9, fid_a=0), row("one", sync_c=4, fid_a=8), row("two", sync_c=6, fid_a=10))
    )
    assert block.figures() == ["sync_c", "fid_a"]
    assert (block.best("sync_c"), block.best("fid_a")) == ("two", "one")


@pytest.mark.parametrize(
    "rows",
    [
        (row("one", sync_c=4),),
        (row("truth", sync_c=9), row("one", sync_c=4)),
        (row("one", sync_c=4), row("two", sync_c=NAN)),
        (row("one", sync_c=4), row("two", sync_c=4)),
        (row("one", sync_c=4), row("two", sync_c=4.9)),  # within its interval
        (row("one", sync_c=4), TableRow("two", "one clip", {"sync_c": Estimate(9, NAN, NAN, 1)})),
        (row("one", fid_a=4), row("two", fid_b=5)),  # two protocols
        (row("one", csim_dlib=0.9), row("two", csim_dlib=1.0)),  # a still picture would be best
    ],
)
def test_nothing_is_best_where_nothing_can_be_compared(rows: tuple[TableRow, ...]) -> None:
    block = TableBlock(3, rows)
    assert [block.best(figure) for figure in block.figures()] == [None] * len(block.figures())


def test_directions_follow_from_names() -> None:
    assert [direction(name) for name in ("fid_pytorchfid", "sync_d", "sync_c", "iqa", "offset", "made")] == [
        -1, -1, 1, 1, 0, 0,
    ]  # fmt: skip


def test_speed_is_that_of_the_clips_that_were_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "cores", lambda: 2)
    records = [ClipRecord(16, 1.0, 2.0, 0.5, True, "a GPU", 1.0), ClipRecord(16, 1.0, 4.0, 0.7, True, "a GPU", 3.0)]
    found = speed_of(records)
    assert found is not None
    assert (found.fps.value, found.first_frame.value, found.real_time.value) == (6.0, pytest.approx(0.6), 0.375)
    assert (found.fps.n, found.device, found.load, found.busy) == (2, "a GPU", 2.0, False)
    crowded = speed_of([replace(record, load=4.0) for record in records])
    assert crowded is not None
    assert crowded.busy
    assert speed_of([]) is None


def test_blocks_are_of_each_number_of_cases() -> None:
    assert block_sizes([50, 4, 50, 4]) == [50, 4]
