"""Heads move as asked, within bounds, and like people."""

import numpy as np
import pytest

from livetalk.data.acting import motion
from livetalk.data.acting.motion import PITCH, YAW, Temper
from livetalk.data.acting.prompts import Acting

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
