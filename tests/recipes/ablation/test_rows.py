"""Rows differ from the one before in one thing, as the paper's table does."""

from dataclasses import fields
from itertools import pairwise

import pytest

from livetalk.recipes.ablation.rows import OPTIONS, ROWS, AblationRow, rows_of


def differences(one: AblationRow, other: AblationRow) -> set[str]:
    return {f.name for f in fields(one) if getattr(one, f.name) != getattr(other, f.name)} - {"name"}


def test_each_row_adds_one_improvement() -> None:
    added = [differences(*pair) for pair in pairwise(ROWS[:5])]
    assert added == [{"conditions"}, {"converged"}, {"rate"}, {"guidance"}]
    assert differences(ROWS[4], ROWS[5]) == {"conditions"}, "the final recipe, without curation"
    assert all(len(differences(ROWS[4], row)) == 1 for row in OPTIONS)


def test_rows_share_ode_runs_that_are_alike() -> None:
    assert [row.ode for row in ROWS] == [
        "ode_raw_short", "ode_curated_short", *3 * ["ode_curated_converged"], "ode_raw_converged",
    ]  # fmt: skip
    assert len({row.slug for row in (*ROWS, *OPTIONS)}) == len(ROWS) + len(OPTIONS)


def test_rows_are_chosen_by_name() -> None:
    assert rows_of([]) == list(ROWS)
    assert [row.slug for row in rows_of(["baseline", "teacher_guidance"])] == ["baseline", "teacher_guidance"]
    with pytest.raises(ValueError, match="no row 'final': choose of baseline, curated_conditions"):
        rows_of(["final"])
