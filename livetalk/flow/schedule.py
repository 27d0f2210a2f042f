"""Noise schedules: shifted tables of levels, and the few of them that the student visits.

A table pairs noise levels sigma in (0, 1] with the timesteps the network is told, 1000 sigma. Computed in float64
and rounded once to float32. Knows nothing of how a level is used.
"""

from dataclasses import dataclass
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

TIMESTEPS = 1000.0  # the timestep of pure noise

Level = TypeVar("Level", float, Tensor)


@dataclass(frozen=True)
class Table:
    """Noise levels from pure noise downwards, and their timesteps; level 0 itself is not an entry."""

    sigmas: Float[Tensor, " n"]
    timesteps: Float[Tensor, " n"]

    def to(self, device: torch.device | str) -> "Table":
        return Table(self.sigmas.to(device), self.timesteps.to(device))


def shifted(level: Level, shift: float) -> Level:
    """Move levels in [0, 1] towards noise: s u / (1 + (s - 1) u). A shift of 1 changes nothing."""
    return shift * level / (1 + (shift - 1) * level)


def shifted_table(steps: int, shift: float) -> Table:
    """`steps` levels, uniform from 1 down to 1/steps, then shifted.

    Raises:
        ValueError: no steps, or a shift that is not positive.
    """
    if steps < 1 or shift <= 0:
        raise ValueError(f"a table of {steps} steps with shift {shift}: give at least 1 step and a shift above 0")
    sigmas = shifted(1 - torch.arange(steps, dtype=torch.float64) / steps, shift)
    return Table(sigmas.float(), (TIMESTEPS * sigmas).float())


def ladder(steps: int = 4, shift: float = 5.0, as_published: bool = False) -> Table:
    """The few levels a student is run at.

    With `as_published` the timesteps are rounded to bfloat16, which is what the published student was trained with
    and is told (1000, 936, 832, 624), while its levels stay exact (1, 0.9375, 0.8333, 0.625). Otherwise
    timestep = 1000 sigma everywhere.
    """
    table = shifted_table(steps, shift)
    return Table(table.sigmas, table.timesteps.bfloat16().float()) if as_published else table
