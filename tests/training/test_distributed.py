"""Several processes do together what one would do with their batches joined."""

import os
import socket
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp
from torch import nn

from livetalk.training import distributed
from livetalk.training.config import LoopConfig, OptimConfig
from livetalk.training.distributed import Distributed, join
from livetalk.training.loop import run
from livetalk.training.optimizer_step import TrainState
from livetalk.training.stage import StepContext


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def net(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(5, 8), nn.SiLU(), nn.Linear(8, 2))


class Halves:
    """Each rank takes its share of a batch that depends on the step alone."""

    def __init__(self, world: Distributed, sharded: bool = False) -> None:
        self.world = world
        module = net(seed=world.rank)  # ranks differ until the learner gives all of them rank 0's weights
        if sharded:
            world.broadcast_module(module)
            distributed.shard(module, [module[0], module[2]], world, bf16=False)  # pyright: ignore[reportIndexIssue]
        self.learner = TrainState(module, OptimConfig(lr=1e-2, weight_decay=0.1, ema=0.9), world)

    def step(self, tick: StepContext) -> dict[str, torch.Tensor | float]:
        x = torch.randn(8, 5, generator=torch.Generator().manual_seed(tick.step))
        mine = x.chunk(self.world.size)[self.world.rank]
        loss = (self.learner.module(mine) - mine[:, :2]).square().mean()
        return {"loss": loss, **self.learner.step(loss, tick.progress)}

    def sample(self, folder: Path, tick: StepContext) -> None:
        return None

    def state(self) -> dict:
        return self.learner.state()

    def load_state(self, state: dict) -> None:
        self.learner.load_state(state)


def train(rank: int, size: int, port: int, folder: str) -> None:
    """Train copied, then sharded; the second budget of each resumes from the checkpoint of the first."""
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    world = join("cpu")
    for name in ("copied", "sharded"):
        place = Path(folder) / name
        for budget in (10, 20):
            stage = Halves(world, name == "sharded")
            report = run(stage, LoopConfig("halves", steps=budget, log_every=5, tensorboard=False), place, world)
            assert report.step == budget
        state = stage.state()
        if world.is_main:
            torch.save({"state": state, "metrics": dict(report.metrics)}, place / "end.pt")
    world.close()


@pytest.mark.slow
def test_two_processes_equal_one_with_the_double_batch(tmp_path: Path) -> None:
    alone = Halves(Distributed())
    report = run(alone, LoopConfig("one", steps=20, log_every=5, tensorboard=False), tmp_path / "one")
    mp.spawn(train, (2, free_port(), str(tmp_path)), nprocs=2)  # pyright: ignore[reportPrivateImportUsage]
    for name in ("copied", "sharded"):
        two = torch.load(tmp_path / name / "end.pt", weights_only=True)
        for part in (lambda s: s["module"], lambda s: s["ema"]["average"]):
            for key, tensor in part(alone.state()).items():
                torch.testing.assert_close(part(two["state"])[key], tensor, rtol=1e-4, atol=1e-6)
        assert two["metrics"]["loss"] == pytest.approx(report.metrics["loss"], rel=1e-4)


def test_one_process_needs_no_torchrun() -> None:
    world = join("cpu")
    assert (world.rank, world.size, world.is_main) == (0, 1, True)
    assert world.broadcast([1.5]) == [1.5]
    assert world.gather_objects("x") == ["x"]
    module = net()
    assert distributed.shard(module, [], world) is module
    world.close()


def test_each_rank_has_its_own_seed() -> None:
    seeds = [Distributed(rank=r, size=4).seed(11) for r in range(4)]
    assert seeds[0] == 11
    assert len(set(seeds)) == 4


def test_asking_for_a_gpu_that_is_not_there_says_what_to_do() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ValueError, match="device='cpu'"):
        join("cuda")
