"""Report of a judging as JSON and Markdown: percentiles as in the paper's table, raw means, and what the controls say.

A dimension that is not believed has no figure in the table. Knows scores; draws no pages.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import cast

from livetalk.evaluation.dialogue.scenarios import Dimension
from livetalk.evaluation.dialogue.scoring.human import HumanAgreement
from livetalk.evaluation.dialogue.scoring.results import FaultEffect, Judging, document
from livetalk.evaluation.dialogue.scoring.scores import ScoreTable, SystemRow, score_table
from livetalk.evaluation.estimates import Estimate

UNMEASURED = "not measured"
PROTOCOL = (
    "This is LiveTalk's own protocol: prompts, scenarios and counts of the paper's judge (arXiv:2512.23576) are not "
    "public, so these figures compare systems with one another, not with its table."
)


def as_json(judging: Judging, people: Sequence[HumanAgreement] = ()) -> str:
    """Everything: verdicts, reasons, scores, controls, and how human raters agree."""
    scores = asdict(score_table(judging))
    whole = {"protocol": PROTOCOL, "scores": _plain(scores), "judging": document(judging)}
    if people:
        whole["human"] = _plain([asdict(one) for one in people])
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def markdown(judging: Judging, people: Sequence[HumanAgreement] = ()) -> str:
    """Tables for a page of documentation. people: how human raters agree, where there were some."""
    table = score_table(judging)
    parts = [
        *("# Multi-round interaction", "", PROTOCOL, "", judge_sentence(judging), ""),
        *_paper_table(table, judging),
        *_raw_table(table),
        *_checks(table),
        *_controls(table, judging),
        *_pairs(table),
        *_people(people),
    ]
    if missing := judging.missing:
        parts += ["", f"## {len(missing)} verdicts are missing", "", *(f"- {line}" for line in missing)]
    return "\n".join(parts).rstrip() + "\n"


def judge_sentence(judging: Judging) -> str:
    """Who judged what, and how."""
    note = judging.judge
    systems = {one.system for one in judging.dialogues}
    scenarios = {one.scenario for one in judging.dialogues}
    kind = "expected levels under its token probabilities" if note.probabilities else "whole levels"
    return (
        f"Judge: {note.model}, {note.repeats} repeats at temperature {note.temperature:g} and top-p {note.top_p:g}, "
        f"{kind}; up to {note.frames} pictures of {note.frame_size} pixels an answer, "
        f"{'with' if note.sound else 'without'} sound; {len(judging.dialogues)} dialogues of {len(systems)} systems "
        f"over {len(scenarios)} scenarios."
    )


def unmeasured(judging: Judging) -> Mapping[str, str]:
    """Dimensions without a figure, and why."""
    if judging.unmeasured is None:
        return {one.value: "the judge was not tried on planted faults" for one in Dimension}
    return judging.unmeasured


def _paper_table(table: ScoreTable, judging: Judging) -> Iterator[str]:
    hidden = unmeasured(judging)
    yield "## Percentiles"
    yield ""
    yield (
        "Mean over dialogues of the percentile (0 to 100) of the z-score among all systems' dialogues; latency is the "
        "mean seconds from the end of the visitor's speech to the first sound of the answer."
    )
    if len(table.systems) < 2:
        yield ""
        yield "With one system they are near 50 whatever it does: read the raw means."
    yield ""
    yield from _rows(
        ["system", "n", "latency s", *(one.abbreviation for one in Dimension)],
        [
            [row.system, str(row.dialogues), figure(row.latency_s, 2), *_percentiles(row, hidden)]
            for row in table.systems
        ],
    )
    if hidden:
        yield ""
        yield from (f"- {Dimension(name).abbreviation} is {UNMEASURED}: {why}." for name, why in hidden.items())


def _percentiles(row: SystemRow, hidden: Mapping[str, str]) -> Iterator[str]:
    for one in Dimension:
        yield UNMEASURED if one.value in hidden else f"{row.scores[one.value].percentile.value:.1f}"


def _raw_table(table: ScoreTable) -> Iterator[str]:
    yield from ("", "## Raw means", "", "Levels 1 to 5 with 95 % intervals of a bootstrap over dialogues.", "")
    heads = ["dimension", *(row.system for row in table.systems)]
    yield from _rows(
        heads,
        [[one.value.replace("_", " "), *(_raw(row, one) for row in table.systems)] for one in Dimension],
    )


def _raw(row: SystemRow, dimension: Dimension) -> str:
    score = row.scores[dimension.value]
    return figure(score.raw, 2) + (f" ({score.missing} missing)" if score.missing else "")


def _checks(table: ScoreTable) -> Iterator[str]:
    yield from ("", "## Statements about the answers", "", "Share that is true, equal weight for each dialogue.", "")
    yield from _rows(
        ["system", "must", "must not", "remembers", "words a dialogue", "seconds", "turns that failed"],
        [
            [
                row.system,
                *(figure(row.statements[kind], 2) for kind in ("must", "must_not", "remembers")),
                figure(row.words, 0),
                figure(row.seconds, 1),
                str(row.failed_turns),
            ]
            for row in table.systems
        ],
    )


def _controls(table: ScoreTable, judging: Judging) -> Iterator[str]:
    yield from ("", "## Controls of the judge", "")
    yield (
        "Planted faults lower a score by so many levels (their own dimension in bold, others must stay); alpha is "
        "Krippendorff's (ordinal) over repeats, undefined where all levels are the same; length is Spearman's r of the "
        "score and the words of the answers."
    )
    yield ""
    faults = list(dict.fromkeys(row.fault for row in judging.faults))
    heads = ["dimension", *(fault.replace("_", " ") for fault in faults), "alone", "alpha", "length"]
    agreed = {row.dimension: row for row in table.agreement}
    rows: list[list[str]] = []
    for one in Dimension:
        cells = [_effect(one.value, fault, judging.faults) for fault in faults]
        alone = next((row.drop for row in judging.ablation if row.dimension == one and row.decides), None)
        last = [plain(agreed[one.value].alpha), plain(agreed[one.value].length_r)]
        rows.append([one.value.replace("_", " "), *cells, "" if alone is None else plain(alone.value), *last])
    yield from _rows(heads, rows)
    yield ""
    yield (
        "*Alone*: levels that a score falls by when its judge is shown nothing of what the dimension is about "
        "(the transcript alone for visual ones, pictures alone for content)."
    )


def _effect(dimension: str, fault: str, faults: Sequence[FaultEffect]) -> str:
    row = next((one for one in faults if one.dimension == dimension and one.fault == fault), None)
    if row is None:
        return ""
    return f"**{row.drop.value:.2f}**" if row.role == "must" else f"{row.drop.value:.2f}{' !' if row.moved else ''}"


def _pairs(table: ScoreTable) -> Iterator[str]:
    if not table.pairs:
        return
    yield from ("", "## Pairs in both orders", "", "A pair that changes with the order is a tie.", "")
    yield from _rows(
        ["dimension", "a", "b", "a wins", "b wins", "ties", "of them by order", "missing"],
        [
            [one.dimension.replace("_", " "), one.a, one.b]
            + [str(count) for count in (one.wins, one.losses, one.ties, one.inconsistent, one.missing)]
            for one in table.pairs
        ],
    )


def _people(people: Sequence[HumanAgreement]) -> Iterator[str]:
    if not people:
        return
    yield from (
        "",
        "## Human raters",
        "",
        "Alpha among people; Spearman's r of the judge and their mean, by dialogue.",
        "",
    )
    yield from _rows(
        ["dimension", "raters", "dialogues", "alpha", "r"],
        [
            [
                one.dimension.replace("_", " "),
                str(one.raters),
                str(one.judge_r.n),
                plain(one.alpha),
                figure(one.judge_r, 2),
            ]
            for one in people
        ],
    )


def _rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def figure(estimate: Estimate, digits: int) -> str:
    """A value with its interval."""
    if not estimate.n or estimate.value != estimate.value:
        return "-"
    if estimate.low != estimate.low:
        return f"{estimate.value:.{digits}f}"
    return f"{estimate.value:.{digits}f} [{estimate.low:.{digits}f}, {estimate.high:.{digits}f}]"


def plain(value: float) -> str:
    """A value, or a dash for none."""
    return "-" if value != value else f"{value:.2f}"


def _plain(value: object) -> object:
    """Without what JSON does not know."""
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in cast("dict[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast("list[object]", value)]
    return value
