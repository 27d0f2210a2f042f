"""The judge of detail: it learns to tell, and pulls on frames as hard as it is allowed to."""

import pytest
import torch

from livetalk.recipes.codec.discriminator import Discriminator
from livetalk.training.distributed import Distributed


@pytest.fixture
def frames() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.rand(2, 3, 5, 32, 32) * 2 - 1


def blurred(x: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool3d(x, (1, 5, 5), 1, (0, 2, 2))


def test_it_learns_to_tell_blurred_frames_from_true_ones(frames):
    adversary = Discriminator(1.0, Distributed(), lr=4e-3)
    for _ in range(25):
        _, told = adversary.step(blurred(frames), frames, 0.5)
    assert float(told["judged"]) < 0.1


def test_its_pull_is_a_share_of_an_l1_errors(frames):
    for strength in (1.0, 3.0):
        out = blurred(frames).requires_grad_()
        loss, _ = Discriminator(strength, Distributed()).step(out, frames, 0.5)
        loss.backward()
        assert out.grad is not None
        judged = out.grad[out.grad != 0]
        assert 0.5 * strength < float(judged.square().mean().sqrt()) * out.numel() < 2.5 * strength


def test_its_state_comes_back(frames):
    first = Discriminator(1.0, Distributed())
    first.step(blurred(frames), frames, 0.0)
    second = Discriminator(1.0, Distributed())
    second.load_state(first.state())
    for ours, theirs in zip(
        first.learner.module.state_dict().values(), second.learner.module.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(ours, theirs)
