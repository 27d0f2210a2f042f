"""Training stage, as the loop sees it: the protocol, its clock, its samples, and the budget of a run.

Types only. The codec, teacher, ode and dmd stages implement `Stage`; loop.py runs them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from jaxtyping import UInt8
from torch import Tensor

from livetalk.training.alarms import AlarmConfig


@dataclass(frozen=True)
class LoopConfig:
    """When a run ends and what it does on the way.

    Progress is the larger of step / steps and elapsed / seconds; elapsed time goes on counting across resumes.
    """

    title: str
    steps: int | None = None
    seconds: float | None = None  # wall clock, compilation and samples included
    log_every: int = 20  # steps
    checkpoint_every_s: float = 120.0
    sample_every_s: float = 300.0
    stop_after_s: float | None = None  # of one call, which then ends with a checkpoint as if interrupted
    keep: int = 2  # checkpoints
    seed: int = 0
    resume: bool = True  # from the newest checkpoint in the folder, if there is one
    tensorboard: bool = True
    alarms: AlarmConfig = field(default_factory=AlarmConfig)

    def __post_init__(self) -> None:
        if self.steps is None and self.seconds is None:
            raise ValueError("give a budget: steps, seconds or both")
        if (self.steps is not None and self.steps < 1) or (self.seconds is not None and self.seconds <= 0):
            raise ValueError("the budget must be positive")

    def progress(self, step: int, elapsed: float) -> float:
        """Share of the budget that is used, in [0, 1]."""
        by_steps = 0.0 if self.steps is None else step / self.steps
        by_time = 0.0 if self.seconds is None else elapsed / self.seconds
        return min(1.0, max(by_steps, by_time))


@dataclass(frozen=True)
class StepContext:
    """Where a run stands before a step; the same on all ranks."""

    step: int  # steps done
    progress: float  # in [0, 1)
    seconds: float  # elapsed, earlier runs included


@dataclass(frozen=True)
class Preview:
    """What a stage shows of itself: numbers for the log and frames for the alarms' eyes."""

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

    def state(self) -> dict[str, Any]:
        """Plain containers and tensors, everything a continuation needs (all ranks call together)."""
        ...

    def load_state(self, state: dict[str, Any]) -> None: ...
