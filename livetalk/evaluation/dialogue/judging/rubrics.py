"""Rubrics: one text a dimension, with five anchored levels, as a judge is given it. Knows files."""

from functools import cache
from pathlib import Path

from livetalk.evaluation.dialogue.scenarios import Dimension

BUNDLED = Path(__file__).parents[3] / "assets" / "rubrics"
LEVELS = ("5", "4", "3", "2", "1")


@cache
def rubric(dimension: Dimension, folder: Path = BUNDLED) -> str:
    """The text of a dimension's rubric. Raises ValueError, with what to do, for one that lacks levels."""
    path = folder / f"{dimension.value}.txt"
    if not path.is_file():
        raise ValueError(f"{path} is missing: a rubric is one text file for each dimension")
    text = path.read_text(encoding="utf-8").strip()
    found = tuple(line[0] for line in text.splitlines() if line[1:2] == ":" and line[0].isdigit())
    if found != LEVELS:
        raise ValueError(f"{path} has the levels {', '.join(found) or 'none'}: write a line each for 5: to 1:")
    return text
