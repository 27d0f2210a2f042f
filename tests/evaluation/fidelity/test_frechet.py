"""Distances of feature sets agree with torchmetrics, and their intervals with what drawing clips means."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import nn

from livetalk.evaluation.fidelity.frechet import (
    KernelSums,
    frechet,
    frechet_of_clips,
    frechet_of_rows,
    kernel_of_clips,
    moments,
)


class Given(nn.Module):
    """Features are the pictures themselves."""

    num_features = 6

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)


def _sets(shift: float = 0.4, clips: int = 8, rows: int = 20) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(3)
    mix = rng.normal(size=(6, 6))
    real = [rng.normal(size=(rows, 6)) @ mix for _ in range(clips)]
    return real, [rng.normal(shift, 1.2, size=(rows, 6)) @ mix for _ in range(clips)]


@pytest.mark.slow
def test_the_frechet_distance_is_that_of_torchmetrics() -> None:
    from torchmetrics.image.fid import FrechetInceptionDistance

    real, made = (np.concatenate(clips) for clips in _sets())
    theirs = FrechetInceptionDistance(Given(), normalize=True, input_img_size=(6, 1, 1)).set_dtype(torch.float64)
    for rows, is_real in ((real, True), (made, False)):
        theirs.update(torch.from_numpy(rows)[..., None, None], real=is_real)
    assert frechet(moments(real), moments(made)) == pytest.approx(float(theirs.compute()), rel=1e-4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance` will save")
def test_the_kernel_distance_is_that_of_torchmetrics() -> None:
    from torchmetrics.image.kid import KernelInceptionDistance

    real, made = _sets()
    theirs = KernelInceptionDistance(Given(), subsets=1, subset_size=160, normalize=True).set_dtype(torch.float64)
    for clips, is_real in ((real, True), (made, False)):
        theirs.update(torch.from_numpy(np.concatenate(clips))[..., None, None], real=is_real)
    assert kernel_of_clips(real, made, draws=2).value == pytest.approx(float(theirs.compute()[0]), rel=1e-4)


def test_the_frechet_distance_is_that_of_the_matrix_root() -> None:
    real, made = (moments(np.concatenate(clips)) for clips in _sets())
    root = sqrtm(real.covariance @ made.covariance).real
    expected = np.square(real.mean - made.mean).sum() + np.trace(real.covariance + made.covariance - 2 * root)
    assert frechet(real, made) == pytest.approx(expected, rel=1e-6)


def test_the_kernel_distance_is_the_published_sum() -> None:
    real, made = (np.concatenate(clips) for clips in _sets(clips=2, rows=4))
    own = sum(
        np.mean([(one @ other / 6 + 1) ** 3 for i, one in enumerate(rows) for j, other in enumerate(rows) if i != j])
        for rows in (real, made)
    )
    crossed = np.mean([(one @ other / 6 + 1) ** 3 for one in real for other in made])
    assert kernel_of_clips(*_sets(clips=2, rows=4), draws=2).value == pytest.approx(own - 2 * crossed, rel=1e-9)


@pytest.mark.parametrize(("rows", "ddof"), [(7, 1), (30, 1), (30, 0), (120, 1)])
def test_few_rows_give_the_same_distance_by_singular_values(rows: int, ddof: int) -> None:
    rng = np.random.default_rng(rows)
    one, other = rng.normal(size=(rows, 40)), rng.normal(0.3, 1.5, size=(60, 40))
    assert frechet_of_rows(one, other, ddof) == pytest.approx(
        frechet(moments(one, ddof), moments(other, ddof)), rel=1e-6
    )


def test_a_singular_covariance_is_no_obstacle() -> None:
    rng = np.random.default_rng(0)
    few = rng.normal(size=(5, 40))
    assert frechet(moments(few), moments(few)) == pytest.approx(0, abs=1e-6)
    assert frechet(moments(few), moments(few + 1)) == pytest.approx(40, rel=1e-6)


def test_alike_sets_are_at_no_distance() -> None:
    real, _ = _sets()
    assert frechet_of_clips(real, real, draws=20).value == pytest.approx(0, abs=1e-8)
    alike, _ = _sets(rows=200)
    other = [rows[::-1] for rows in alike]
    assert abs(kernel_of_clips(alike, other, draws=20).value) < 0.05 * kernel_of_clips(*_sets(), draws=20).value


@pytest.mark.parametrize("of_clips", [frechet_of_clips, kernel_of_clips])
def test_farther_sets_are_farther_and_intervals_hold_the_value(of_clips) -> None:
    found = [of_clips(*_sets(shift), draws=100) for shift in (0.0, 0.5, 1.0, 2.0)]
    assert [one.value for one in found] == sorted(one.value for one in found)
    assert all(one.low <= one.value <= one.high for one in found)
    assert found[-1].low > found[0].high
    assert found[0].n == 8


def test_clips_drawn_twice_are_not_compared_with_themselves() -> None:
    real, made = _sets(0.0, clips=3)
    sums = KernelSums(real, made)
    twice = sums.distance(np.array([0, 0]))
    assert twice == pytest.approx(sums.distance(np.array([0])), rel=1e-9)


def test_one_clip_has_no_interval() -> None:
    real, made = _sets(clips=1)
    assert np.isnan(frechet_of_clips(real, made).low)


def test_too_few_rows_are_no_distance() -> None:
    assert np.isnan(frechet_of_clips([np.zeros((1, 3))], [np.zeros((1, 3))]).value)


def test_the_divisor_of_the_covariance_is_asked_for() -> None:
    rows = np.random.default_rng(0).normal(size=(10, 3))
    assert moments(rows, 0).covariance == pytest.approx(0.9 * moments(rows).covariance)
