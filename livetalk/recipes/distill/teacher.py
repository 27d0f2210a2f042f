"""Stage two: the bidirectional teacher learns the flow of whole clips, with conditions left out now and then.

Flow matching with a logit-normal level, shifted towards noise (Esser et al. 2024); the loss is on velocity, weighted
towards mouth and eyes; latent frame 0 is the portrait, given clean and left out of the loss on the frame axis.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from livetalk.dit.model import SMALLEST_SIGMA, DiT
from livetalk.flow.noising import noised, velocity_of
from livetalk.flow.schedule import shifted
from livetalk.recipes.distill.clips import ClipBatch, LatentBuffer, drop_conditions
from livetalk.recipes.distill.guidance import Guidance
from livetalk.recipes.distill.held_out import HeldOut, named
from livetalk.recipes.distill.joins import join_weights
from livetalk.recipes.distill.trajectories import sample_trajectory
from livetalk.training.distributed import Distributed
from livetalk.training.optim import FlatThenLinear, OptimConfig
from livetalk.training.optimizer_step import TrainState
from livetalk.training.precision import autocast, eagerly, maybe_compile
from livetalk.training.stage import Preview, StepContext

Show = Callable[[Path, Tensor, ClipBatch], Preview]
"""Writes latents [b c f h w] as pictures beside the clips they were made for."""


@dataclass(frozen=True)
class TeacherTraining:
    """Batch, noise levels and condition drop-out (probabilities)."""

    batch: int = 64
    shift: float = 3.0
    no_text: float = 0.1
    no_audio: float = 0.1
    no_both: float = 0.05
    join: float = 1.0  # weight of a block's first latent frame in the loss
    block: int = 3  # latent frames
    refill_every: int = 10
    show_steps: int = 24
    show_guidance: Guidance = field(default_factory=lambda: Guidance(2.0, 2.0))
    optim: OptimConfig = field(
        default_factory=lambda: OptimConfig(
            lr=1e-3,
            betas=(0.9, 0.97),
            weight_decay=0.02,
            clip=1.0,
            ema=0.999,
            ema_from=200,
            schedule=FlatThenLinear(warmup=0.03),
        )
    )


def draw_levels(batch: int, shift: float, device: torch.device) -> Tensor:
    """Noise levels [b]: a logit-normal draw, shifted, not below what a velocity can be read from."""
    return shifted(torch.sigmoid(torch.randn(batch, device=device)), shift).clamp(SMALLEST_SIGMA, 1.0)


class TeacherStage:
    """See the module docstring. `refill` adds newly rendered clips to the bank; `show` draws samples."""

    def __init__(
        self,
        model: DiT,
        bank: LatentBuffer,
        config: TeacherTraining,
        world: Distributed,
        refill: Callable[[LatentBuffer], int] | None = None,
        show: Show | None = None,
        held_out: HeldOut | None = None,
        compiled: bool = False,
    ) -> None:
        self.model, self.bank, self.config, self.world = model.to(world.device), bank, config, world
        self.refill, self.show, self.held_out = refill, show, held_out
        for block in model.blocks:
            maybe_compile(block, compiled)
        self.learner = TrainState(model, config.optim, world)

    def step(self, tick: StepContext) -> Mapping[str, Tensor | float]:
        c = self.config
        if self.refill is not None and tick.step % c.refill_every == 0:
            self.refill(self.bank)
        batch = drop_conditions(self.bank.draw(c.batch), c.no_text, c.no_audio, c.no_both)
        loss, mouth = self._loss(batch, draw_levels(c.batch, c.shift, self.world.device))
        metrics = {"loss": loss.detach(), "loss_mouth": mouth.detach(), "clips": float(self.bank.seen)}
        return metrics | self.learner.step(loss, tick.progress)

    def _loss(self, batch: ClipBatch, sigma: Tensor) -> tuple[Tensor, Tensor]:
        noise = torch.randn_like(batch.latents)
        x = noised(batch.latents, noise, sigma)
        x = torch.cat([batch.portrait, x[:, :, 1:]], 2)
        t = (1000 * sigma)[:, None].expand(-1, x.shape[2])
        with autocast(self.world.device):
            velocity = self.model(x, t, batch.given(), batch.text, batch.audio)
        error = (velocity.float() - velocity_of(batch.latents, noise)).square().mean(1, keepdim=True)
        weight = batch.weight * join_weights(error.shape[2], self.config.block, self.config.join, error.device)
        focus = (batch.weight > 2).float()
        return (error * weight).mean(), (error * focus).sum() / focus.sum().clamp_min(1)

    @eagerly
    @torch.no_grad()
    def sample(self, folder: Path, tick: StepContext) -> Preview | None:
        if self.held_out is None:
            return None
        few, metrics = self.held_out.few(), {}
        average = self.learner.ema
        assert average is not None
        with average.swapped_in():
            for kind, clips in self.held_out.clips.items():
                loss, mouth = self._loss(clips, self._fixed_levels(len(clips.text)))
                metrics |= {named("held_out_loss", kind): float(loss), named("held_out_mouth", kind): float(mouth)}
            made = sample_trajectory(
                self.model, few, self.config.show_guidance, self.config.show_steps, self.config.shift
            )[-1]
        shown = Preview() if self.show is None else self.show(folder, made, few)
        return Preview({**shown.metrics, **metrics}, shown.frames)

    def _fixed_levels(self, count: int) -> Tensor:
        """The same noise levels at every call, so that held-out losses compare."""
        generator = torch.Generator(self.world.device).manual_seed(7)
        sigma = torch.rand(count, generator=generator, device=self.world.device)
        return shifted(sigma, self.config.shift).clamp(SMALLEST_SIGMA, 1)

    def state(self) -> dict[str, Any]:
        return {"teacher": self.learner.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        self.learner.load_state(state["teacher"])

    def finish(self) -> DiT:
        """The averaged teacher."""
        if self.learner.ema is not None:
            self.learner.ema.write_to(self.model)
        return self.model
