"""Linear layers in 8 bits: small errors, odd sizes left alone, honest about devices."""

import pytest
import torch
from torch import nn

from livetalk.nn.kernels.fp8 import Fp8Linear, native_fp8, quantise_linears_


def relative(ours, exact):
    return float((ours - exact).norm() / exact.norm())


@pytest.fixture
def layer() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(256, 128).requires_grad_(False)


def test_the_error_is_that_of_three_bits_of_mantissa(layer):
    x = torch.randn(3, 40, 256)
    assert relative(Fp8Linear(layer, emulated=True)(x), layer(x)) < 0.04


def test_an_outlier_of_one_token_costs_another_nothing(layer):
    x = torch.randn(40, 256)
    loud = x.clone()
    loud[7] *= 1e4
    coded = Fp8Linear(layer, emulated=True)
    assert torch.equal(coded(loud)[:7], coded(x)[:7])


def test_silence_stays_finite(layer):
    assert torch.equal(Fp8Linear(layer, emulated=True)(torch.zeros(2, 256)), layer.bias.expand(2, -1))


def test_emulation_gives_the_products_of_the_kernel(layer):
    """Where this build has the kernel on the processor."""
    x = torch.randn(32, 256).bfloat16()
    try:
        native = Fp8Linear(layer.bfloat16())(x)
    except (RuntimeError, NotImplementedError) as error:
        pytest.skip(f"no such kernel here: {error}")
    assert relative(native.float(), Fp8Linear(layer, emulated=True)(x).float()) < 0.01


def test_layers_of_odd_sizes_stay_as_they_are():
    module = nn.Sequential(nn.Linear(32, 48), nn.Sequential(nn.Linear(48, 50)))
    assert quantise_linears_(module, emulated=True) == 1
    assert isinstance(module[0], Fp8Linear)
    assert isinstance(module[1][0], nn.Linear)


def test_a_processor_multiplies_no_8_bit_floats():
    assert not native_fp8(torch.device("cpu"))
