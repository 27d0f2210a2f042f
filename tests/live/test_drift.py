"""Promises of the drift meter."""

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from livetalk.live.drift import Drift, DriftMeter, DriftThresholds


def portrait(name: str = "ada") -> np.ndarray:
    with Image.open(Path(__file__).parents[1] / "frozen" / "faces" / f"{name}.png") as file:
        return np.asarray(file.convert("RGB"))


def block(face: np.ndarray, frames: int = 12) -> np.ndarray:
    return np.repeat(face[None], frames, 0)


def blurred(face: np.ndarray, size: int = 5) -> np.ndarray:
    around = range(-(size // 2), size // 2 + 1)
    return np.mean([np.roll(face.astype(float), (i, j), (0, 1)) for i in around for j in around], 0).astype(np.uint8)


ADA = portrait()
NONE, FAR = Drift(0.0, 0.0, 0.0), Drift(2.0, 0.0, 0.0)


def test_a_portrait_does_not_drift_from_itself() -> None:
    drift = DriftMeter(ADA).measure(block(ADA, 1))
    assert max(drift.identity, drift.colour, drift.sharpness) < 1e-4


@given(st.integers(-10, 10), st.integers(-10, 10))
@settings(max_examples=30, deadline=None)
def test_a_moving_head_stays_inside(down: int, right: int) -> None:
    meter = DriftMeter(ADA)
    drift = meter.measure(block(np.roll(ADA, (down, right), (0, 1)), 1))
    assert drift.identity < 0.2  # half a cell off costs most
    assert meter.band.contains(drift)


@given(st.integers(-6, 6), st.integers(0, 2))
@settings(max_examples=20, deadline=None)
def test_a_little_light_or_noise_stays_inside(light: int, noise: int) -> None:
    grain = np.random.default_rng(0).integers(-noise, noise + 1, (3, *ADA.shape))
    meter = DriftMeter(ADA)
    assert meter.band.contains(meter.measure(np.clip(grain + light + ADA, 0, 255).astype(np.uint8)))


def test_another_person_is_another_identity() -> None:
    meter = DriftMeter(ADA)
    drift = meter.measure(block(portrait("kofi")))
    assert drift.identity > meter.band.identity


@pytest.mark.parametrize("gain", [(1, 0.6, 0.6), (0.7, 0.7, 0.7), (1.4, 1.4, 1.4)])
def test_a_tint_or_a_change_of_light_is_a_drift_of_colour(gain: tuple[float, float, float]) -> None:
    meter = DriftMeter(ADA)
    drift = meter.measure(block(np.clip(ADA * np.array(gain), 0, 255).astype(np.uint8)))
    assert drift.colour > meter.band.colour
    assert drift.identity < meter.band.identity


def test_fading_contrast_is_a_drift_of_colour() -> None:
    meter, mean = DriftMeter(ADA), ADA.mean((0, 1))
    assert meter.measure(block((mean + 0.6 * (ADA - mean)).astype(np.uint8))).colour > meter.band.colour


def test_blur_and_noise_are_drifts_of_sharpness_and_of_nothing_else() -> None:
    meter = DriftMeter(ADA)
    grain = np.random.default_rng(0).normal(0, 25, ADA.shape)
    for face in (blurred(ADA), np.clip(ADA + grain, 0, 255).astype(np.uint8)):
        drift = meter.measure(block(face))
        assert drift.sharpness > meter.band.sharpness
        assert drift.colour < meter.band.colour
        assert drift.identity < meter.band.identity


@given(st.sampled_from([64, 96, 250, 256, 512]), st.integers(1, 13), st.integers(0, 255))
@settings(max_examples=25, deadline=None)
def test_any_picture_gives_finite_numbers(size: int, frames: int, level: int) -> None:
    flat = np.full((size, size, 3), level, np.uint8)
    noisy = np.random.default_rng(level).integers(0, 256, flat.shape, np.uint8)
    for face, seen in ((flat, noisy), (noisy, flat), (flat, flat)):
        drift = DriftMeter(face).measure(block(seen, frames))
        assert np.isfinite([drift.identity, drift.colour, drift.sharpness]).all()
        assert min(drift.identity, drift.colour, drift.sharpness) >= 0


@given(st.lists(st.booleans(), max_size=20), st.integers(1, 5))
def test_only_blocks_in_a_row_leave_the_band(outside: list[bool], patience: int) -> None:
    meter = DriftMeter(ADA[::4, ::4], DriftThresholds(patience=patience))
    for i, out in enumerate(outside):
        latest = outside[max(0, i + 1 - patience) : i + 1]
        assert meter.is_outside(FAR if out else NONE) == (len(latest) == patience and all(latest))


def test_a_reset_starts_the_patience_again() -> None:
    meter = DriftMeter(ADA)
    assert [meter.is_outside(FAR) for _ in range(4)] == [False, False, True, True]
    meter.reset()
    assert [meter.is_outside(FAR) for _ in range(3)] == [False, False, True]


def test_measuring_takes_no_time() -> None:
    meter, frames, times = DriftMeter(ADA), block(ADA), []
    for _ in range(20):
        began = time.process_time()
        meter.measure(frames)
        times.append(time.process_time() - began)
    assert np.median(times) < 0.015  # about 1 ms on one core


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        DriftMeter(ADA[:20, :20])
    with pytest.raises(ValueError, match="one size"):
        DriftMeter(ADA).measure(block(ADA[:128, :128]))
    with pytest.raises(ValueError, match="one size"):
        DriftMeter(ADA).measure(block(ADA, 0))
    with pytest.raises(ValueError, match="positive"):
        DriftThresholds(patience=0)
