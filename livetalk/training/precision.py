"""Precision of a training step, and whether it is compiled.

Weights, gradients and optimiser states stay float32; only the products inside `autocast` are bfloat16. Knows devices,
not models.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import torch
from torch import nn

from livetalk.runtime.dtype import native_bf16

T = TypeVar("T", bound=Callable[..., object])


def autocast(device: torch.device | str, enabled: bool = True, cached: bool = True) -> AbstractContextManager[object]:
    """Context in which matrix products and convolutions run in bfloat16, where that is native; else nothing.

    cached: a weight is converted once. Not for float32 weights that are spread over processes: what was converted
    without gradients would be used with them, too, and the weights would silently get none.
    """
    if not (enabled and native_bf16(device)):
        return nullcontext()
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16, cache_enabled=cached)


def eagerly(function: T) -> T:
    """Run `function` uncompiled: for samples, whose shapes differ from training's and are not worth a compilation."""
    return torch.compiler.set_stance("force_eager")(function)


def maybe_compile(target: T, enabled: bool) -> T:
    """Compile a module (in place, so that its state dict keeps its key names) or a function, or leave it alone.

    Shapes are taken as static: a training step always sees the same ones, and a static graph is faster.
    """
    if not enabled:
        return target
    if isinstance(target, nn.Module):
        target.compile(dynamic=False)
        return target  # pyright: ignore[reportReturnType]
    return torch.compile(target, dynamic=False)
