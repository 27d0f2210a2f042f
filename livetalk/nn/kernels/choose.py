"""Selection of the fastest attention kernel, by timing the available ones on the serving shape.

PyTorch's own choice is not always the fastest one (cuDNN's was twice as fast as the default on long caches). Knows
shapes and clocks; nothing of models.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from livetalk.nn.kernels import flash3
from livetalk.nn.kernels.fp8 import to_fp8

CANDIDATES = {
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "math": SDPBackend.MATH,
}
HOPPER = flash3.NAME  # of another package, which takes keys and values of 8 bits, too
EIGHT = "flash-3 in 8 bits"
REPEATS, IN_A_ROW = 7, 10


@dataclass(frozen=True)
class Kernel:
    """The attention kernel to use; seconds of every candidate that works. `default`: PyTorch chooses, as on CPUs.

    eight: keys and values of 8 bits are faster still.
    """

    name: str = "default"
    seconds: dict[str, float] = field(default_factory=dict)
    eight: bool = False

    @contextmanager
    def preferred(self) -> Iterator[None]:
        """Inside, PyTorch takes this kernel, where it is PyTorch's own, before all others."""
        if self.name == "default":
            yield
            return
        first = [CANDIDATES[self.name]] if self.name in CANDIDATES else []
        order = [*first, *(b for name, b in CANDIDATES.items() if name != self.name)]
        with sdpa_kernel(order, set_priority=True):
            yield

    def __str__(self) -> str:
        times = ", ".join(f"{name} {1e3 * spent:.2f} ms" for name, spent in self.seconds.items())
        return f"attention: {self.name}" + (f" (of {times})" if times else " (PyTorch's choice)")


def fastest_kernel(
    device: torch.device, dtype: torch.dtype, batch: int, queries: int, keys: int, heads: int, width: int
) -> Kernel:
    """The fastest kernel for one call of these sizes. Elsewhere than on CUDA the choice is left to PyTorch."""
    if device.type != "cuda":
        return Kernel()
    q = torch.randn(batch, heads, queries, width, device=device, dtype=dtype)
    k, v = (torch.randn(batch, heads, keys, width, device=device, dtype=dtype) for _ in range(2))
    seconds: dict[str, float] = {}
    for name, backend in CANDIDATES.items():
        if name == "math" and seconds:
            break  # only where nothing else works: its scores may not fit
        try:
            with sdpa_kernel(backend):
                seconds[name] = timed(lambda: F.scaled_dot_product_attention(q, k, v), device)
        except RuntimeError:
            continue  # not for this device, dtype or shape
    if flash3.available(device) and dtype is torch.bfloat16:
        _time_flash3(q, k, v, seconds)
    whole = [name for name in seconds if name != EIGHT]
    if not whole:
        return Kernel()
    best = min(whole, key=seconds.__getitem__)
    return Kernel(best, seconds, seconds.get(EIGHT, float("inf")) < seconds[best])


def _time_flash3(q: Tensor, k: Tensor, v: Tensor, seconds: dict[str, float]) -> None:
    """Adds the times of the package's kernel, whose tokens lie before heads."""
    q, k, v = (x.transpose(1, 2).contiguous() for x in (q, k, v))
    for name, parts in ((HOPPER, (k, v)), (EIGHT, (to_fp8(k), to_fp8(v)))):
        try:
            seconds[name] = timed(lambda parts=parts: flash3.attend(q, *parts), q.device)
        except RuntimeError:
            continue  # built for another PyTorch


def timed(function: Callable[[], Tensor | None], device: torch.device, repeats: int = REPEATS) -> float:
    """Median seconds of a call, the device waited for; calls before do not count.

    On a GPU several calls follow one another, as they do at work: else launching them would count.
    """
    row = IN_A_ROW if device.type == "cuda" else 1
    function()
    spent = []
    for _ in range(repeats):
        settle(device)
        began = time.perf_counter()
        for _ in range(row):
            function()
        settle(device)
        spent.append((time.perf_counter() - began) / row)
    return statistics.median(spent)


def settle(device: torch.device) -> None:
    """Wait until a device has done what it was asked."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
