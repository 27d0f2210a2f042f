"""There is a rubric for each dimension, with five levels, and none says what another one says."""

from itertools import combinations
from pathlib import Path

import pytest

from livetalk.evaluation.dialogue.judging.rubrics import BUNDLED, rubric
from livetalk.evaluation.dialogue.scenarios import Dimension


def test_each_dimension_has_its_own() -> None:
    assert {path.stem for path in BUNDLED.glob("*.txt")} == {one.value for one in Dimension}
    for dimension in Dimension:
        assert "Do not" in rubric(dimension), "a rubric says what it is not about"


def test_levels_are_distinct_from_one_another_and_from_those_of_others() -> None:
    levels = {one: [line[3:] for line in rubric(one).splitlines() if line[1:2] == ":"] for one in Dimension}
    every = [line for rows in levels.values() for line in rows]
    assert len(set(every)) == 5 * len(Dimension)
    for one, other in combinations(Dimension, 2):
        same = _fours("\n".join(levels[one])) & _fours("\n".join(levels[other]))
        assert len(same) <= 6, (one, other, same)  # "there are no answers" is the lowest level everywhere


def test_a_rubric_without_levels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "semantic_relevance.txt").write_text("Relevance\n\n5: good\n1: bad\n")
    with pytest.raises(ValueError, match="has the levels 5, 1: write a line each"):
        rubric(Dimension.SEMANTIC_RELEVANCE, tmp_path)
    with pytest.raises(ValueError, match="is missing"):
        rubric(Dimension.OVERALL_EXPERIENCE, tmp_path)


def _fours(text: str) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return set(zip(words, words[1:], words[2:], words[3:], strict=False))
