"""Configurations of a run: the optimiser, its learning-rate schedule, when the loop ends.

Schedules are functions of progress in [0, 1], not of steps, so that a run can be budgeted in steps or in seconds.
Numbers only: importing this loads no torch.
"""

from dataclasses import dataclass, field
from math import cos, pi
from typing import Annotated

from livetalk.options import Option
from livetalk.training.alarms import AlarmConfig


@dataclass(frozen=True)
class Constant:
    """Factor 1 after a linear warm-up."""

    warmup: float = 0.0  # progress by which the factor has risen from 0 to 1

    def __call__(self, progress: float) -> float:
        return _rise(progress, self.warmup)


@dataclass(frozen=True)
class Cosine:
    """Linear warm-up, then half a cosine from 1 down to `floor` at progress 1."""

    warmup: float = 0.02
    floor: float = 0.0

    def __call__(self, progress: float) -> float:
        if progress < self.warmup:
            return _rise(progress, self.warmup)
        done = min(1.0, (progress - self.warmup) / (1.0 - self.warmup))
        return self.floor + (1.0 - self.floor) * 0.5 * (1.0 + cos(pi * done))


@dataclass(frozen=True)
class FlatThenLinear:
    """Linear warm-up, 1 until `decay_from`, then linearly down to `floor` at progress 1."""

    warmup: float = 0.02
    decay_from: float = 0.55
    floor: float = 0.0

    def __call__(self, progress: float) -> float:
        done = max(0.0, min(1.0, (progress - self.decay_from) / (1.0 - self.decay_from)))
        return _rise(progress, self.warmup) * (1.0 - (1.0 - self.floor) * done)


Schedule = Constant | Cosine | FlatThenLinear


def _rise(progress: float, warmup: float) -> float:
    return 1.0 if warmup <= 0.0 else min(1.0, max(progress, 0.0) / warmup)


@dataclass(frozen=True)
class OptimConfig:
    """AdamW with its schedule, its clipping and the averaging of its weights."""

    lr: Annotated[float, Option("Learning rate in place of the preset's.", if_given=True)]  # at schedule factor 1
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0  # of matrices and kernels; vectors (biases, gains) never decay
    schedule: Schedule = field(default_factory=Constant)
    clip: float = 10.0  # gradients are scaled down to this norm (Self-Forcing's trainer)
    ema: float | None = None  # decay of the averaged weights; None keeps none
    ema_from: int = 0  # updates before which the average just follows the weights


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
