"""CUDA graphs of a call: recorded once for each shape, then replayed without the cost of launching kernels.

A graph reads and writes fixed addresses: arguments are copied into buffers before a replay. Tensors that lie at fixed
addresses already (a pool's rooms) are named in the key instead. Knows tensors; not what they mean.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

WARM = 3  # calls before recording, so that lazy initialisation is over


@dataclass(frozen=True)
class _Recorded:
    graph: Any
    inputs: tuple[Tensor, ...]
    output: Any


class CudaGraphCache:
    """Recorded calls by key. `held`: tensors that seldom change, copied only when they do (such as a prompt's)."""

    def __init__(self) -> None:
        self._made: dict[Hashable, _Recorded] = {}
        self._held: dict[Hashable, tuple[Any, tuple[Tensor, ...]]] = {}
        self._pool: Any = None

    def __contains__(self, key: Hashable) -> bool:
        return key in self._made

    def __len__(self) -> int:
        return len(self._made)

    def keep(self, key: Hashable, owner: object, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Fixed copies of `tensors`, written anew when `owner` is another object than last time."""
        known = self._held.get(key)
        if known is None:
            fixed = tuple(tensor.clone() for tensor in tensors)
        else:
            fixed = known[1]
            if known[0] is not owner:
                for target, tensor in zip(fixed, tensors, strict=True):
                    target.copy_(tensor)
        self._held[key] = (owner, fixed)
        return fixed

    def record(self, key: Hashable, function: Callable[..., Any], inputs: Sequence[Tensor]) -> None:
        """Record `function(*inputs)`. Raises what CUDA raises where that is impossible."""
        fixed = tuple(tensor.clone() for tensor in inputs)
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM):
                function(*fixed)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            output = function(*fixed)
        self._pool = self._pool or graph.pool()
        self._made[key] = _Recorded(graph, fixed, output)

    def replay(self, key: Hashable, inputs: Sequence[Tensor]) -> Any:
        """The output of a recorded call; it is overwritten by the next replay of any graph."""
        made = self._made[key]
        for target, tensor in zip(made.inputs, inputs, strict=True):
            target.copy_(tensor)
        made.graph.replay()
        return made.output
