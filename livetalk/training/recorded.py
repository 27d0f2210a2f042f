"""Recorded steps: the kernels of a training step, recorded once as a CUDA graph and replayed afterwards.

A step of many small kernels waits for the host to launch them; a replay launches all of them at once. On a CPU, and
where it is asked not to record, the function is just called. Knows tensors and gradients; no model and no loss.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

WARM_UP = 2  # calls before the recording, in which libraries choose kernels and get their memory

Function = Callable[..., tuple[Tensor, ...]]


class Recordings:
    """Recordings that are replayed one after the other, and therefore share their memory."""

    def __init__(self) -> None:
        self._first: torch.cuda.CUDAGraph | None = None

    def record(self, function: Callable[[], None]) -> torch.cuda.CUDAGraph:
        """The kernels that a call launches, for replaying; the call itself computes nothing."""
        graph = torch.cuda.CUDAGraph()
        pool = None if self._first is None else self._first.pool()
        # Other threads, such as those that watch collectives, may go on asking the device.
        with torch.cuda.graph(graph, pool, capture_error_mode="thread_local"):
            function()
        self._first = self._first or graph
        return graph


def recordings(device: torch.device, wanted: bool = True) -> Recordings | None:
    """None on a CPU, and where they are not wanted: then nothing is recorded."""
    return Recordings() if wanted and device.type == "cuda" else None


class RecordedStep:
    """Function of tensors that a GPU replays.

    Args:
        function: takes tensors of the same shapes at every call and returns tensors. It may draw random numbers on
            the device and backpropagate, but must neither wait for the device nor update weights.
        module: whose parameters' gradients the function adds to. Between calls they may be set to zero, not to None:
            a recording writes where they lay (`TrainState(keep_gradients=True)`).
        among: the recordings that it is one of; None to call the function as it is.
    """

    def __init__(self, function: Function, module: nn.Module, among: Recordings | None = None) -> None:
        self.function, self.module, self.among = function, module, among
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: tuple[Tensor, ...] = ()
        self._outputs: tuple[Tensor, ...] = ()

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The function's results; its gradients are added to those that are there."""
        if self.among is None:
            return self.function(*inputs)
        if self._graph is None:
            self._graph = self._recorded(self.among, inputs)
        for mine, given in zip(self._inputs, inputs, strict=True):
            mine.copy_(given)
        self._graph.replay()
        return tuple(out.clone() for out in self._outputs)  # the next replay overwrites them

    def _recorded(self, among: Recordings, inputs: tuple[Tensor, ...]) -> torch.cuda.CUDAGraph:
        self._inputs = tuple(given.clone() for given in inputs)
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(WARM_UP):
                self.function(*self._inputs)
        torch.cuda.current_stream().wait_stream(beside)
        graph = among.record(self._call)
        self.module.zero_grad(set_to_none=False)  # of what was computed for warming up
        return graph

    def _call(self) -> None:
        self._outputs = self.function(*self._inputs)
