"""Promises of the block loop."""

from dataclasses import replace

import pytest
import torch

from livetalk.dit.model import DiT
from livetalk.flow.schedule import ladder
from livetalk.performer.rollout import (
    BlockConditions,
    DenoisingSteps,
    RolloutOptions,
    begin,
    denoising_steps,
    next_block,
)
from livetalk.presets import MINIATURE

STEPS = denoising_steps(ladder(4, 3.0))


def _noise(block: int):
    generator = torch.Generator().manual_seed(block)
    made = [torch.randn(1, 12, 3, 4, 4, generator=generator) for _ in STEPS.sigmas]
    return lambda step: made[step]


def _conditions(block: int, shift: float = 0.0) -> BlockConditions:
    torch.manual_seed(5)
    reference, text = torch.randn(1, 12, 1, 4, 4), torch.randn(1, 24, 128)
    torch.manual_seed(100 + block)
    return BlockConditions(reference, text, torch.randn(1, 3, 4 * MINIATURE.dit.audio_dim) + shift)


def _begin(positions="windowed"):
    g = MINIATURE.geometry
    return begin(4, g.block_latents, g.anchor_latents, g.rolling_latents, positions)


def test_the_portrait_is_the_first_latent_frame(model: DiT) -> None:
    clean, state = next_block(model, _noise(0), _conditions(0), _begin(), STEPS)
    torch.testing.assert_close(clean[:, :, :1], _conditions(0).reference)
    assert state.latents == 3


def test_a_kept_state_replays_to_the_same_bits(model: DiT) -> None:
    state = _begin()
    for block in range(3):
        _, state = next_block(model, _noise(block), _conditions(block), state, STEPS)
    first, _ = next_block(model, _noise(3), _conditions(3), state, STEPS)
    next_block(model, _noise(9), _conditions(9), state, STEPS)
    again, _ = next_block(model, _noise(3), _conditions(3), state, STEPS)
    assert torch.equal(first, again)


def test_windowed_and_absolute_positions_agree_until_something_is_evicted(model: DiT) -> None:
    ours, theirs = _begin("windowed"), _begin("absolute")
    for block in range(6):
        a, ours = next_block(model, _noise(block), _conditions(block), ours, STEPS)
        b, theirs = next_block(model, _noise(block), _conditions(block), theirs, STEPS)
        difference = (a - b).norm() / b.norm()
        assert difference < 1e-4 if block < 4 else difference > 1e-6


def test_windowed_streams_pass_any_position(model: DiT) -> None:
    state = _begin()
    for block in range(6):
        _, state = next_block(model, _noise(block), _conditions(block), state, STEPS)
    far = replace(state, latents=2_000_000)
    near_made, _ = next_block(model, _noise(6), _conditions(6), state, STEPS)
    far_made, after = next_block(model, _noise(6), _conditions(6), far, STEPS)
    assert torch.equal(near_made, far_made)
    assert after.cache.frames == MINIATURE.geometry.window_latents - 3


def test_only_the_exit_step_carries_gradient_and_memory_does_not(model: DiT) -> None:
    clean, state = next_block(
        model, _noise(0), _conditions(0), _begin(), STEPS, RolloutOptions(exit_step=1, gradient=True)
    )
    assert clean.requires_grad
    assert not any(k.requires_grad or v.requires_grad for k, v in state.cache.layers)
    clean.square().mean().backward()
    assert model.patch_embedding.weight.grad is not None
    whole, _ = next_block(model, _noise(0), _conditions(0), _begin(), STEPS)
    assert not whole.requires_grad


def test_speech_of_a_block_does_not_change_earlier_blocks(model: DiT) -> None:
    made = []
    for shift in (0.0, 2.0):
        a, state = next_block(model, _noise(0), _conditions(0), _begin(), STEPS)
        b, _ = next_block(model, _noise(1), _conditions(1, shift), state, STEPS)
        made.append((a, b))
    assert torch.equal(made[0][0], made[1][0])
    assert not torch.equal(made[0][1], made[1][1])


def test_a_ladder_must_fall() -> None:
    with pytest.raises(ValueError, match="fall"):
        DenoisingSteps((500.0, 1000.0), (0.5, 1.0))
