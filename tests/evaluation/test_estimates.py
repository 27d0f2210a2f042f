"""An interval covers the truth as often as it says, and says how little one clip tells."""

import math

import numpy as np

from livetalk.evaluation import estimates


def test_interval_covers_the_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    found = [estimates.mean(rng.normal(3, 1, 40)) for _ in range(200)]
    assert 0.9 <= np.mean([one.low <= 3 <= one.high for one in found]) <= 0.99


def test_one_clip_has_no_interval() -> None:
    one = estimates.mean([2.0])
    assert one.value == 2
    assert math.isnan(one.low)
    assert one.document() == {"value": 2.0, "low": None, "high": None, "n": 1}
    assert estimates.mean([]).n == 0


def test_any_statistic_of_a_set_of_clips() -> None:
    values = np.arange(30.0)
    one = estimates.of_clips(lambda rows: float(np.median(values[rows])), 30, draws=200)
    assert one.low < one.value == 14.5 < one.high
    assert one == estimates.of_clips(lambda rows: float(np.median(values[rows])), 30, draws=200)


def test_a_clip_that_could_not_be_measured_is_not_passed_over() -> None:
    assert math.isnan(estimates.mean([1.0, float("nan")]).value)
