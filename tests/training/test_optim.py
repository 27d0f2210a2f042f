"""Schedules, averages and the update do what their formulas say."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from livetalk.runtime.dtype import native_bf16
from livetalk.training.config import Constant, Cosine, FlatThenLinear, OptimConfig
from livetalk.training.optim import Ema, adamw, parameter_groups, set_lr
from livetalk.training.optimizer_step import TrainState
from livetalk.training.precision import autocast, maybe_compile


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Constant(0.1), {0.0: 0.0, 0.05: 0.5, 0.1: 1.0, 1.0: 1.0}),
        (Constant(), {0.0: 1.0, 1.0: 1.0}),
        (Cosine(0.1, 0.2), {0.0: 0.0, 0.1: 1.0, 0.55: 0.6, 1.0: 0.2}),
        (FlatThenLinear(0.1, 0.5), {0.05: 0.5, 0.3: 1.0, 0.5: 1.0, 0.75: 0.5, 1.0: 0.0}),
        (FlatThenLinear(0.0, 0.5, 0.1), {0.0: 1.0, 1.0: 0.1}),
    ],
)
def test_schedules_pass_through_their_corners(schedule: Constant, expected: dict[float, float]) -> None:
    for progress, factor in expected.items():
        assert schedule(progress) == pytest.approx(factor)


@given(st.floats(0, 1), st.sampled_from([Constant(0.02), Cosine(), FlatThenLinear()]))
def test_schedules_stay_between_zero_and_one(progress: float, schedule: Constant) -> None:
    assert 0.0 <= schedule(progress) <= 1.0


def test_schedules_have_no_jumps() -> None:
    for schedule in (Cosine(), FlatThenLinear()):
        values = [schedule(i / 1000) for i in range(1001)]
        assert max(abs(a - b) for a, b in pairwise(values)) < 0.06


def test_the_average_follows_its_formula_in_float32() -> None:
    module = nn.Linear(2, 2).bfloat16()
    ema = Ema(module, decay=0.9, follow=1)
    expected = None
    for value in (1.0, 2.0, 5.0):
        with torch.no_grad():
            module.weight.fill_(value)
        ema.update()
        expected = value if expected is None else 0.9 * expected + 0.1 * value
    assert ema.average["weight"].dtype == torch.float32
    torch.testing.assert_close(ema.average["weight"], torch.full((2, 2), expected))


def test_averaged_weights_are_swapped_in_and_out() -> None:
    module = nn.Linear(2, 1)
    before = module.weight.detach().clone()
    ema = Ema(module, decay=0.5)
    with torch.no_grad():
        module.weight.add_(1.0)
    with ema.swapped_in():
        assert torch.equal(module.weight, before)
    assert torch.equal(module.weight, before + 1.0)
    other = nn.Linear(2, 1)
    ema.write_to(other)
    assert torch.equal(other.weight, before)


def test_vectors_do_not_decay_and_prefixes_scale_the_rate() -> None:
    module = nn.ModuleDict({"body": nn.Linear(3, 3), "head": nn.Linear(3, 3), "still": nn.Linear(3, 3)})
    module["still"].requires_grad_(False)
    config = OptimConfig(lr=1.0, weight_decay=0.1)
    groups = parameter_groups(module, config, {"head": 0.5})
    found = {(g["lr_scale"], g["weight_decay"]): [p.ndim for p in g["params"]] for g in groups}
    assert found == {(1.0, 0.1): [2], (1.0, 0.0): [1], (0.5, 0.1): [2], (0.5, 0.0): [1]}
    optimiser = adamw(module, config, {"head": 0.5})
    set_lr(optimiser, 0.2)
    assert {g["lr"] for g in optimiser.param_groups} == {0.2, 0.1}
    with pytest.raises(ValueError, match="frozen"):
        adamw(module["still"], config)


def test_gradients_are_clipped_and_their_norm_is_reported() -> None:
    module = nn.Linear(4, 1, bias=False)
    learner = TrainState(module, OptimConfig(lr=0.0, clip=1.0))
    metrics = learner.step(module(torch.full((1, 4), 100.0)).sum(), 0.0)
    assert float(metrics["grad_norm"]) == pytest.approx(200.0)


def test_a_step_with_gradients_that_are_not_finite_changes_nothing() -> None:
    module = nn.Linear(4, 1)
    learner = TrainState(module, OptimConfig(lr=0.1, weight_decay=0.1))
    learner.step(module(torch.ones(1, 4)).sum(), 0.0)
    before = [p.detach().clone() for p in module.parameters()]
    moments = learner.optimiser.state[module.weight]["exp_avg"].clone()
    learner.step(module(torch.full((1, 4), float("inf"))).sum(), 0.0)
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))
    assert torch.equal(learner.optimiser.state[module.weight]["exp_avg"], moments)
    learner.step(module(torch.ones(1, 4)).sum(), 0.0)
    assert not torch.equal(before[0], module.weight)


def test_autocast_is_bf16_only_where_that_is_native() -> None:
    with autocast("cpu"):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.bfloat16 if native_bf16("cpu") else torch.float32)
    with autocast("cpu", enabled=False):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_compilation_can_be_declined() -> None:
    module = nn.Linear(2, 2)
    assert maybe_compile(module, False) is module
    assert maybe_compile(abs, False) is abs
