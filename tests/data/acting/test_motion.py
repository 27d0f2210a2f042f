"""Heads, eyes and brows move as asked, within bounds, and like people."""

import numpy as np
import pytest

from livetalk.data.acting import motion
from livetalk.data.acting.motion import PITCH, UNIT, YAW, Temper
from livetalk.data.acting.prompts import GAZES, Acting

TIMES = np.arange(81) / 16


def poses(acting: Acting, count: int = 24) -> np.ndarray:
    made = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        beats = [(float(t), 1.0) for t in np.arange(0.3, 5, 0.6)]
        made.append(motion.head_pose(rng, TIMES, acting, Temper.sample(rng), beats))
    return np.stack(made)


def energy(pose: np.ndarray, axis: int, low: float = 0.85, high: float = 2.2) -> np.ndarray:
    """Spectral energy of an angle between two frequencies in Hz, clip by clip."""
    spectrum = np.abs(np.fft.rfft(pose[:, :, axis] - pose[:, :, axis].mean(1, keepdims=True), axis=1)) ** 2
    hertz = np.fft.rfftfreq(pose.shape[1], 1 / 16)
    return spectrum[:, (hertz >= low) & (hertz <= high)].sum(1)


@pytest.mark.parametrize("pace", ["calm", "normal", "lively"])
def test_nods_shakes_and_stillness_can_be_told_apart(pace):
    nod, shake, still = (
        poses(Acting(head=head, energy=pace, mentioned=("head",))) for head in ("nod", "shake", "still")
    )
    assert np.median(energy(nod, PITCH)) > 30 * np.median(energy(still, PITCH))
    assert np.median(energy(shake, YAW)) > 30 * np.median(energy(still, YAW))
    assert (energy(nod, PITCH) > energy(nod, YAW)).all()
    assert (energy(shake, YAW) > energy(shake, PITCH)).all()


def test_an_unasked_head_moves_but_does_not_nod():
    free, still, nod = poses(Acting()), poses(Acting(mentioned=("head",))), poses(Acting(head="nod"))
    assert free[:, :, YAW].std(1).mean() > 2.5 * still[:, :, YAW].std(1).mean()
    assert np.median(energy(nod, PITCH)) > 4 * np.median(energy(free, PITCH))


def test_energy_scales_movement():
    calm, lively = (np.abs(np.diff(poses(Acting(energy=e)), axis=1)).mean() for e in ("calm", "lively"))
    assert lively > 2 * calm


def test_pose_is_bounded_and_smooth():
    for head in ("still", "nod", "shake"):
        pose = poses(Acting(head=head, energy="lively", gaze="right"))
        assert (np.abs(pose) <= motion.POSE_BOUND).all()
        assert np.abs(np.diff(pose[:, :, :3], axis=1)).max() < 0.16


def test_the_head_follows_the_eyes_a_little():
    left, right, down, camera = (
        poses(Acting(gaze=gaze))[:, 30:].mean((0, 1)) for gaze in ("left", "right", "down", "camera")
    )
    assert left[YAW] < camera[YAW] - 0.05 < camera[YAW] + 0.05 < right[YAW]
    assert down[PITCH] > camera[PITCH] + 0.04


@pytest.mark.parametrize("gaze", GAZES)
def test_eyes_rest_mostly_where_asked_and_start_at_the_camera(gaze):
    paths = np.stack([motion.gaze_path(np.random.default_rng(seed), TIMES, gaze) for seed in range(30)])
    assert np.abs(paths[:, 0]).max() < 0.05
    x, y = paths[:, 16:, 0], paths[:, 16:, 1]
    shown = {"camera": np.hypot(x, y) < 0.2, "left": x < -0.5, "right": x > 0.5, "down": y > 0.45}[gaze]
    assert shown.mean() > 0.6


def test_left_is_the_picture_s_left():
    weights = motion.look(np.array([[-1.0, 0.0]]))[0]
    assert weights[UNIT["eyeLookOutRight"]] == weights[UNIT["eyeLookInLeft"]] == 1
    assert weights[UNIT["eyeLookOutLeft"]] == weights[UNIT["eyeLookInRight"]] == 0


def test_blinks_come_every_few_seconds_and_are_seen_half_shut():
    minute = np.arange(16 * 60) / 16
    for seed in range(8):
        lids = motion.blinks(np.random.default_rng(seed), minute, mean=3.2)
        shut = lids > 0.9
        count = np.sum(shut[1:] & ~shut[:-1])
        assert 11 <= count <= 34
        assert np.mean(lids > 0.05) < 0.25
        assert np.sum((lids > 0.25) & (lids < 0.8)) >= 1.5 * count


def test_moods_stay_in_bounds_and_differ():
    rows = {}
    for mood in motion.MOOD_UNITS:
        track = motion.mood_track(np.random.default_rng(0), TIMES, mood, 1.1)
        assert 0 <= track.min() <= track.max() <= 1
        rows[mood] = track.mean(0)
    moods = list(rows)
    assert all(np.abs(rows[a] - rows[b]).max() > 0.4 for a in moods for b in moods if a != b)
