"""State of every random generator a training step may touch: Python's, numpy's, torch's on the CPU and on CUDA.

Knows nothing of steps, files or processes. A state is plain lists, numbers and tensors, so that it can be read back
with `torch.load(weights_only=True)`.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from livetalk.training.distributed import State


def seed(value: int) -> None:
    """Seed all generators with `value` (0 <= value < 2**32)."""
    random.seed(value)
    np.random.seed(value)
    torch.manual_seed(value)  # seeds CUDA too


def capture() -> State:
    """The present state of all generators."""
    version, words, gauss = random.getstate()
    _, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "python": [version, list(words), gauss],
        "numpy": [torch.from_numpy(np.asarray(keys, np.uint32).view(np.int32).copy()), position, has_gauss, cached],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
    }


def restore(state: State) -> None:
    """Set all generators to a state of `capture`. A CUDA state is skipped where there is no GPU."""
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state(("MT19937", keys.numpy().view(np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"].cpu())


@contextmanager
def undisturbed() -> Iterator[None]:
    """Restore all generators on leaving, so that drawing samples does not change training."""
    state = capture()
    try:
        yield
    finally:
        restore(state)
