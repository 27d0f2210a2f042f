"""Stage three: the causal student regresses the ends of teacher trajectories (paper 4.1; REFERENCE 5.3).

Every block of a clip gets its own level of the ladder, or is given clean, as finished blocks are in serving; one
parallel pass with the block-causal mask predicts all clean latents. Clips longer than the window are thinned to
anchors and two consecutive rolling blocks with window positions: exactly what a block sees when it is served.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from einops import repeat
from jaxtyping import Float, Int
from torch import Tensor

from livetalk.dit.masks import block_causal
from livetalk.dit.model import DiT
from livetalk.geometry import Geometry
from livetalk.performer.rollout import DenoisingSteps, reference_channels
from livetalk.recipes.distill.clips import ClipBatch, LatentBuffer
from livetalk.recipes.distill.guidance import Guidance
from livetalk.recipes.distill.held_out import HeldOut
from livetalk.recipes.distill.joins import join_weights
from livetalk.recipes.distill.self_rollout import shown_rollout
from livetalk.recipes.distill.teacher import Show
from livetalk.recipes.distill.trajectories import sample_trajectory
from livetalk.training.distributed import Distributed
from livetalk.training.optim import FlatThenLinear, OptimConfig
from livetalk.training.optimizer_step import TrainState
from livetalk.training.precision import autocast, maybe_compile
from livetalk.training.stage import Preview, StepContext


@dataclass(frozen=True)
class OdeTraining:
    """`trajectories` are made first, then regressed. `given_clean`: share of blocks that are given, not predicted."""

    trajectories: int = 4096
    batch: int = 64
    guidance: Guidance = field(default_factory=lambda: Guidance(2.0, 2.5))
    teacher_steps: int = 48
    shift: float = 3.0
    given_clean: float = 0.35
    join: float = 1.0  # weight of a block's first latent frame in the loss
    optim: OptimConfig = field(
        default_factory=lambda: OptimConfig(
            lr=4e-4, betas=(0.9, 0.99), clip=1.0, ema=0.995, ema_from=100, schedule=FlatThenLinear(warmup=0.02)
        )
    )


@dataclass
class Trajectories:
    """States [n k c f h w] in half precision, levels falling, the clean end last; and what they were made under."""

    states: Float[Tensor, "n k c f h w"]
    conditions: ClipBatch

    def __len__(self) -> int:
        return len(self.states)


def make_trajectories(
    teacher: DiT, bank: LatentBuffer, config: OdeTraining, ladder: DenoisingSteps, batch: int = 64
) -> Trajectories:
    """Walk the teacher from noise under the conditions of random clips of the bank."""
    states, conditions = [], []
    for _ in range(-(-config.trajectories // batch)):
        clips = bank.draw(batch)
        made = sample_trajectory(teacher, clips, config.guidance, config.teacher_steps, config.shift, keep=len(ladder))
        states.append(made.transpose(0, 1).half())
        conditions.append(clips)
    parts = {name: torch.cat([getattr(c, name).half() for c in conditions]) for name in ("audio", "text", "weight")}
    joined = torch.cat(states)
    return Trajectories(joined, ClipBatch(joined[:, -1, :, :1], **parts))


def window_blocks(blocks: int, geometry: Geometry) -> Int[Tensor, " n"]:
    """A random set of blocks as a served block sees them: all anchors and rolling blocks up to it."""
    anchors = geometry.anchor_latents // geometry.block_latents
    rolling = geometry.rolling_latents // geometry.block_latents
    if blocks <= anchors + rolling:
        return torch.arange(blocks)
    last = int(torch.randint(anchors + rolling - 1, blocks, ()))
    return torch.cat([torch.arange(anchors), torch.arange(last - rolling + 1, last + 1)])


class OdeStage:
    """See the module docstring. The student starts from the teacher's weights or a student's (the caller's choice)."""

    def __init__(
        self,
        student: DiT,
        trajectories: Trajectories,
        geometry: Geometry,
        ladder: DenoisingSteps,
        config: OdeTraining,
        world: Distributed,
        show: Show | None = None,
        held_out: HeldOut | None = None,
        compiled: bool = False,
    ) -> None:
        self.student, self.world = student.to(world.device), world
        self.trajectories, self.geometry, self.ladder, self.config = trajectories, geometry, ladder, config
        self.show, self.held_out = show, held_out
        for block in student.blocks:
            maybe_compile(block, compiled)
        self.learner = TrainState(student, config.optim, world)

    def step(self, tick: StepContext) -> Mapping[str, Tensor | float]:
        loss = self._loss(torch.randint(0, len(self.trajectories), (self.config.batch,), device=self.world.device))
        return {"loss": loss.detach(), **self.learner.step(loss, tick.progress)}

    def _loss(self, which: Tensor) -> Tensor:
        size, device = self.geometry.block_latents, self.world.device
        states, conditions = self.trajectories.states, self.trajectories.conditions
        blocks = window_blocks(states.shape[3] // size, self.geometry).to(device)
        frames = (blocks[:, None] * size + torch.arange(size, device=device)).flatten()
        states = states[which][:, :, :, frames].float()
        levels = self._levels(len(which), len(blocks))
        per_frame = repeat(levels, "b n -> b (n s)", s=size)
        x = torch.gather(
            states, 1, per_frame[:, None, None, :, None, None].expand(-1, 1, states.shape[2], -1, *states.shape[4:])
        )[:, 0]
        clean, reference = states[:, -1], states[:, -1, :, :1]
        x = torch.cat([reference, x[:, :, 1:]], 2)
        sigma = torch.tensor([*self.ladder.sigmas, 0.0], device=device)[per_frame]
        t = torch.tensor([*self.ladder.timesteps, 0.0], device=device)[per_frame]
        mask = block_causal(torch.arange(len(blocks), device=device).repeat_interleave(size), self._tokens(x))
        given = reference_channels(reference, len(frames), holds_portrait=True)
        text, audio = conditions.text[which].float(), conditions.audio[which][:, frames].float()
        with autocast(device):
            velocity = self.student(x, t, given, text, audio, mask=mask)
        error = x - sigma[:, None, :, None, None] * velocity.float() - clean
        asked = (levels < len(self.ladder)).float()
        weight = conditions.weight[which][:, :, frames].float() * repeat(asked, "b n -> b 1 (n s) 1 1", s=size)
        weight = weight * join_weights(len(frames), size, self.config.join, device)
        return (error.square().mean(1, keepdim=True) * weight).sum() / weight.sum().clamp_min(1)

    def _levels(self, batch: int, blocks: int) -> Int[Tensor, "b n"]:
        """A rung of the ladder for each block; len(ladder) stands for given clean, never for the last block."""
        levels = torch.randint(0, len(self.ladder), (batch, blocks), device=self.world.device)
        given = torch.rand(batch, blocks, device=self.world.device) < self.config.given_clean
        # In half of the clips the whole past is clean: the very case that is served.
        given |= (torch.rand(batch, 1, device=self.world.device) < 0.5).expand(-1, blocks)
        given[:, -1] = False
        return torch.where(given, len(self.ladder), levels)

    def _tokens(self, x: Tensor) -> int:
        return x.shape[3] * x.shape[4] // self.student.config.patch**2

    def sample(self, folder: Path, tick: StepContext) -> Preview | None:
        if self.held_out is None:
            return None
        return shown_rollout(self.learner, self.student, self.held_out, self.geometry, self.ladder, self.show, folder)

    def state(self) -> dict[str, Any]:
        return {"student": self.learner.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        self.learner.load_state(state["student"])

    def finish(self) -> DiT:
        if self.learner.ema is not None:
            self.learner.ema.write_to(self.student)
        return self.student
