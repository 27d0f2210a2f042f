"""Training stage, as the loop sees it: the protocol, its clock and its samples.

Types only. The codec, teacher, ode and dmd stages implement `Stage`; loop.py runs them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import UInt8
from torch import Tensor

from livetalk.training.distributed import State


@dataclass(frozen=True)
class StepContext:
    """Where a run stands before a step; the same on all ranks."""

    step: int  # steps done
    progress: float  # in [0, 1)
    seconds: float  # elapsed, earlier runs included


@dataclass(frozen=True)
class Preview:
    """Preview of a stage: numbers for the log and frames that alarms look at."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    frames: UInt8[np.ndarray, "n t h w 3"] | None = None


class Stage(Protocol):
    """One stage of the recipe. Randomness comes from the global generators (restored on resume) or from `tick.step`."""

    def step(self, tick: StepContext) -> Mapping[str, Tensor | float]:
        """Do one update; return metrics (tensors stay on the device until they are logged)."""
        ...

    def sample(self, folder: Path, tick: StepContext) -> Preview | None:
        """Write examples into `folder` (rank 0 only, generators restored afterwards). None shows nothing."""
        ...

    def state(self) -> State:
        """Plain containers and tensors, everything a continuation needs (all ranks call together)."""
        ...

    def load_state(self, state: State) -> None: ...
