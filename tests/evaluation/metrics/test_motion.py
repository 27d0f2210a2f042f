"""A range says how far a face moves, whatever a few misread frames say."""

import numpy as np
import pytest

from livetalk.evaluation.metrics.motion import FLOORS, farthest, ranges, shares
from tests.evaluation.photos.made_up import tracked


def test_ranges_leave_single_misread_frames_out() -> None:
    yaw = 0.2 * np.sin(np.linspace(0, 20, 81))
    misread = yaw.copy()
    misread[[10, 40]] = 1.5
    assert ranges(tracked(yaw=yaw))["yaw"] == pytest.approx(0.4, rel=0.03)
    assert ranges(tracked(yaw=misread))["yaw"] == pytest.approx(0.4, rel=0.06)


def test_frames_without_a_face_do_not_count() -> None:
    yaw = np.linspace(0, 1, 81)
    yaw[:40] = np.nan
    assert ranges(tracked(yaw=yaw))["yaw"] == pytest.approx(0.45, abs=0.01)
    assert ranges(tracked(yaw=np.full(81, np.nan)))["yaw"] == 0


def test_shares_are_those_of_mean_ranges_and_stillness_is_none() -> None:
    wide, still = dict.fromkeys(FLOORS, 0.5), dict.fromkeys(FLOORS, 0.0)
    assert shares([wide, wide], [wide]) == pytest.approx(dict.fromkeys(FLOORS, 1.0))
    assert max(shares([still], [wide]).values()) < 0.1
    assert shares([still], [still]) == pytest.approx(dict.fromkeys(FLOORS, 1.0))


def test_half_is_as_far_as_double() -> None:
    assert farthest([1.1, 0.5, 1.8]) == 0.5
    assert farthest([0.9, 2.2, 0.5]) == 2.2
    assert np.isnan(farthest([1.0, np.nan]))
    assert np.isnan(farthest([]))
