"""A toy stage and its command line, run as a process of its own by the tests that kill it."""

import sys
from pathlib import Path

import torch
from torch import nn

from livetalk.training.config import Cosine, LoopConfig, OptimConfig
from livetalk.training.distributed import Distributed, join
from livetalk.training.loop import run
from livetalk.training.optimizer_step import TrainState
from livetalk.training.stage import Preview, StepContext


def net() -> nn.Module:
    torch.manual_seed(7)
    return nn.Sequential(nn.Linear(6, 16), nn.GELU(), nn.Dropout(0.1), nn.Linear(16, 3))


class ToyStage:
    """Regression to a fixed linear map on data drawn from the global generator."""

    def __init__(self, world: Distributed | None = None) -> None:
        config = OptimConfig(lr=1e-2, weight_decay=0.01, schedule=Cosine(warmup=0.1), ema=0.9, ema_from=3)
        self.learner = TrainState(net(), config, world)
        self.target = torch.linspace(-1, 1, 18).reshape(6, 3)

    def step(self, tick: StepContext) -> dict[str, torch.Tensor | float]:
        x = torch.randn(32, 6)
        loss = (self.learner.module(x) - x @ self.target).square().mean()
        return {"loss": loss, **self.learner.step(loss, tick.progress)}

    def sample(self, folder: Path, tick: StepContext) -> Preview:
        torch.randn(5)  # must not change what training draws
        (folder / "seen.txt").write_text(str(tick.step))
        return Preview({"eval/drawn": 1.0})

    def state(self) -> dict:
        return {"learner": self.learner.state()}

    def load_state(self, state: dict) -> None:
        self.learner.load_state(state["learner"])


def train(folder: Path, steps: int, sample_every: float) -> None:
    """Train with a checkpoint after every step."""
    world = join("cpu")
    config = LoopConfig("toy", steps=steps, checkpoint_every_s=0.0, sample_every_s=sample_every, tensorboard=False)
    run(ToyStage(world), config, folder, world)


if __name__ == "__main__":
    torch.set_num_threads(1)
    train(Path(sys.argv[1]), int(sys.argv[2]), sample_every=0.05)
