"""Report of a table: one document for machines, one page to read; every figure with interval, clips and protocol.

Figures that the paper has and that were not measured are named with the reason. The paper's own rows stand beside,
marked as what they are. Pure text; knows scores.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.table.measures import MADE
from livetalk.evaluation.table.paper import COLUMNS, NOTE, published_rows
from livetalk.evaluation.table.scores import TRUTH, SetReport, SpeedFigures, TableBlock, TableRow, direction

ARROWS = {1: " ↑", -1: " ↓", 0: ""}
NEEDED = {  # figures of the paper by the beginning of their names here, and what they need
    "fid": "Inception's weights (--fidelity-inception)",
    "fvd": "an I3D's weights (--fidelity-i3d or --fidelity-cdfvd)",
    "sync_c": "SyncNet's weights (--sync-syncnet)",
    "sync_d": "SyncNet's weights (--sync-syncnet)",
    "iqa": "Q-Align, as weights or behind an endpoint",
    "ase": "Q-Align, as weights or behind an endpoint",
}
AGAINST_TRUTH = ("fid", "fvd")


@dataclass(frozen=True)
class TableReport:
    """A table as it was measured. machine: on which."""

    machine: str
    version: str
    sets: tuple[SetReport, ...]


def document(report: TableReport) -> dict[str, object]:
    """The report as JSON."""
    return {
        "livetalk": report.version,
        "machine": report.machine,
        "sets": [
            {
                "name": each.name,
                "title": each.title,
                "protocol": each.protocol,
                "shows_people": each.shows_people,
                "skipped": dict(each.skipped),
                "blocks": [_block_document(block, each.has_truth) for block in each.blocks],
                "published": [
                    {"system": row.system, "note": NOTE, "figures": dict(zip(COLUMNS, row.numbers, strict=True))}
                    for row in published_rows(each.name)
                ],
            }
            for each in report.sets
        ],
    }


def markdown(report: TableReport) -> str:
    """The report as a page."""
    lines = [f"LiveTalk {report.version} on {report.machine}. Each figure: value [95 % interval over clips].", ""]
    for each in report.sets:
        lines += [f"## {each.title}", "", f"Protocol: {each.protocol}.", ""]
        if each.skipped:
            lines += [f"Skipped while drawing: {'; '.join(each.skipped.values())}.", ""]
        for block in each.blocks:
            lines += [*_block_lines(block, each.has_truth), ""]
        lines += _published_lines(each.name)
    return "\n".join(lines).rstrip() + "\n"


def absent(row: TableRow, has_truth: bool) -> dict[str, str]:
    """Figures of the paper that a row lacks, and why."""
    missing: dict[str, str] = {}
    for figure, needs in NEEDED.items():
        if any(name.startswith(figure) for name in row.values):
            continue
        if figure in AGAINST_TRUTH and row.system == TRUTH:
            missing[figure] = "the truth is what it is measured against"
        elif figure in AGAINST_TRUTH and not has_truth:
            missing[figure] = "there is no truth to measure it against"
        else:
            missing[figure] = f"needs {needs}"
    return missing


def shown(value: Estimate) -> str:
    """An estimate with its interval; the clips stand in the block's title."""
    if value.value != value.value:
        return "not to be told"
    inside = "" if value.low != value.low else f" [{value.low:.3g}, {value.high:.3g}]"
    return f"{value.value:.3g}{inside}"


def _block_document(block: TableBlock, has_truth: bool) -> dict[str, object]:
    return {
        "cases": block.cases,
        "best": {figure: best for figure in block.figures() if (best := block.best(figure)) is not None},
        "rows": [
            {
                "system": row.system,
                "described": row.described,
                "figures": {name: value.document() for name, value in row.values.items()},
                "absent": absent(row, has_truth),
                "failed": dict(row.failed),
                "remarks": list(row.remarks),
                "speed": None if row.speed is None else _speed_document(row.speed),
            }
            for row in block.rows
        ],
    }


def _speed_document(speed: SpeedFigures) -> dict[str, object]:
    return {
        "fps": speed.fps.document(),
        "first_frame": speed.first_frame.document(),
        "real_time": speed.real_time.document(),
        "device": speed.device,
        "load": speed.load,
    }


def _block_lines(block: TableBlock, has_truth: bool) -> Iterator[str]:
    """A figure a line, a system a column."""
    yield f"### {block.cases} clips"
    yield ""
    yield f"| | {' | '.join(row.system for row in block.rows)} |"
    yield f"|---|{'---|' * len(block.rows)}"
    yield _speed_line("frames a second ↑", block.rows, "fps")
    yield _speed_line("first frame, s ↓", block.rows, "first_frame")
    for figure in block.figures():
        if figure == MADE:
            counts = [f"{block.cases - len(row.failed)} of {block.cases}" for row in block.rows]
            yield f"| clips made | {' | '.join(counts)} |"
            continue
        best = block.best(figure)
        cells = [_cell(row, figure, row.system == best) for row in block.rows]
        yield f"| `{figure}`{ARROWS[direction(figure)]} | {' | '.join(cells)} |"
    yield ""
    yield from _notes(block, has_truth)


def _cell(row: TableRow, figure: str, best: bool) -> str:
    if figure not in row.values:
        return "–"
    words = shown(row.values[figure])
    return f"**{words}**" if best else words


def _speed_line(title: str, rows: Sequence[TableRow], name: str) -> str:
    cells = ["–" if row.speed is None else shown(getattr(row.speed, name)) for row in rows]
    return f"| {title} | {' | '.join(cells)} |"


def _notes(block: TableBlock, has_truth: bool) -> Iterator[str]:
    for row in block.rows:
        timed = "" if row.speed is None else f"; timed alone and warm on {_timed_on(row.speed)}"
        yield f"- **{row.system}**: {row.described}{timed}."
        for name, why in row.failed.items():
            yield f"  - failed at {name}: {why}"
        missing = absent(row, has_truth)
        for why in dict.fromkeys(missing.values()):
            names = ", ".join(f"`{name}`" for name, reason in missing.items() if reason == why)
            yield f"  - not measured: {names}: {why}."
    remarks = dict.fromkeys(remark for row in block.rows for remark in row.remarks)
    yield from (f"- {remark}" for remark in remarks)
    yield "- Bold: best on these clips in that protocol, the next one's value outside its interval; the truth apart."
    yield "- Clips that were not made count as black ones."


def _timed_on(speed: SpeedFigures) -> str:
    words = f"{speed.device}, n = {speed.fps.n}"
    if speed.load is None:
        return words
    busy = ", which had other things to do: alone it is faster" if speed.busy else ""
    return f"{words}, load {speed.load:.1f}{busy}"


def _published_lines(data: str) -> list[str]:
    rows = published_rows(data)
    if not rows:
        return []
    lines = [
        f"### The paper's rows ({NOTE})",
        "",
        f"| {NOTE} | {' | '.join(COLUMNS)} |",
        f"|---|{'---|' * len(COLUMNS)}",
    ]
    lines += [f"| {row.system} | {' | '.join('–' if v is None else f'{v:g}' for v in row.numbers)} |" for row in rows]
    return [*lines, ""]
