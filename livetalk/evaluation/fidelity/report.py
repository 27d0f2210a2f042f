"""Report of fidelity: a table for people, a document for machines; both say how the figures came about."""

import json
from dataclasses import asdict

from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.fidelity.curves import WINDOW
from livetalk.evaluation.fidelity.measure import Findings
from livetalk.evaluation.fidelity.options import FidelityOptions

BETTER = {"csim": "higher", "nbc": "higher", "iqa": "higher", "ase": "higher"}
"""By the first word of a figure; all others are better when they are lower."""


def markdown(findings: Findings) -> str:
    """Figures with intervals of 95 %, the number of clips, and remarks."""
    rows = [
        f"| `{name}` | {_number(one.value)} | {_interval(one)} | {one.n} | {direction(name)} |"
        for name, one in sorted(findings.figures.items())
    ]
    table = ["| figure | value | 95 % | clips | better |", "|---|---|---|---|---|", *rows]
    return "\n".join([*table, "", *(f"- {remark}" for remark in findings.remarks)])


def as_json(findings: Findings, options: FidelityOptions) -> str:
    """Figures (`null` for what could not be measured), remarks, options, and curves window by window."""
    figures = {name: one.document() for name, one in sorted(findings.figures.items())}
    document = {
        "figures": figures,
        "remarks": findings.remarks,
        "options": asdict(options),
        "window_seconds": WINDOW,
        "curves": {curves.name: curves.windows for curves in findings.curves},
    }
    return json.dumps(document, indent=1, default=str) + "\n"


def direction(name: str) -> str:
    """Which way a figure is better; a drift of something is always to be small."""
    return BETTER.get(name.partition("_")[0], "lower")


def _number(value: float) -> str:
    return "not measured" if value != value else f"{value:.4g}"


def _interval(one: Estimate) -> str:
    return "" if one.low != one.low else f"{one.low:.4g} to {one.high:.4g}"
