"""Memory plan of the full recipe: bytes that each stage takes, and the number of GPUs that follows.

Weights, gradients, Adam's moments and the average are spread evenly over the GPUs; every GPU holds the activations of
its own clip and the blocks gathered at a moment. Reckoned, not measured (`scripts/full_width_step` measures a few
layers). Knows sizes only.
"""

from dataclasses import dataclass

import torch
from rich.table import Table

from livetalk.dit.config import DiTConfig
from livetalk.dit.model import DiT
from livetalk.presets import Preset

USABLE = 0.9  # of a GPU's memory: the rest is the context's and the allocator's
GATHERED = 3  # blocks whose weights lie whole on every GPU at a moment: used, fetched ahead, being reduced
PASSES = 2  # predictions in one batch under equal guidance scales


@dataclass(frozen=True)
class Share:
    """Bytes of one thing. spread: over all GPUs; else on every one of them."""

    what: str
    bytes: float
    spread: bool


@dataclass(frozen=True)
class StagePlan:
    """A stage, its bytes and the fewest GPUs (1, 2, 4, ...) of `memory` bytes that hold it."""

    stage: str
    shares: tuple[Share, ...]
    memory: float

    def on_each(self, gpus: int) -> float:
        return sum(share.bytes / gpus if share.spread else share.bytes for share in self.shares)

    @property
    def gpus(self) -> int:
        """Raises ValueError if what lies on every GPU is too large for any number of them."""
        least = sum(share.bytes for share in self.shares if not share.spread)
        if least >= USABLE * self.memory:
            raise ValueError(
                f"{self.stage} needs {least / 1e9:.0f} GB on every GPU, however many: give --gpu-memory above it"
            )
        count = 1
        while self.on_each(count) > USABLE * self.memory:
            count *= 2
        return count


def parameters(config: DiTConfig) -> int:
    """Numbers in a transformer, counted on a device without memory."""
    with torch.device("meta"):
        return sum(p.numel() for p in DiT(config).parameters())


def plan(student: Preset, teacher: Preset, memory: float = 80e9) -> tuple[StagePlan, ...]:
    """Trajectories, ODE and DMD at full depth, one clip a GPU. memory: bytes of a GPU."""
    s, t, g = student.dit, teacher.dit, student.geometry
    clip = student.training_latents * g.tokens_per_latent
    window = min(student.training_latents, g.window_latents) * g.tokens_per_latent
    walking = (*_frozen("teacher", t), *_passing("teacher", t, PASSES * clip))
    regressing = (*_trained("student", s), *_kept("student", s, window), Share("mask", window**2, False))
    matching = (
        *_trained("student", s),
        *_trained("critic", s, average=False),
        *_frozen("teacher", t),
        *_kept("student", s, clip),
        Share("student: past of every block", _past(student), False),
        *_passing("teacher", t, PASSES * clip),
    )
    stages = (("trajectories", walking), ("ode", regressing), ("dmd", matching))
    return tuple(StagePlan(name, shares, memory) for name, shares in stages)


def _trained(name: str, config: DiTConfig, average: bool = True) -> tuple[Share, ...]:
    """Float32: weights, gradients, two moments, and the average where one is kept."""
    n = parameters(config)
    parts = {"weights": 4, "gradients": 4, "Adam": 8, **({"average": 4} if average else {})}
    return (*(Share(f"{name}: {part}", size * n, True) for part, size in parts.items()), _gathered(name, config, 2 + 4))


def _frozen(name: str, config: DiTConfig) -> tuple[Share, ...]:
    return Share(f"{name}: weights", 2 * parameters(config), True), _gathered(name, config, 2)


def _gathered(name: str, config: DiTConfig, size: int) -> Share:
    return Share(f"{name}: gathered blocks", GATHERED * size * parameters(config) / config.layers, False)


def _layer(config: DiTConfig, tokens: int) -> float:
    """Activations of one layer in bfloat16: 16 of the model's width a token and 2 of the hidden one."""
    return 2.0 * tokens * (16 * config.dim + 2 * config.ffn_dim)


def _kept(name: str, config: DiTConfig, tokens: int) -> tuple[Share, ...]:
    """Each layer's input is kept and one layer made again at a time."""
    return (
        Share(f"{name}: layers' inputs", 2.0 * tokens * config.dim * config.layers, False),
        Share(f"{name}: one layer's activations", 2 * _layer(config, tokens), False),
    )


def _passing(name: str, config: DiTConfig, tokens: int) -> tuple[Share, ...]:
    return (Share(f"{name}: one layer's activations", _layer(config, tokens), False),)


def _past(preset: Preset) -> float:
    """Keys and values that the blocks of a rollout look back at, each block its own joined copy."""
    g, c = preset.geometry, preset.dit
    most = g.window_latents - g.block_latents
    latents = sum(min(start, most) for start in range(0, preset.training_latents, g.block_latents))
    return 2.0 * 2 * latents * g.tokens_per_latent * c.dim * c.layers


def table(stage: StagePlan) -> Table:
    """A stage's bytes, each thing, in all and on every GPU."""
    count = stage.gpus
    shown = Table(
        box=None, pad_edge=False, title=f"{stage.stage}: {count} GPU{'s' * (count > 1)}", title_justify="left"
    )
    for heading, side in (("", "left"), ("in all", "right"), ("on each", "right")):
        shown.add_column(heading, justify=side)  # pyright: ignore[reportArgumentType]
    for share in stage.shares:
        each = share.bytes / count if share.spread else share.bytes
        shown.add_row(share.what, f"{share.bytes / 1e9:.1f} GB" if share.spread else "", f"{each / 1e9:.1f} GB")
    shown.add_row("together", "", f"{stage.on_each(count) / 1e9:.1f} of {stage.memory / 1e9:.0f} GB")
    return shown
