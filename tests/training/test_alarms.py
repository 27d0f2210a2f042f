"""Alarms ring for what destroyed runs before, once, and stay silent otherwise."""

import numpy as np

from livetalk.training.alarms import AlarmConfig, Alarms


def talking(n: int = 2, t: int = 12, size: int = 32) -> np.ndarray:
    """Videos with a still background and a moving square."""
    videos = np.full((n, t, size, size, 3), 90, np.uint8)
    for i in range(t):
        videos[:, i, 8 : 16 + i, 8:24] = 200
    return videos


def test_nan_rings_once_and_stops() -> None:
    alarms = Alarms()
    assert alarms.metrics(1, {"loss": 0.5}) == []
    found = alarms.metrics(2, {"loss": float("nan"), "grad_norm": float("inf")})
    assert [(a.kind, a.stop) for a in found] == [("nan", True)]
    assert "grad_norm, loss" in found[0].message
    assert "\n" not in found[0].message
    assert alarms.metrics(3, {"loss": float("nan")}) == []


def test_a_measure_that_may_be_absent_does_not_ring() -> None:
    alarms = Alarms(AlarmConfig(quiet=frozenset({"eval/lip_r"})))
    assert alarms.metrics(1, {"eval/lip_r": float("nan")}) == []


def test_a_critic_that_runs_away_rings() -> None:
    alarms = Alarms()
    rng = np.random.default_rng(0)
    for step in range(40):
        assert alarms.metrics(step, {"critic_loss": 0.1 + 0.05 * rng.random()}) == []
    kinds = [a.kind for step in range(40, 46) for a in alarms.metrics(step, {"critic_loss": 1.0 + 0.1 * step})]
    assert kinds == ["divergence"]


def test_one_bad_batch_is_not_a_divergence() -> None:
    alarms = Alarms()
    values = [0.1] * 20 + [5.0] + [0.1] * 20
    assert [a for i, v in enumerate(values) for a in alarms.metrics(i, {"critic_loss": v})] == []


def test_a_moving_head_before_a_still_background_is_silent() -> None:
    assert Alarms().frames(1, talking()) == []


def test_black_frames_ring() -> None:
    videos = talking()
    videos[1, 6:] = 2
    found = Alarms(AlarmConfig(stop_on=frozenset({"black"}))).frames(1, videos)
    assert (found[0].kind, found[0].stop) == ("black", True)
    assert "25%" in found[0].message


def test_flicker_rings_even_in_one_of_several_videos() -> None:
    videos = talking()
    videos[1, ::2] += 12
    assert [a.kind for a in Alarms().frames(1, videos)] == ["flicker"]
