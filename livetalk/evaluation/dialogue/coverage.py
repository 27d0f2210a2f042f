"""Coverage of dialogues: how many of each half try a dimension, and with which kinds of turns, as a Markdown table."""

from collections.abc import Sequence

from livetalk.evaluation.dialogue.scenarios import HALVES, Dimension, Half, Scenario, TurnKind


def count(scenarios: Sequence[Scenario], dimension: Dimension, half: Half, kind: TurnKind | None = None) -> int:
    """Dialogues of a half that try the dimension and have a turn of the kind; of any kind for None."""
    return sum(
        scenario.half == half
        and dimension in scenario.dimensions
        and (kind is None or any(turn.kind is kind for turn in scenario.turns))
        for scenario in scenarios
    )


def coverage_table(scenarios: Sequence[Scenario]) -> str:
    """A row a kind of turn, a column a dimension: "development + test", and all dialogues in the last row."""
    head = ["turns", *(dimension.abbreviation for dimension in Dimension)]
    lines = [_line(head), _line(["---", *(["---:"] * len(Dimension))])]
    kinds: list[TurnKind | None] = [*TurnKind, None]
    for kind in kinds:
        name = "all dialogues" if kind is None else kind.value.replace("_", " ")
        cells = [_cell([count(scenarios, dimension, half, kind) for half in HALVES]) for dimension in Dimension]
        lines.append(_line([name, *cells]))
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(counts: Sequence[int]) -> str:
    return " + ".join(str(n) for n in counts)
