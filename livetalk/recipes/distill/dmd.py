"""Stage four: on-policy distribution matching on the student's own rollouts (paper 4.2; REFERENCE 5.4 and 5.5).

The student rolls out whole clips through the serving loop; a frozen teacher (guided) and a trainable critic (not
guided) score them at a random noise level; their difference is the gradient. Deliberate differences from the
released code: keys and values are joined functionally, latent frame 0 is masked on the frame axis in both losses and
in the normaliser, time steps are floating point, guidance has one meaning.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from livetalk.dit.model import DiT
from livetalk.flow.noising import clean_from_velocity, noised, velocity_of
from livetalk.flow.schedule import TIMESTEPS, shifted
from livetalk.performer.rollout import RolloutOptions
from livetalk.recipes.config import DmdTraining
from livetalk.recipes.context import RunContext
from livetalk.recipes.distill.clips import FIELDS, ClipBank, ClipBatch
from livetalk.recipes.distill.guidance import guided_velocity
from livetalk.recipes.distill.joins import join_weights
from livetalk.recipes.distill.moves import MoveReader, move_pull
from livetalk.recipes.distill.self_rollout import rolled, shown_rollout
from livetalk.training.distributed import State, is_sharded
from livetalk.training.optimizer_step import TrainState
from livetalk.training.precision import autocast
from livetalk.training.recorded import RecordedStep, recordings
from livetalk.training.stage import Preview, StepContext


class DmdStage:
    """See the module docstring. The critic starts from a bidirectional model of the student's size."""

    def __init__(
        self,
        student: DiT,
        teacher: DiT,
        critic: DiT,
        bank: ClipBank,
        config: DmdTraining,
        context: RunContext,
        reader: MoveReader | None = None,
    ) -> None:
        self.reader = reader
        self.context, self.world = context, context.world
        self.geometry, self.ladder = context.preset.geometry, context.student_steps
        self.student, self.critic = student.to(self.world.device), critic.to(self.world.device)
        self.teacher = teacher.to(self.world.device).requires_grad_(False)
        self.bank, self.config = bank, config
        if context.compiled:
            for network, dynamic in ((teacher, False), (critic, False), (student, True)):
                for block in network.blocks:
                    block.compile(dynamic=dynamic)
        among = recordings(self.world.device, config.recorded and not is_sharded(student))
        kept = among is not None
        self.generator = TrainState(student, config.generator, self.world, keep_gradients=kept)
        self.critic_state = TrainState(critic, config.critic, self.world, keep_gradients=kept)
        # Each exit step is a sequence of kernels of its own.
        self._generator_losses, self._critic_losses = (
            [RecordedStep(partial(loss, exit_step), network, among) for exit_step in range(len(self.ladder))]
            for loss, network in ((self._generator_loss, student), (self._critic_loss, critic))
        )

    def step(self, tick: StepContext) -> Mapping[str, Tensor | float]:
        metrics: dict[str, Tensor | float] = {}
        if tick.step >= self.config.critic_warmup and tick.step % self.config.ratio == 0:
            clips, exit_step = self._drawn()
            loss, size, moves = self._generator_losses[exit_step](*clips)
            told = self.generator.apply(tick.progress)
            metrics |= {"generator_loss": loss, "generator_grad_norm": told["grad_norm"], "score_gap": size}
            metrics |= {} if self.reader is None else {"moves": moves}
        clips, exit_step = self._drawn()
        (loss,) = self._critic_losses[exit_step](*clips)
        told = self.critic_state.apply(tick.progress)
        return metrics | {"critic_loss": loss, "critic_grad_norm": told["grad_norm"]}

    def _drawn(self) -> tuple[tuple[Tensor, ...], int]:
        """Clips, and one exit step for all of their blocks, alike on all ranks."""
        clips = self.bank.draw(self.config.batch)
        first = len(self.ladder) - 1 if self.config.last_only else 0
        exit_step = int(self.world.broadcast([float(torch.randint(first, len(self.ladder), ()))])[0])
        return tuple(getattr(clips, name) for name in FIELDS), exit_step

    def _generator_loss(self, exit_step: int, *parts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Backpropagates the generator's loss; returns it, the scores' mean difference and the moves' error."""
        clips = ClipBatch(*parts)
        made = self._rollout(clips, RolloutOptions(exit_step, gradient=True))
        gradient, size = self._score_gap(made.detach(), clips)
        # The loss whose gradient with respect to the rollout is `gradient` (Yin et al. 2024, equation 7).
        target = (made - gradient).detach()
        joins = join_weights(made.shape[2], self.geometry.block_latents, self.config.join, made.device)
        loss = total = 0.5 * ((made - target).square() * clips.weight * joins).mean()
        moves = torch.zeros_like(size)
        if self.reader is not None:
            main = gradient * clips.weight * joins / made.numel()
            pull, moves = move_pull(self.reader, made, clips, main, self.config.moves)
            total = loss + (made * pull).sum()
        total.backward()
        return loss.detach(), size, moves

    def _critic_loss(self, exit_step: int, *parts: Tensor) -> tuple[Tensor]:
        """Backpropagates flow matching on the student's clips, latent frame 0 left out; returns the loss."""
        clips = ClipBatch(*parts)
        with torch.no_grad():
            made = self._rollout(clips, RolloutOptions(exit_step))
        x, t, _, noise = self._noisy(made, clips)
        with autocast(self.world.device):
            velocity = self.critic(x, t, clips.given(), clips.text, clips.audio)
        loss = (velocity.float() - velocity_of(made, noise))[:, :, 1:].square().mean()
        loss.backward()
        return (loss.detach(),)

    def _rollout(self, clips: ClipBatch, plan: RolloutOptions) -> Float[Tensor, "b c f h w"]:
        with autocast(self.world.device, cached=not is_sharded(self.student)):
            return rolled(self.student, clips, self.geometry, self.ladder, plan)

    def _score_gap(self, made: Tensor, clips: ClipBatch) -> tuple[Tensor, Tensor]:
        """(critic - teacher) / mean |made - teacher|, per clip, latent frame 0 left out of both."""
        x, t, sigma = self._noisy(made, clips)[:3]
        given = clips.given()
        with torch.no_grad(), autocast(self.world.device):
            fake = self.critic(x, t, given, clips.text, clips.audio)
            real = guided_velocity(self.teacher, x, t, given, clips.text, clips.audio, self.config.guidance)
        fake, real = (clean_from_velocity(x, v.float(), sigma) for v in (fake, real))
        scale = (made - real)[:, :, 1:].abs().mean(dim=(1, 2, 3, 4), keepdim=True)
        gap = torch.nan_to_num((fake - real) / scale)
        gap[:, :, 0] = 0
        return gap, gap.abs().mean()

    def _noisy(self, made: Tensor, clips: ClipBatch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Noisy latents with the portrait put in, time steps [b f], levels [b], noise."""
        device, c = self.world.device, self.config
        sigma = shifted(torch.rand(len(made), device=device), self.context.preset.shift).clamp(c.lowest, c.highest)
        noise = torch.randn_like(made)
        x = noised(made, noise, sigma)
        x = torch.cat([clips.portrait, x[:, :, 1:]], 2)
        return x, (TIMESTEPS * sigma)[:, None].expand(-1, x.shape[2]), sigma, noise

    def sample(self, folder: Path, tick: StepContext) -> Preview | None:
        return shown_rollout(self.generator, self.student, self.context, folder, self.reader)

    def state(self) -> State:
        return {"student": self.generator.state(), "critic": self.critic_state.state()}

    def load_state(self, state: State) -> None:
        self.generator.load_state(state["student"])
        self.critic_state.load_state(state["critic"])

    def finish(self) -> DiT:
        if self.generator.ema is not None:
            self.generator.ema.write_to(self.student)
        return self.student
