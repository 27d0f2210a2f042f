"""Noise levels are those of the published tables."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.flow.schedule import ladder, shifted, shifted_table
from tests.helpers.golden import golden

RECORDED = golden("schedule")


@pytest.mark.parametrize(("name", "steps"), [("", 4), ("", 25), ("", 50), ("train_", 1000)])
def test_tables_are_the_recorded_ones(name, steps):
    table = shifted_table(steps, 5.0)
    torch.testing.assert_close(table.sigmas, RECORDED[f"{name}sigmas_{steps}"], rtol=2e-7, atol=2e-7)
    torch.testing.assert_close(table.timesteps, RECORDED[f"{name}timesteps_{steps}"], rtol=2e-7, atol=2e-4)


def test_the_published_student_is_told_rounded_timesteps_at_exact_levels():
    table = ladder(as_published=True)
    assert table.timesteps.tolist() == [1000, 936, 832, 624]
    torch.testing.assert_close(table.sigmas, torch.tensor([1, 0.9375, 5 / 6, 0.625]))


def test_our_ladder_tells_the_level_it_is_at():
    table = ladder()
    torch.testing.assert_close(table.timesteps, 1000 * table.sigmas)


def test_the_teacher_passes_through_the_students_levels():
    walk, few = shifted_table(48, 5.0), ladder()
    torch.testing.assert_close(walk.sigmas[::12], few.sigmas)


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0.1, 20))
def test_shifting_keeps_levels_levels_and_can_be_undone(level, shift):
    moved = shifted(level, shift)
    assert 0 <= moved <= 1 + 1e-9
    assert shifted(moved, 1 / shift) == pytest.approx(level, abs=1e-9)


def test_a_table_needs_steps():
    with pytest.raises(ValueError, match="at least 1 step"):
        shifted_table(0, 5.0)
