"""LaTeX of a table, for `booktabs`: systems in rows, the figures that the paper has in columns, intervals small.

Protocol names head the columns; what is best within a column and on the same clips is bold. The paper's rows are a
tabular of their own. Pure text.
"""

import re
from collections.abc import Iterator, Sequence

from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.table.paper import COLUMNS, NOTE, published_rows
from livetalk.evaluation.table.report import TableReport
from livetalk.evaluation.table.scores import SetReport, TableBlock, TableRow, direction

EXPERT = ("sync_expert_confidence", "sync_expert_distance")
SHOWN = ("fid", "kid", "fvd", "sync_c", "sync_d", *EXPERT, "iqa", "ase", "csim_dlib")  # how names begin, in order
ARROWS = {1: r"$\uparrow$", -1: r"$\downarrow$", 0: ""}
MARKS = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    '"': r"\textquotedbl{}",
}
SPECIAL = re.compile("[" + re.escape("".join(MARKS)) + "]")


def escaped(text: str) -> str:
    """Text that LaTeX shows as it is, on one line."""
    return SPECIAL.sub(lambda found: MARKS[found[0]], " ".join(text.split()))


def latex(report: TableReport) -> str:
    """A `table*` for each data set; needs `\\usepackage{booktabs}` and, for its marks, `\\usepackage[T1]{fontenc}`."""
    head = f"% LiveTalk {escaped(report.version)}; needs booktabs, and T1 fonts for its marks\n"
    return head + "\n".join("\n".join(_table(report, each)) for each in report.sets) + "\n"


def _table(report: TableReport, each: SetReport) -> Iterator[str]:
    yield r"\begin{table*}"
    yield r"\centering\small"
    caption = (
        f"{each.title}. Protocol: {each.protocol}. Values with 95 % intervals over clips; timed on {report.machine}."
    )
    bold = "Bold: best on the same clips in that protocol, the next one's value outside its interval; truth apart."
    yield rf"\caption{{{escaped(caption)} {bold}}}"
    yield rf"\label{{tab:{re.sub('[^a-z0-9]', '-', each.name.lower())}}}"
    columns = _columns(each.blocks)
    yield rf"\begin{{tabular}}{{lr{'r' * (2 + len(columns))}}}"
    yield r"\toprule"
    heads = ["System", "clips", "frames/s $\\uparrow$", "first frame, s $\\downarrow$"]
    yield " & ".join([*heads, *(f"{escaped(name)} {ARROWS[direction(name)]}".strip() for name in columns)]) + r" \\"
    for block in each.blocks:
        yield r"\midrule"
        for row in block.rows:
            yield _row(block, row, columns)
    yield r"\bottomrule"
    yield r"\end{tabular}"
    yield from _published(each.name)
    yield r"\end{table*}"


def _columns(blocks: Sequence[TableBlock]) -> list[str]:
    names = list(dict.fromkeys(name for block in blocks for name in block.figures()))
    return [name for beginning in SHOWN for name in names if name.startswith(beginning)]


def _row(block: TableBlock, row: TableRow, columns: Sequence[str]) -> str:
    made = str(block.cases) if not row.failed else f"{block.cases - len(row.failed)} of {block.cases}"
    cells = [escaped(row.system), made]
    cells += ["--" if row.speed is None else _value(v) for v in _speeds(row)]
    for name in columns:
        words = _value(row.values[name]) if name in row.values else "--"
        cells.append(rf"\textbf{{{words}}}" if block.best(name) == row.system else words)
    return " & ".join(cells) + r" \\"


def _speeds(row: TableRow) -> tuple[Estimate | None, Estimate | None]:
    return (None, None) if row.speed is None else (row.speed.fps, row.speed.first_frame)


def _value(value: Estimate | None) -> str:
    if value is None or value.value != value.value:
        return "--"
    inside = "" if value.low != value.low else rf" {{\scriptsize [{value.low:.3g}, {value.high:.3g}]}}"
    return f"{value.value:.3g}{inside}"


def _published(data: str) -> Iterator[str]:
    rows = published_rows(data)
    if not rows:
        return
    yield r"\par\medskip"
    yield rf"\begin{{tabular}}{{l{'r' * len(COLUMNS)}}}"
    yield r"\toprule"
    yield " & ".join([rf"\emph{{{NOTE}}}", *(escaped(column) for column in COLUMNS)]) + r" \\"
    yield r"\midrule"
    for row in rows:
        yield " & ".join([escaped(row.system), *("--" if v is None else f"{v:g}" for v in row.numbers)]) + r" \\"
    yield r"\bottomrule"
    yield r"\end{tabular}"
