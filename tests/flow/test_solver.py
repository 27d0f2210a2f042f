"""From noise to clean, by many steps or few."""

import torch

from livetalk.flow.noising import velocity_of
from livetalk.flow.schedule import ladder, shifted_table
from livetalk.flow.solver import euler_states, renoise

RANDOM = torch.Generator().manual_seed(0)
CLEAN, NOISE = torch.randn(2, 2, 3, 4, 2, 2, generator=RANDOM)


def straight(latents: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
    assert timesteps.shape == (2,)
    return velocity_of(CLEAN, NOISE)


def test_a_straight_flow_is_solved_exactly():
    torch.testing.assert_close(list(euler_states(straight, NOISE, shifted_table(7, 5.0)))[-1], CLEAN)


def test_a_walk_shows_every_state_on_its_level():
    table = shifted_table(5, 5.0)
    states = list(euler_states(straight, NOISE, table))
    assert len(states) == 6
    for state, sigma in zip(states, [*table.sigmas, torch.tensor(0.0)], strict=True):
        torch.testing.assert_close(state, (1 - sigma) * CLEAN + sigma * NOISE)


def test_what_is_pinned_holds_in_every_state_the_network_sees():
    def pin(latents: torch.Tensor) -> torch.Tensor:
        return torch.cat([CLEAN[:, :, :1], latents[:, :, 1:]], dim=2)

    def watched(latents: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        assert torch.equal(latents[:, :, 0], CLEAN[:, :, 0])
        return straight(latents, timesteps)

    states = list(euler_states(watched, NOISE, ladder(), pin))
    assert all(torch.equal(state[:, :, 0], CLEAN[:, :, 0]) for state in states)


def test_renoising_mixes_clean_and_fresh_noise():
    torch.testing.assert_close(renoise(CLEAN, NOISE, 0.9375), 0.0625 * CLEAN + 0.9375 * NOISE)
