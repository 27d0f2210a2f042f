"""Recorded steps: the kernels of a training step, recorded once as a CUDA graph and replayed afterwards.

A step of many small kernels waits for the host to launch them; a replay launches all of them at once. On a CPU, and
where it is asked not to record, the function is just called. Knows tensors and gradients; no model and no loss.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from torch.cuda import _POOL_HANDLE  # pyright: ignore[reportPrivateUsage]

WARM_UP = 2  # calls before the recording, in which libraries choose kernels and get their memory

Function = Callable[..., tuple[Tensor, ...]]


def recording_pool(device: torch.device, wanted: bool = True) -> "_POOL_HANDLE | None":
    """Memory that recordings share which are replayed one after the other.

    None on a CPU, and where it is not wanted: then nothing is recorded.
    """
    return torch.cuda.graph_pool_handle() if wanted and device.type == "cuda" else None


class RecordedStep:
    """Function of tensors that a GPU replays.

    Args:
        function: takes tensors of the same shapes at every call and returns tensors. It may draw random numbers on
            the device and backpropagate, but must neither wait for the device nor update weights.
        parameters: whose gradients the function leaves in `.grad`, where they were None.
        pool: of `recording_pool`; None to call the function as it is.
    """

    def __init__(
        self, function: Function, parameters: Sequence[nn.Parameter] = (), pool: "_POOL_HANDLE | None" = None
    ) -> None:
        self.function, self.parameters, self.pool = function, tuple(parameters), pool
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: tuple[Tensor, ...] = ()
        self._outputs: tuple[Tensor, ...] = ()
        self._gradients: tuple[Tensor | None, ...] = ()

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The function's results, and its gradients in `.grad` until they are set to None."""
        if self.pool is None:
            return self.function(*inputs)
        if self._graph is None:
            self._graph = self._record(inputs)
        for mine, given in zip(self._inputs, inputs, strict=True):
            mine.copy_(given)
        self._graph.replay()
        for parameter, gradient in zip(self.parameters, self._gradients, strict=True):
            parameter.grad = gradient
        return tuple(out.clone() for out in self._outputs)  # the next replay overwrites them

    def _record(self, inputs: tuple[Tensor, ...]) -> torch.cuda.CUDAGraph:
        self._inputs = tuple(given.clone() for given in inputs)
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(WARM_UP):
                self._forget()
                self.function(*self._inputs)
        torch.cuda.current_stream().wait_stream(beside)
        self._forget()  # so that the backward pass writes gradients instead of adding to them
        graph = torch.cuda.CUDAGraph()
        # Other threads, such as those that watch collectives, may go on asking the device.
        with torch.cuda.graph(graph, self.pool, capture_error_mode="thread_local"):
            self._outputs = self.function(*self._inputs)
        self._gradients = tuple(parameter.grad for parameter in self.parameters)
        return graph

    def _forget(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None
