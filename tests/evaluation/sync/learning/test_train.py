"""Training: the loss tells sound in its place from shifted and swapped sound, and a plain rule is learned quickly."""

import numpy as np
import pytest
import torch

from livetalk.evaluation.sync.learning.examples import SpokenMouth
from livetalk.evaluation.sync.learning.train import ExpertRecipe, batch, offsets, spoiled_rows, sync_loss, train


def _clip(seed: int) -> SpokenMouth:
    """A mouth that is as open as a tone is loud: what can be learned in a few steps."""
    rng = np.random.default_rng(seed)
    loud = np.repeat(rng.random(17) * (rng.random(17) < 0.7), 3)[:48]
    crops = np.full((48, 72, 96), 170, np.uint8)
    for crop, open_ in zip(crops, loud, strict=True):
        half = round(1 + 9 * open_)
        crop[36 - half : 36 + half, 30:66] = 20
    tone = 0.3 * np.sin(np.arange(48_000) / 12) * np.repeat(loud, 1000)
    return SpokenMouth(crops, (tone + 0.001 * rng.normal(size=48_000)).astype(np.float32))


def test_the_loss_tells_shifts_and_swaps() -> None:
    torch.manual_seed(0)
    recipe = ExpertRecipe()
    video = torch.nn.functional.normalize(torch.randn(3, 20, 16), dim=2)
    right = sync_loss(video, video, recipe)
    assert right < 0.1
    assert sync_loss(video, video.roll(1, 1), recipe) > right + 5
    assert sync_loss(video, video.roll(1, 0), recipe) > right + 5


def test_batches_are_pieces_of_clips() -> None:
    recipe = ExpertRecipe(clips=3, frames=20)
    clips, rng = [_clip(0), _clip(1)], np.random.default_rng(0)
    heard = spoiled_rows(clips, recipe, rng)
    assert [len(ways) for ways in heard] == [recipe.sounds] * 2
    crops, rows = batch(clips, heard, recipe, rng)
    assert crops.shape == (3, 20, 48, 64)
    assert rows.shape == (3, 100, 40)


@pytest.mark.slow
def test_a_plain_rule_is_learned() -> None:
    losses: list[float] = []
    clips = [_clip(seed) for seed in range(24)]
    expert = train(clips, ExpertRecipe(steps=60, clips=8, frames=32), lambda _, loss: losses.append(loss))
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    found = offsets(expert, [_clip(seed) for seed in range(100, 110)])
    assert sum(abs(offset) <= 1 for offset in found) >= 9
