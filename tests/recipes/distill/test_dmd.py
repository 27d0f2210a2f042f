"""Distribution matching trains the steps that it is told to."""

from dataclasses import replace
from pathlib import Path

import torch

from livetalk.dit.model import DiT
from livetalk.presets import MINIATURE
from livetalk.recipes.config import Budget, DmdTraining
from livetalk.recipes.context import RunContext
from livetalk.recipes.distill.clips import ClipBatch
from livetalk.recipes.distill.dmd import DmdStage
from livetalk.training.distributed import Distributed
from livetalk.training.stage import StepContext


class Clips:
    """A bank of one clip of noise."""

    def draw(self, batch: int) -> ClipBatch:
        g, c = MINIATURE.geometry, MINIATURE.dit
        latents = torch.randn(batch, g.latent_channels, 6, g.latent_size, g.latent_size)
        audio, text = torch.randn(batch, 6, 4 * c.audio_dim), torch.randn(batch, MINIATURE.text_tokens, c.text_dim)
        return ClipBatch(
            latents, audio, text, torch.ones_like(latents[:, :1]), torch.zeros(len(audio), audio.shape[1], 12)
        )


def exit_steps(training: DmdTraining) -> set[int]:
    """Exit steps that ten steps of a stage draw."""
    torch.manual_seed(0)
    networks = [DiT(MINIATURE.dit) for _ in range(3)]
    context = RunContext(MINIATURE, Path(), Budget(steps=10), Distributed())
    stage, drawn = DmdStage(*networks, Clips(), training, context), set()
    step_of = stage._drawn

    def noted():
        clips, exit_step = step_of()
        drawn.add(exit_step)
        return clips, exit_step

    stage._drawn = noted
    for step in range(10):
        metrics = stage.step(StepContext(step, 0.5, 0.0))
        assert torch.isfinite(torch.as_tensor(metrics["critic_loss"]))
    return drawn


def test_any_step_or_only_the_last_is_trained():
    training = DmdTraining(batch=1, critic_warmup=2)
    assert exit_steps(training) == set(range(MINIATURE.steps))
    assert exit_steps(replace(training, last_only=True)) == {MINIATURE.steps - 1}
