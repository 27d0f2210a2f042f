"""Recorded steps: called as they are on a CPU; replayed alike, gradients and random numbers included, on a GPU."""

import pytest
import torch
from torch import nn

from livetalk.training.recorded import RecordedStep, recording_pool

HERE = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"))]


def losses(device):
    """A network, and the loss of it on noisy rows, backpropagated."""
    torch.manual_seed(0)
    network = nn.Linear(3, 2).to(device)

    def loss(rows):
        found = network(rows + torch.randn_like(rows)).square().mean()
        found.backward()
        return (found.detach(),)

    return network, loss


@pytest.mark.parametrize("device", HERE)
def test_a_recorded_step_gives_the_losses_and_gradients_of_the_function(device):
    network, loss = losses(device)
    step = RecordedStep(loss, tuple(network.parameters()), recording_pool(torch.device(device)))
    rows = torch.randn(4, 3, device=device)
    for seed in range(3):
        found = []
        for call in (step, loss):
            network.zero_grad(set_to_none=True)
            if seed == 0:
                call(rows)  # the recording itself draws random numbers
                network.zero_grad(set_to_none=True)
            torch.manual_seed(seed)
            (value,) = call(rows * seed)
            found.append((value.clone(), network.weight.grad.clone()))
        for mine, plain in zip(*found, strict=True):
            torch.testing.assert_close(mine, plain)


@pytest.mark.parametrize("device", HERE)
def test_gradients_are_those_of_the_latest_call(device):
    network, loss = losses(device)
    step = RecordedStep(loss, tuple(network.parameters()), recording_pool(torch.device(device)))
    rows = torch.ones(4, 3, device=device)
    step(rows)
    network.zero_grad(set_to_none=True)
    step(rows * 0)
    assert network.bias.grad is not None
    kept = network.bias.grad.clone()
    network.zero_grad(set_to_none=True)
    step(rows * 100)
    assert network.bias.grad.norm() > 10 * kept.norm()


def test_nothing_is_recorded_on_a_cpu_or_where_it_is_not_wanted():
    assert recording_pool(torch.device("cpu")) is None
    assert recording_pool(torch.device("cuda"), wanted=False) is None
