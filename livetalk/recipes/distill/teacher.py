"""Stage two: the bidirectional teacher learns the flow of whole clips, with conditions left out now and then.

Flow matching with a logit-normal level, shifted towards noise (Esser et al. 2024); the loss is on velocity, weighted
towards mouth and eyes; latent frame 0 is the portrait, given clean and left out of the loss on the frame axis.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from livetalk.dit.model import SMALLEST_SIGMA, DiT
from livetalk.flow.noising import clean_from_velocity, noised, velocity_of
from livetalk.flow.schedule import TIMESTEPS, shifted
from livetalk.recipes.config import TeacherTraining
from livetalk.recipes.context import RunContext
from livetalk.recipes.distill.clips import ClipBatch, LatentBuffer, drop_conditions
from livetalk.recipes.distill.held_out import named
from livetalk.recipes.distill.joins import join_weights
from livetalk.recipes.distill.moves import MoveReader, move_pull
from livetalk.recipes.distill.trajectories import sample_trajectory
from livetalk.training.distributed import State
from livetalk.training.optimizer_step import TrainState
from livetalk.training.precision import autocast, eagerly, maybe_compile
from livetalk.training.stage import Preview, StepContext


def draw_levels(batch: int, shift: float, device: torch.device) -> Tensor:
    """Noise levels [b]: a logit-normal draw, shifted, not below what a velocity can be read from."""
    return shifted(torch.sigmoid(torch.randn(batch, device=device)), shift).clamp(SMALLEST_SIGMA, 1.0)


class TeacherStage:
    """See the module docstring. `refill` adds newly rendered clips to the bank."""

    def __init__(
        self,
        model: DiT,
        bank: LatentBuffer,
        config: TeacherTraining,
        context: RunContext,
        refill: Callable[[LatentBuffer], int] | None = None,
        reader: MoveReader | None = None,
    ) -> None:
        self.reader = reader
        self.model, self.bank, self.config = model.to(context.world.device), bank, config
        self.refill, self.context, self.world = refill, context, context.world
        self.shift = context.preset.shift
        for block in model.blocks:
            maybe_compile(block, context.compiled)
        self.learner = TrainState(model, config.optim, self.world)

    def step(self, tick: StepContext) -> Mapping[str, Tensor | float]:
        c = self.config
        if self.refill is not None and tick.step % c.refill_every == 0:
            self.refill(self.bank)
        batch = drop_conditions(self.bank.draw(c.batch), c.no_text, c.no_audio, c.no_both)
        loss, told = self._loss(batch, draw_levels(c.batch, self.shift, self.world.device), self.reader)
        metrics: dict[str, Tensor | float] = {**told, "clips": float(self.bank.seen)}
        return metrics | self.learner.step(loss, tick.progress)

    def _loss(
        self, batch: ClipBatch, sigma: Tensor, reader: MoveReader | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        noise = torch.randn_like(batch.latents)
        x = noised(batch.latents, noise, sigma)
        x = torch.cat([batch.portrait, x[:, :, 1:]], 2)
        t = (TIMESTEPS * sigma)[:, None].expand(-1, x.shape[2])
        with autocast(self.world.device):
            velocity = self.model(x, t, batch.given(), batch.text, batch.audio)
        gap = velocity.float() - velocity_of(batch.latents, noise)
        error = gap.square().mean(1, keepdim=True)
        block = self.context.preset.geometry.block_latents
        weight = batch.weight * join_weights(error.shape[2], block, self.config.join, error.device)
        focus = (batch.weight > 2).float()
        loss = (error * weight).mean()
        told = {"loss": loss.detach(), "loss_mouth": ((error * focus).sum() / focus.sum().clamp_min(1)).detach()}
        if reader is not None:
            made = clean_from_velocity(x, velocity.float(), sigma)
            main = 2 * gap.detach() * weight / gap.numel()
            pull, told["moves"] = move_pull(reader, made, batch, main, self.config.moves)
            loss = loss + (made * pull).sum()
        return loss, told

    @eagerly
    @torch.no_grad()
    def sample(self, folder: Path, tick: StepContext) -> Preview | None:
        held_out, show = self.context.held_out, self.context.show
        if held_out is None:
            return None
        few, metrics = held_out.few(), {}
        average = self.learner.ema
        assert average is not None
        with average.swapped_in():
            for kind, clips in held_out.clips.items():
                _, told = self._loss(clips, self._fixed_levels(len(clips.text)), self.reader)
                metrics |= {named(f"held_out_{name.removeprefix('loss_')}", kind): float(v) for name, v in told.items()}
            made = sample_trajectory(self.model, few, self.config.show_guidance, self.config.show_steps, self.shift)[-1]
        shown = Preview() if show is None else show(folder, made, few)
        return Preview({**shown.metrics, **metrics}, shown.frames)

    def _fixed_levels(self, count: int) -> Tensor:
        """The same noise levels at every call, so that held-out losses compare."""
        generator = torch.Generator(self.world.device).manual_seed(7)
        sigma = torch.rand(count, generator=generator, device=self.world.device)
        return shifted(sigma, self.shift).clamp(SMALLEST_SIGMA, 1)

    def state(self) -> State:
        return {"teacher": self.learner.state()}

    def load_state(self, state: State) -> None:
        self.learner.load_state(state["teacher"])

    def finish(self) -> DiT:
        """The averaged teacher."""
        if self.learner.ema is not None:
            self.learner.ema.write_to(self.model)
        return self.model
