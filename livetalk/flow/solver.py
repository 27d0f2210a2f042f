"""Solvers from noise to clean: Euler steps along a velocity, and re-noising for the student's few steps.

The network is a function here, and so is anything that must hold at every step (the portrait in latent frame 0).
"""

from collections.abc import Callable, Iterator

from jaxtyping import Float
from torch import Tensor

from livetalk.flow.noising import noised
from livetalk.flow.schedule import Table

Latents = Float[Tensor, "b c f h w"]
Velocity = Callable[[Tensor, Tensor], Tensor]
"""(noisy latents [b c f h w], timesteps [b]) -> velocity [b c f h w]"""


def _as_is(latents: Tensor) -> Tensor:
    return latents


def euler_step(noisy: Latents, velocity: Latents, sigma: Tensor | float, next_sigma: Tensor | float) -> Latents:
    """x(next) = x + (next - sigma) v, for one level of the whole batch; added up in float32 at least."""
    return (noisy.float() + (next_sigma - sigma) * velocity.float()).to(noisy.dtype)


def euler_states(
    velocity: Velocity, noise: Latents, table: Table, pin: Callable[[Tensor], Tensor] = _as_is
) -> Iterator[Latents]:
    """Every state of an Euler walk from `noise` to clean: one before each step, and the last one.

    Args:
        velocity: the network, called once a step with the timestep repeated for the batch.
        noise: where the walk starts, at level 1 if the table does.
        table: the n levels visited; the walk ends at level 0.
        pin: applied to every state before it is used or given out, such as to overwrite latent frame 0 with the
            portrait's (REFERENCE: OmniAvatar's sampler does).

    Yields:
        n + 1 states, the last one clean.
    """
    latents = pin(noise)
    following = [*table.sigmas[1:].tolist(), 0.0]
    for sigma, next_sigma, timestep in zip(table.sigmas.tolist(), following, table.timesteps, strict=True):
        yield latents
        now = timestep.to(latents.device).expand(len(latents))
        latents = pin(euler_step(latents, velocity(latents, now), sigma, next_sigma))
    yield latents


def renoise(clean: Latents, noise: Latents, next_sigma: Tensor | float) -> Latents:
    """One step down the student's ladder: its clean prediction with fresh noise at the next level.

    x = (1 - sigma) x0 + sigma eps (consistency sampling; arXiv 2506.08009, algorithm 2).
    """
    return noised(clean, noise, next_sigma)
