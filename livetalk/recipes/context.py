"""Context that the stages of a run share: model, folder, budget, processes, and clips to be measured on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from livetalk.flow.schedule import ladder
from livetalk.performer.rollout import DenoisingSteps, denoising_steps
from livetalk.presets import Preset
from livetalk.recipes.config import Budget
from livetalk.recipes.distill.clips import ClipBatch
from livetalk.recipes.distill.held_out import HeldOut
from livetalk.training.distributed import Distributed
from livetalk.training.stage import Preview

Show = Callable[[Path, Tensor, ClipBatch], Preview]
"""Writes latents [b c f h w] as pictures beside the clips they were made for."""


@dataclass(frozen=True)
class RunContext:
    """A run: stages of `preset` in `folder`, each within `budget`.

    held_out: encoded clips that stages measure themselves on. show: draws samples of them. compiled: networks are
    compiled first.
    """

    preset: Preset
    folder: Path
    budget: Budget
    world: Distributed = field(default_factory=Distributed)
    held_out: HeldOut | None = None
    show: Show | None = None
    compiled: bool = False

    @property
    def student_steps(self) -> DenoisingSteps:
        """The noise levels that the student is trained at and served at."""
        return denoising_steps(ladder(self.preset.steps, self.preset.shift))
