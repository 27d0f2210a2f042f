"""Promises of the guard."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.live.faults import Fault, FaultDetector, FaultLimits, fault_of

RNG = np.random.default_rng(0)
PORTRAIT = RNG.integers(0, 256, (32, 32, 3), np.uint8)
FRAMES = RNG.integers(0, 256, (12, 32, 32, 3), np.uint8)
STILL = np.repeat(PORTRAIT[None], 12, 0)
LATENTS = torch.randn(1, 4, 3, 4, 4, generator=torch.Generator().manual_seed(0))


@given(st.integers(0, 2**32 - 1), st.floats(0, 3.5))
@settings(max_examples=30, deadline=None)
def test_ordinary_blocks_pass(seed: int, scale: float) -> None:
    made = scale * torch.randn(1, 4, 3, 4, 4, generator=torch.Generator().manual_seed(seed))
    guard = FaultDetector(PORTRAIT)
    assert guard.check(made, FRAMES, PORTRAIT) is None
    assert guard.check(made, FRAMES[:9], None) is None
    assert guard.counts.faults == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@given(place=st.integers(0, LATENTS.numel() - 1), value=st.sampled_from([float("nan"), float("inf"), float("-inf")]))
@settings(max_examples=20, deadline=None)
def test_one_value_that_is_not_finite_is_found_anywhere(dtype: torch.dtype, place: int, value: float) -> None:
    made = LATENTS.to(dtype, copy=True)
    made.view(-1)[place] = value
    assert fault_of(made, FRAMES, PORTRAIT) is Fault.NAN


def test_one_huge_value_or_much_power_has_exploded() -> None:
    spike = LATENTS.clone()
    spike[0, 1, 2, 3, 0] = -61.0
    assert fault_of(spike, FRAMES, PORTRAIT) is Fault.EXPLODED
    assert fault_of(8 * LATENTS, FRAMES, PORTRAIT) is Fault.EXPLODED
    assert fault_of(LATENTS + 6, None, None) is Fault.EXPLODED
    assert fault_of(1e30 * LATENTS, None, None) is Fault.EXPLODED
    assert fault_of(torch.cat([LATENTS / 10, 8 * LATENTS]), None, None) is Fault.EXPLODED


@given(st.integers(0, 11))
@settings(max_examples=12, deadline=None)
def test_a_single_black_frame_is_found(place: int) -> None:
    frames = FRAMES.copy()
    frames[place] = 2
    assert FaultDetector(PORTRAIT).check(LATENTS, frames, PORTRAIT) is Fault.BLACK


def test_a_dark_portrait_may_stay_dark() -> None:
    guard, frames = FaultDetector(PORTRAIT // 64), FRAMES // 64
    assert guard.luma < FaultLimits().black
    assert guard.check(LATENTS, frames, PORTRAIT // 64) is None
    assert guard.check(LATENTS, frames * 0, PORTRAIT) is Fault.BLACK
    assert FaultDetector(PORTRAIT * 0).check(LATENTS, frames * 0, PORTRAIT) is None


def test_a_block_that_stands_still_is_frozen() -> None:
    guard = FaultDetector(PORTRAIT)
    assert guard.check(LATENTS, STILL, PORTRAIT) is Fault.FROZEN
    assert guard.check(LATENTS, STILL, None) is Fault.FROZEN
    assert guard.check(LATENTS, STILL, FRAMES[0]) is None
    assert guard.check(LATENTS, STILL[:1], None) is None


@given(st.integers(0, 11))
@settings(max_examples=12, deadline=None)
def test_one_frame_that_moves_is_life(place: int) -> None:
    frames = STILL.copy()
    frames[place, 10:20, 10:20] ^= 1
    assert FaultDetector(PORTRAIT).check(LATENTS, frames, PORTRAIT) is None


def test_faults_are_counted_by_kind_and_counts_are_a_streams_own() -> None:
    guard, other = FaultDetector(PORTRAIT), FaultDetector(PORTRAIT)
    guard.check(LATENTS * float("nan"), None, None)
    guard.check(100 * LATENTS, FRAMES, None)
    guard.check(LATENTS, FRAMES * 0, None)
    guard.check(LATENTS, STILL, None)
    guard.check(LATENTS, STILL, PORTRAIT)
    counts = guard.counts
    assert (counts.nan, counts.exploded, counts.black, counts.frozen) == (1, 1, 1, 2)
    assert (counts.retried, counts.held) == (0, 0)
    assert (counts.faults, other.counts.faults) == (5, 0)
