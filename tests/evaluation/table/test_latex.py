"""LaTeX shows names as they are, and is balanced."""

import re

import pytest

from livetalk.evaluation.table.latex import escaped, latex
from tests.helpers.table_reports import a_report


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("50 % & more", r"50 \% \& more"),
        ("a_b #1 $x$", r"a\_b \#1 \$x\$"),
        (r"C:\{x}", r"C:\textbackslash{}\{x\}"),
        ("~^<>", r"\textasciitilde{}\textasciicircum{}\textless{}\textgreater{}"),
        ("two\nlines", "two lines"),
    ],
)
def test_marks_are_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_a_table_is_booktabs_with_bold_only_where_something_is_best() -> None:
    text = latex(a_report())
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 2
    assert r"one\_50\% & 1 of 2 & 24 {\scriptsize [23, 25]} & 0.3 & 13 {\scriptsize [12, 14]}" in text
    assert r"\textbf{11 {\scriptsize [10, 12]}}" in text
    assert text.count(r"\textbf") == 1
    assert r"fid\_pytorchfid $\downarrow$" in text
    assert r"\emph{as published, another protocol} & FPS" in text
    for line in text.splitlines():
        if line.endswith(r"\\"):
            assert line.count("{") == line.count("}")
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len({line.count(" & ") for line in rows[:4]}) == 1
    marks = re.findall(r"\\(begin|end)\{(?:table\*|tabular)\}", text)
    assert marks.count("begin") == marks.count("end") == 3


def test_sets_that_the_paper_lacks_have_no_second_tabular() -> None:
    assert latex(a_report("renders")).count(r"\begin{tabular}") == 1
