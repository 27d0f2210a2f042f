"""Promises of packed layers: the same numbers, and nothing happens where they make no sense."""

import pytest
import torch
from torch import nn

from livetalk.nn.kernels.onednn import PackedLinear, pack_linears
from livetalk.runtime.allocator import keep_freed_memory


def _network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 96), nn.GELU(approximate="tanh"), nn.Linear(96, 64, bias=False), nn.SiLU())


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN")
def test_packed_layers_give_what_plain_ones_give() -> None:
    network, x = _network().bfloat16().requires_grad_(False), torch.randn(3, 24, 64).bfloat16()
    expected = network(x)
    if pack_linears(network) == 0:
        pytest.skip("this torch has no such operators")
    assert isinstance(network[0], PackedLinear)
    torch.testing.assert_close(network(x), expected, rtol=2e-2, atol=2e-2)


def test_float32_networks_stay_as_they_are() -> None:
    network = _network()
    assert pack_linears(network) == 0
    assert isinstance(network[0], nn.Linear)


def test_the_allocator_can_be_tuned_twice() -> None:
    assert keep_freed_memory() == keep_freed_memory()
