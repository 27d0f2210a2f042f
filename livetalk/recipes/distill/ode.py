"""Stage three: the causal student regresses the ends of teacher trajectories (paper 4.1; REFERENCE 5.3).

Every block of a clip gets its own level of the ladder, or is given clean, as finished blocks are in serving; one
parallel pass with the block-causal mask predicts all clean latents. Clips longer than the window are thinned to
anchors and two consecutive rolling blocks with window positions: exactly what a block sees when it is served.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from einops import repeat
from jaxtyping import Float, Int
from torch import Tensor

from livetalk.dit.masks import block_causal
from livetalk.dit.model import DiT
from livetalk.geometry import Geometry
from livetalk.performer.rollout import reference_channels
from livetalk.presets import Preset
from livetalk.recipes.config import OdeTraining
from livetalk.recipes.context import RunContext
from livetalk.recipes.distill.clips import FIELDS, ClipBank, ClipBatch
from livetalk.recipes.distill.joins import join_weights
from livetalk.recipes.distill.moves import MoveReader, move_pull
from livetalk.recipes.distill.self_rollout import shown_rollout
from livetalk.recipes.distill.trajectories import sample_trajectory
from livetalk.training.distributed import State
from livetalk.training.optimizer_step import TrainState
from livetalk.training.precision import autocast, maybe_compile
from livetalk.training.progress import ProgressLine
from livetalk.training.stage import Preview, StepContext


@dataclass
class Trajectories:
    """States [n k c f h w] in half precision, levels falling, the clean end last; and what they were made under."""

    states: Float[Tensor, "n k c f h w"]
    conditions: ClipBatch

    def __len__(self) -> int:
        return len(self.states)


def make_trajectories(
    teacher: DiT, bank: ClipBank, config: OdeTraining, preset: Preset, line: ProgressLine
) -> Trajectories:
    """Walk the teacher from noise under the conditions of random clips, until there are enough walks or it is late.

    Raises ValueError if the steps of a walk are no multiple of the student's.
    """
    states: list[Tensor] = []
    conditions: list[ClipBatch] = []
    batch, steps = min(config.walked, config.trajectories), config.walk_steps or preset.teacher_steps
    began, late = time.monotonic(), False
    while not late and len(states) * batch < config.trajectories:
        clips = bank.draw(batch)
        made = sample_trajectory(teacher, clips, config.guidance, steps, preset.shift, keep=preset.steps)
        states.append(made.transpose(0, 1).half())
        conditions.append(clips)
        late = 0 < config.walk_seconds < time.monotonic() - began
        line.update(1.0 if late else len(states) * batch / config.trajectories, len(states) * batch, {})
    joined = torch.cat(states)
    parts = {name: torch.cat([getattr(c, name).half() for c in conditions]) for name in FIELDS if name != "latents"}
    return Trajectories(joined, ClipBatch(joined[:, -1], **parts))


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
        config: OdeTraining,
        context: RunContext,
        reader: MoveReader | None = None,
    ) -> None:
        self.reader = reader
        self.student, self.trajectories, self.config = student.to(context.world.device), trajectories, config
        self.context, self.world = context, context.world
        self.geometry, self.ladder = context.preset.geometry, context.student_steps
        for block in student.blocks:
            maybe_compile(block, context.compiled)
        self.learner = TrainState(student, config.optim, self.world)

    def step(self, tick: StepContext) -> Mapping[str, Tensor | float]:
        which = torch.randint(0, len(self.trajectories), (self.config.batch,), device=self.world.device)
        loss, told = self._loss(which)
        return {**told, **self.learner.step(loss, tick.progress)}

    def _loss(self, which: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
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
        made = x - sigma[:, None, :, None, None] * velocity.float()
        error = made - clean
        asked = (levels < len(self.ladder)).float()
        weight = conditions.weight[which][:, :, frames].float() * repeat(asked, "b n -> b 1 (n s) 1 1", s=size)
        weight = weight * join_weights(len(frames), size, self.config.join, device)
        weight = weight / weight.sum().clamp_min(1)
        loss = (error.square().mean(1, keepdim=True) * weight).sum()
        told = {"loss": loss.detach()}
        if self.reader is not None:
            moves = conditions.moves[which][:, frames].float()
            clips = ClipBatch(clean, audio, text, weight, moves)
            counted = repeat(asked, "b n -> b (n s)", s=size)
            main = 2 * error.detach() * weight / error.shape[1]
            pull, told["moves"] = move_pull(self.reader, made, clips, main, self.config.moves, counted)
            loss = loss + (made * pull).sum()
        return loss, told

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
        return shown_rollout(self.learner, self.student, self.context, folder, self.reader)

    def state(self) -> State:
        return {"student": self.learner.state()}

    def load_state(self, state: State) -> None:
        self.learner.load_state(state["student"])

    def finish(self) -> DiT:
        if self.learner.ema is not None:
            self.learner.ema.write_to(self.student)
        return self.student
