"""Recorded steps: called as they are on a CPU; replayed alike, gradients and random numbers included, on a GPU."""

import pytest
import torch
from torch import nn

from livetalk.training.recorded import RecordedStep, recordings

HERE = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"))]


class Noisy(nn.Module):
    """A network, and the loss of it on noisy rows, backpropagated."""

    def __init__(self, device):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(3, 2).to(device)

    def loss(self, rows):
        found = self.layer(rows + torch.randn_like(rows)).square().mean()
        found.backward()
        return (found.detach(),)

    def told(self, call, rows, seed):
        """Loss and gradient of a call from this seed."""
        self.zero_grad(set_to_none=False)
        torch.manual_seed(seed)
        (value,) = call(rows)
        return value, self.layer.weight.grad.clone()


@pytest.mark.parametrize("device", HERE)
def test_recorded_steps_give_the_losses_and_gradients_of_their_functions(device):
    network, among = Noisy(device), recordings(torch.device(device))
    steps = [RecordedStep(network.loss, network, among) for _ in range(2)]
    rows = torch.randn(4, 3, device=device)
    for step in steps:
        step(rows)  # a recording itself draws random numbers
    for seed in range(4):
        mine, plain = (network.told(call, rows * seed, seed) for call in (steps[seed % 2], network.loss))
        torch.testing.assert_close(mine, plain)


@pytest.mark.parametrize("device", HERE)
def test_gradients_add_up_until_they_are_set_to_zero(device):
    network = Noisy(device)
    step, rows = RecordedStep(network.loss, network, recordings(torch.device(device))), torch.ones(4, 3, device=device)
    step(rows)
    once = network.told(step, rows, 5)[1]
    torch.manual_seed(5)
    step(rows)
    torch.testing.assert_close(network.layer.weight.grad, 2 * once)


def test_nothing_is_recorded_on_a_cpu_or_where_it_is_not_wanted():
    assert recordings(torch.device("cpu")) is None
    assert recordings(torch.device("cuda"), wanted=False) is None
