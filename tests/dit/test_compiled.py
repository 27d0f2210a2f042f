"""However the transformer is run, it says the same; and what cannot be done here is left out and said so."""

from dataclasses import replace

import pytest
import torch

from livetalk.dit.compiled import AccelerationConfig, CompiledDiT
from livetalk.dit.model import DiT
from livetalk.nn.attention import attend
from livetalk.nn.kernels import flash3
from livetalk.nn.kernels.choose import Kernel, fastest_kernel
from livetalk.performer.rollout import BlockConditions, DenoisingSteps, begin, next_block
from livetalk.presets import MINIATURE_FULL

# Of torch's own compiler.
pytestmark = pytest.mark.filterwarnings("ignore:.*script_method:DeprecationWarning")

CONFIG = MINIATURE_FULL.dit
LADDER = DenoisingSteps((1000.0, 625.0), (1.0, 0.625))
EAGER = AccelerationConfig(fused=False, compiled=False, graphed=False)


def network() -> DiT:
    torch.manual_seed(0)
    model = DiT(CONFIG).eval().requires_grad_(False)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return model


@torch.inference_mode()
def rolled(model, blocks=3):
    """Latents of a few blocks through the block loop, window of 2 blocks behind 1 anchor."""
    g = torch.Generator().manual_seed(1)
    state, made = begin(16, 3, 3, 6), []
    for _ in range(blocks):
        noises = [torch.randn(1, 16, 3, 8, 8, generator=g) for _ in LADDER.sigmas]
        text = model.project_text(torch.randn(1, 7, CONFIG.text_dim, generator=torch.Generator().manual_seed(2)))
        audio = torch.randn(1, 3, 4 * CONFIG.audio_dim, generator=g)
        conditions = BlockConditions(torch.ones(1, 16, 1, 8, 8), text, audio)
        latents, state = next_block(model, noises.__getitem__, conditions, state, LADDER)
        made.append(latents)
    return torch.cat(made, 2)


@pytest.fixture(scope="module")
def expected():
    return rolled(network())


def apart(ours, expected):
    return float((ours - expected).norm() / expected.norm())


def test_fused_projections_change_nothing_but_rounding(expected):
    served = CompiledDiT(network(), replace(EAGER, fused=True))
    assert apart(rolled(served), expected) < 1e-5
    assert any("one product" in line for line in served.log)


def test_fused_weights_lie_in_memory_once():
    model = network()
    model.blocks[0].self_attn.fuse()
    layer = model.blocks[0].self_attn
    assert layer.k.weight.data_ptr() == layer.fused.weight[CONFIG.dim :].data_ptr()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["eager", "inductor"])
def test_compiled_blocks_say_the_same(expected, backend):
    served = CompiledDiT(network(), AccelerationConfig(backend=backend))
    served.warm_up(lambda: rolled(served))
    assert apart(rolled(served), expected) < 1e-5
    assert f"blocks: compiled ({backend})" in served.log
    assert any(line.startswith("calls: launched one by one") for line in served.log)


@pytest.mark.slow
def test_where_nothing_compiles_blocks_stay_eager(expected):
    def broken(graph, inputs):
        raise RuntimeError("no compiler here")

    served = CompiledDiT(network(), AccelerationConfig(backend=broken))
    served.warm_up(lambda: rolled(served))
    assert apart(rolled(served), expected) < 1e-5
    assert any("eager; not compiled" in line and "no compiler here" in line for line in served.log)


@pytest.mark.slow
def test_nothing_is_compiled_after_the_warm_up():
    compiled = []

    def counting(graph, inputs):
        compiled.append(graph)
        return graph.forward

    served = CompiledDiT(network(), AccelerationConfig(backend=counting))
    served.warm_up(lambda: rolled(served, blocks=1))
    before = len(compiled)
    assert before > 0
    rolled(served, blocks=3)  # shapes that were not walked through
    assert len(compiled) == before


def test_fp8_is_left_out_where_nothing_multiplies_it(expected):
    served = CompiledDiT(network(), replace(EAGER, fp8=True))
    assert torch.equal(rolled(served), expected)
    assert any("not fp8" in line for line in served.log)


def test_fp8_stays_near_and_tells_how_many_layers(expected):
    served = CompiledDiT(network(), replace(EAGER, fused=True, fp8=True, emulate_fp8=True))
    assert 0 < apart(rolled(served), expected) < 0.1
    assert any("fp8 e4m3 in 36 layers" in line for line in served.log)  # 6 blocks: qkv, o, q, o, and 2 of the FFN


def test_the_choice_of_a_kernel_is_the_machines():
    kernel = fastest_kernel(torch.device("cpu"), torch.float32, 1, 4, 4, 2, 8)
    assert kernel == Kernel()
    with kernel.preferred():
        pass
    assert "PyTorch's choice" in str(kernel)


def test_another_kernel_gives_the_same_numbers(expected):
    served = CompiledDiT(network(), EAGER, Kernel("math", {"math": 0.1}))
    assert apart(rolled(served), expected) < 1e-5
    assert "attention: math (of math 100.00 ms)" in served.log


@pytest.mark.slow
def test_two_transformers_in_one_process_do_not_see_each_others_kernel(monkeypatch):
    """One attends by a package's kernel; another is called in the middle of that, and attends by PyTorch's."""
    plain, calls, depth = CompiledDiT(network(), EAGER), [], []
    expected = rolled(plain)

    def packaged(q, key, value):
        calls.append(len(depth))
        if not depth:
            depth.append(1)
            assert torch.equal(rolled(plain), expected)
            depth.pop()
        return attend(q, key, value)

    monkeypatch.setattr(flash3, "attend", packaged)
    monkeypatch.setattr(flash3, "LONG", 1)
    fast = CompiledDiT(network(), EAGER, Kernel(flash3.NAME, {}))
    assert apart(rolled(fast), expected) < 1e-5
    assert calls
    assert set(calls) == {0}
    count = len(calls)
    assert torch.equal(rolled(plain), expected)
    assert len(calls) == count
