"""Teacher trajectories: guided Euler walks from noise to clean, kept at the student's levels (REFERENCE: ODE pairs).

The portrait is put into latent frame 0 before every step and into the result. Knows a teacher and conditions.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from livetalk.dit.model import DiT
from livetalk.flow.schedule import Table, shifted_table
from livetalk.flow.solver import euler_states
from livetalk.recipes.config import Guidance
from livetalk.recipes.distill.clips import ClipBatch
from livetalk.recipes.distill.guidance import guided_velocity
from livetalk.training.precision import autocast


@torch.no_grad()
def sample_trajectory(
    teacher: DiT, batch: ClipBatch, scales: Guidance, steps: int, shift: float, keep: int | None = None
) -> Float[Tensor, "k b c f h w"]:
    """States of a walk of `steps` steps: `keep` of them at even index distance and the clean end; only the end if None.

    Kept states are at exactly the levels of `shifted_table(keep, shift)`; `steps` must be a multiple of `keep`.
    """
    if keep is not None and steps % keep:
        raise ValueError(f"{steps} teacher steps cannot be thinned to {keep}: give a multiple")
    table: Table = shifted_table(steps, shift)
    wanted = {steps} if keep is None else {*range(0, steps, steps // keep), steps}
    given, frames = batch.given(), batch.latents.shape[2]

    def pin(x: Tensor) -> Tensor:
        return torch.cat([batch.portrait, x[:, :, 1:]], 2)

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        with autocast(x.device):
            out = guided_velocity(teacher, x, t[:, None].expand(-1, frames), given, batch.text, batch.audio, scales)
        return out.float()

    noise = torch.randn_like(batch.latents)
    states = euler_states(velocity, noise, table, pin)
    return torch.stack([state for i, state in enumerate(states) if i in wanted])
