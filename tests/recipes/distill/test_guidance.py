"""Guidance asks the model for what it needs, in one call, and extrapolates from it."""

from typing import Any

import pytest
import torch
from torch import Tensor

from livetalk.recipes.distill.guidance import Guidance, guided_velocity


class ConditionSum:
    """A model whose velocity is the sum of text and audio, so that guidance has a known value."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, x: Tensor, t: Tensor, given: Tensor, text: Tensor, audio: Tensor) -> Tensor:
        self.batches.append(len(x))
        total = text.sum((1, 2)) + audio.sum((1, 2))
        return total.view(-1, 1, 1, 1, 1).expand_as(x)


@pytest.mark.parametrize(("scales", "passes"), [(Guidance(), 1), (Guidance(text=3, audio=3), 2), (Guidance(4, 2), 3)])
def test_guidance_scales_each_condition_in_one_call(scales: Guidance, passes: int) -> None:
    model: Any = ConditionSum()
    clip = torch.zeros(2, 4, 3, 2, 2)
    text, audio = torch.full((2, 1, 1), 5.0), torch.full((2, 3, 1), 1.0)
    velocity = guided_velocity(model, clip, torch.zeros(2, 3), clip, text, audio, scales)
    assert model.batches == [2 * passes]
    assert torch.equal(velocity, torch.full_like(clip, 5 * scales.text + 3 * scales.audio))
