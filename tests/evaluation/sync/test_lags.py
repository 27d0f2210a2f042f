"""Lags: a planted offset is found, and the figures are those of the published formula, computed by plain loops."""

import numpy as np
import pytest

from livetalk.evaluation.sync.lags import as_lost, overlapping_means, padded_distances, published_figures


def _walks(late: int, t: int = 90, d: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Pictures, and sound whose match for the picture of frame t comes at frame t + late."""
    walk = np.random.default_rng(5).normal(size=(t + 40, d))
    return walk[20 : 20 + t], walk[20 - late : 20 - late + t]


@pytest.mark.parametrize("late", [-15, -4, 0, 1, 9])
def test_planted_offsets_are_found(late: int) -> None:
    video, sound = _walks(late)
    for means in (padded_distances(video, sound).mean(0), overlapping_means(video, sound)):
        found = published_figures(means)
        assert found.offset == -late
        assert found.confidence > 2
        assert found.distance < 1.6  # the edge is padded with zeros


def test_figures_agree_with_a_plain_loop() -> None:
    rng = np.random.default_rng(2)
    video, sound = rng.normal(size=(37, 8)), rng.normal(size=(37, 8))
    sums = np.zeros(31)
    for k in range(31):
        for t in range(37):
            place = t + k - 15
            heard = sound[place] if 0 <= place < 37 else np.zeros(8)
            sums[k] += np.sqrt(sum((v - a + 1e-6) ** 2 for v, a in zip(video[t], heard, strict=True)))
    means = sums / 37
    found = published_figures(padded_distances(video, sound).mean(0))
    assert abs(found.distance - means.min()) < 1e-4
    assert abs(found.confidence - (np.median(means) - means.min())) < 1e-4
    assert found.offset == 15 - int(np.argmin(means))


def test_constant_shifts_do_not_change_sync_c() -> None:
    """That is what the published figures cannot tell, and why the offset stands beside them."""
    here, there = (published_figures(overlapping_means(*_walks(late))) for late in (0, 6))
    assert abs(here.confidence - there.confidence) < 0.05
    assert (here.offset, there.offset) == (0, -6)


def test_lost_frames_take_their_share_of_the_confidence() -> None:
    means = overlapping_means(*_walks(0))
    whole, half = published_figures(means), published_figures(as_lost(means, 0.5))
    assert np.isclose(half.confidence, whole.confidence / 2)
    assert half.distance > whole.distance
    assert published_figures(as_lost(means, 1.0)).confidence == 0
