"""A table's report, made up."""

from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.table.report import TableReport
from livetalk.evaluation.table.scores import SetReport, SpeedFigures, TableBlock, TableRow

NAN = float("nan")


def estimate(value: float, n: int = 2) -> Estimate:
    return Estimate(value, value - 1, value + 1, n)


def a_report(name: str = "hdtf", has_truth: bool = True) -> TableReport:
    speed = SpeedFigures(estimate(24.0), Estimate(0.3, NAN, NAN, 1), estimate(1.5), "a GPU", 1.25)
    one = TableRow(
        "one_50%",
        "LiveTalk student",
        {"made": estimate(0.5), "fid_pytorchfid": estimate(13.0), "sync_c": estimate(4.5)},
        speed,
        {"hdtf/b": "it broke & ended"},
        ("crops by a light tracker",),
    )
    two = TableRow("two", "a command", {"made": estimate(1.0), "fid_pytorchfid": estimate(11.0), "iqa": estimate(NAN)})
    truth = TableRow("truth", "the films", {"made": estimate(1.0), "sync_c": estimate(8.0)})
    block = TableBlock(2, (one, two, truth))
    skipped = {"c": "c is silent"}
    return TableReport(
        "a GPU, 8 cores", "0.7.0", (SetReport(name, "HDTF", "seed 0", True, has_truth, skipped, (block,)),)
    )
