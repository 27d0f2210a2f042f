"""Recipe at the published sizes: its configuration, networks sharded over GPUs, and single steps as a proof.

Weights live in float32, spread by FSDP2 block by block; products are bfloat16; activations are made again in the
backward pass. Numbers are the paper's (section 5, table 4) and REFERENCE 5.1; batches are per GPU, so that 64 GPUs
make the published batch. Knows networks and stages; where clips come from is the caller's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from livetalk.dit.block import DiTBlock
from livetalk.dit.config import DiTConfig
from livetalk.dit.model import DiT
from livetalk.presets import Preset
from livetalk.recipes.config import Budget, DmdTraining, Guidance, OdeTraining, dmd_optim
from livetalk.recipes.context import RunContext
from livetalk.recipes.distill.clips import ClipBatch
from livetalk.recipes.distill.dmd import DmdStage
from livetalk.recipes.distill.moves import MOVES
from livetalk.recipes.distill.ode import OdeStage, Trajectories
from livetalk.training.config import OptimConfig
from livetalk.training.distributed import Distributed, shard
from livetalk.training.stage import StepContext

METHODS = ("project_text", "compute_kv", "compute_text_kv")  # of a DiT and its blocks, beside forward


@dataclass(frozen=True)
class FullTraining:
    """Both stages' numbers. Guidance 6 is what the released code calls 5: it counts from the conditional side."""

    ode: OdeTraining = field(
        default_factory=lambda: OdeTraining(
            trajectories=4000,
            batch=1,
            guidance=Guidance(4.5, 4.5),
            given_clean=0.0,
            optim=OptimConfig(lr=4e-5, betas=(0.9, 0.999), weight_decay=0.0, clip=10.0, ema=0.99, ema_from=200),
        )
    )
    dmd: DmdTraining = field(
        default_factory=lambda: DmdTraining(
            batch=1,
            guidance=Guidance(6.0, 6.0),
            generator=dmd_optim(lr=4e-6, ema=0.99),
            critic=dmd_optim(lr=8e-7),
        )
    )


def truncate_layers(config: DiTConfig, layers: int | None) -> DiTConfig:
    """Reduce a configuration to fewer layers (None: all); the last ones hear speech if those that did are gone."""
    if layers is None or layers >= config.layers:
        return config
    hearing = tuple(i for i in config.audio_blocks if i < layers) or (layers - 1,)
    return replace(config, layers=layers, audio_blocks=hearing)


def build_sharded(
    config: DiTConfig, world: Distributed, trained: bool, bf16: bool = True, recompute: bool = True
) -> DiT:
    """A transformer on this process's device, its weights spread over all ranks: alike on all, random.

    trained: weights in float32 with gradients; else bfloat16 (if `bf16`) without.
    """
    with torch.random.fork_rng([world.device] if world.device.type == "cuda" else []):
        torch.manual_seed(0)
        with world.device:
            model = DiT(config)
            torch.nn.init.normal_(model.head.head.weight, std=config.dim**-0.5)
    if bf16 and not trained:
        model = model.bfloat16()
    model.requires_grad_(trained).recompute = recompute and trained
    world.broadcast_module(model)
    shard(model, cast("list[DiTBlock]", list(model.blocks)), world, bf16, METHODS)
    return model


def random_clips(preset: Preset, clips: int, device: torch.device) -> ClipBatch:
    """Clips of the training length in random numbers."""
    g, c, f = preset.geometry, preset.dit, preset.training_latents
    return ClipBatch(
        torch.randn(clips, g.latent_channels, f, g.latent_size, g.latent_size, device=device),
        torch.randn(clips, f, c.frames_per_latent * c.audio_dim, device=device),
        torch.randn(clips, preset.text_tokens, c.text_dim, device=device),
        torch.ones(clips, 1, f, g.latent_size, g.latent_size, device=device),
        torch.zeros(clips, f, len(MOVES) * c.frames_per_latent, device=device),
    )


@dataclass
class _OneClip:
    """A bank that always gives the same clips."""

    clips: ClipBatch

    def draw(self, batch: int) -> ClipBatch:
        assert batch == len(self.clips.text)
        return self.clips


def ode_stage(
    preset: Preset, world: Distributed, training: FullTraining, layers: int | None = None, bf16: bool = True
) -> OdeStage:
    """The regression of trajectories, on a clip of random ones."""
    clips = random_clips(preset, training.ode.batch, world.device)
    states = torch.stack([torch.randn_like(clips.latents) for _ in range(preset.steps)] + [clips.latents], 1)
    trajectories = Trajectories(states.half(), clips)
    student = build_sharded(truncate_layers(preset.dit, layers), world, trained=True, bf16=bf16)
    return OdeStage(student, trajectories, training.ode, _alone(preset, world))


def dmd_stage(
    preset: Preset,
    teacher: Preset,
    world: Distributed,
    training: FullTraining,
    layers: int | None = None,
    bf16: bool = True,
) -> DmdStage:
    """Distribution matching on a random clip: student and critic of `preset`, a frozen teacher of another size."""
    student, critic = (
        build_sharded(truncate_layers(preset.dit, layers), world, trained=True, bf16=bf16) for _ in range(2)
    )
    judge = build_sharded(truncate_layers(teacher.dit, layers), world, trained=False, bf16=bf16)
    bank = _OneClip(random_clips(preset, training.dmd.batch, world.device))
    config = replace(training.dmd, critic_warmup=0)  # the first step is a generator's, too
    return DmdStage(student, judge, critic, bank, config, _alone(preset, world))


def _alone(preset: Preset, world: Distributed) -> RunContext:
    """A run of single steps, which nothing is kept of."""
    return RunContext(preset, Path(), Budget(steps=1), world)


def one_step(stage: OdeStage | DmdStage) -> Mapping[str, Tensor | float]:
    """One update, for its numbers."""
    return stage.step(StepContext(0, progress=0.5, seconds=0.0))
