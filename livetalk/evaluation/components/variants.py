"""Variants of loaded networks that do without one component of the system. Nothing is trained; weights are shared.

Knows the rollout's window, the speech encoder's windows and the memory pass; no measure.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from livetalk.conditions.windows import RowEncoder
from livetalk.dit.compiled import CompiledDiT
from livetalk.dit.model import DiT, TextKV
from livetalk.geometry import Geometry
from livetalk.nn.kv_cache import KeysValues, KVContext
from livetalk.nn.rope import RotaryEmbedding
from livetalk.performer.networks import Networks
from livetalk.performer.rollout import DenoisingSteps


def with_anchors(networks: Networks, anchors: int) -> Networks:
    """Networks whose window of unchanged length holds so many anchor latents (AHIS); the rest of it rolls.

    Raises ValueError if that is no whole number of blocks, or leaves nothing that rolls.
    """
    g = networks.preset.geometry
    rolling = g.window_latents - anchors
    if anchors < 0 or anchors % g.block_latents or rolling < g.block_latents:
        most = g.window_latents - g.block_latents
        raise ValueError(f"{anchors} anchors: give whole blocks of {g.block_latents} latents, at most {most}")
    geometry = replace(g, anchor_latents=anchors, rolling_latents=rolling)
    return replace(networks, preset=replace(networks.preset, geometry=geometry))


def with_cut_windows(networks: Networks) -> Networks:
    """Networks that hear each block alone: silence where its audio window would overlap its neighbours."""
    return replace(networks, speech=CutWindows(networks.speech, networks.preset.geometry))


def with_noisy_memory(networks: Networks) -> Networks:
    """Networks that remember a block as the last denoising step saw it, noise included, instead of clean.

    What such a step sees is the clean latents mixed with noise of its level; here that noise is drawn anew.
    """
    noisy = NoisyMemory(networks.student, networks.steps)
    return replace(networks, student=cast(DiT, noisy))


@dataclass(frozen=True)
class CutWindows:
    """Speech encoder that hears nothing beyond the block whose rows it gives."""

    whole: RowEncoder
    geometry: Geometry

    @property
    def config(self):
        """Receptive field of the encoder that is cut."""
        return self.whole.config

    def window_samples(self, frames: int) -> int:
        """Samples of a window of so many frames, as of the whole encoder."""
        return self.whole.window_samples(frames)

    def rows(self, window: Float[Tensor, "b n"]) -> Float[Tensor, "b t a"]:
        """Rows of a window whose samples before and after the block are silenced."""
        past, heard = self.whole.config.past_samples, self.geometry.samples_before(self.geometry.frames_per_block)
        block = torch.zeros_like(window)
        block[:, past : past + heard] = window[:, past : past + heard]
        return self.whole.rows(block)

    def parameters(self) -> Iterator[nn.Parameter]:
        """Parameters of the encoder."""
        return self.whole.parameters()


class NoisyMemory:
    """Student whose memory pass is given noisy latents, at the time step of the last denoising step."""

    def __init__(self, student: DiT | CompiledDiT, steps: DenoisingSteps) -> None:
        self._student, self._level, self._time = student, steps.sigmas[-1], steps.timesteps[-1]
        self.config, self.rope, self.project_text = student.config, student.rope, student.project_text
        self._drawn = torch.Generator().manual_seed(0)

    def __call__(
        self,
        x: Float[Tensor, "b c f h w"],
        t: Float[Tensor, "b _"],
        reference: Float[Tensor, "b c1 f h w"],
        text: Float[Tensor, "b s e"] | TextKV,
        audio: Float[Tensor, "b f g"],
        turn: RotaryEmbedding,
        past: tuple[KVContext, ...] | None,
    ) -> Float[Tensor, "b c f h w"]:
        """Velocity, as of the student."""
        return self._student(x, t, reference, text, audio, turn, past)

    def compute_kv(
        self,
        x: Float[Tensor, "b c f h w"],
        t: Float[Tensor, "b 1"],
        reference: Float[Tensor, "b c1 f h w"],
        text: Float[Tensor, "b s e"] | TextKV,
        audio: Float[Tensor, "b f g"],
        turn: RotaryEmbedding,
        past: tuple[KVContext, ...] | None,
    ) -> tuple[KeysValues, ...]:
        """Keys and values of each layer, of `x` with noise in it."""
        noise = torch.randn(x.shape, generator=self._drawn).to(x)
        mixed, last = (1 - self._level) * x + self._level * noise, torch.full_like(t, self._time)
        return self._student.compute_kv(mixed, last, reference, text, audio, turn, past)
