"""The recipe at the published sizes: its memory is known beforehand, and spread over processes it learns the same."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp

from livetalk.cli import main
from livetalk.presets import DIT_1_3B, FULL, MINIATURE_FULL, TEACHER_14B
from livetalk.recipes.full import FullTraining, build_sharded, dmd_stage, ode_stage, one_step, truncate_layers
from livetalk.recipes.memory_plan import plan
from livetalk.training import distributed
from livetalk.training.distributed import Distributed, join

ROOT = Path(__file__).parents[2]


def ode(world):
    return ode_stage(MINIATURE_FULL, world, FullTraining(), layers=3, bf16=False)


def dmd(world):
    return dmd_stage(MINIATURE_FULL, MINIATURE_FULL, world, FullTraining(), layers=3, bf16=False)


STAGES = {"ode": ode, "dmd": dmd}


def stepped(make, world):
    """Numbers of one step and the student after it, for the same clip and draws on every process."""
    torch.manual_seed(3)
    stage = make(world)
    told = {name: float(value) for name, value in one_step(stage).items()}
    return told, distributed.module_state(stage.student)


@pytest.mark.parametrize("name", STAGES)
def test_one_process_takes_a_step(name):
    before = build_sharded(truncate_layers(MINIATURE_FULL.dit, 3), Distributed(), trained=True).state_dict()
    told, after = stepped(STAGES[name], Distributed())
    assert all(torch.isfinite(torch.tensor(value)) for value in told.values())
    assert any(not torch.equal(before[key], after[key]) for key in before)
    if name == "dmd":
        assert {"generator_loss", "critic_loss"} <= told.keys()


def work(rank: int, size: int, port: int, folder: str) -> None:
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    world = join("cpu")
    for name, make in STAGES.items():
        result = stepped(make, world)
        if world.is_main:
            torch.save(result, Path(folder) / f"{name}.pt")
    world.end_process()


@pytest.mark.slow
def test_two_processes_that_share_the_weights_learn_what_one_does(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mp.spawn(work, (2, port, str(tmp_path)), nprocs=2)
    for name, make in STAGES.items():
        told, after = stepped(make, Distributed())
        theirs, student = torch.load(tmp_path / f"{name}.pt", weights_only=True)
        assert theirs == pytest.approx(told, rel=1e-3)
        # Adam turns a gradient of almost nothing into a whole step, whichever sign rounding gave it.
        apart = torch.cat([(student[key] - tensor).abs().flatten() for key, tensor in after.items()])
        assert (apart > 1e-6).float().mean() < 0.01


@pytest.mark.slow
def test_the_script_runs_as_it_is_documented():
    done = subprocess.run(
        [sys.executable, "scripts/full_width_step", "--preset", "miniature-1.3b", "--device", "cpu"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert [line.split('"')[3] for line in done.stdout.splitlines()] == ["ode", "dmd"]


def test_activations_made_again_change_no_gradient():
    grads = []
    for recompute in (True, False):
        torch.manual_seed(0)
        model = build_sharded(truncate_layers(MINIATURE_FULL.dit, 3), Distributed(), trained=True, recompute=recompute)
        x = torch.randn(1, 16, 3, 8, 8)
        audio = torch.randn(1, 3, 480)
        model(x, torch.full((1, 3), 500.0), torch.randn(1, 17, 3, 8, 8), torch.randn(1, 5, 48), audio).sum().backward()
        grads.append(model.blocks[0].ffn[0].weight.grad)
    assert torch.equal(*grads)


def test_a_plan_adds_up():
    trajectories, ode, dmd = plan(FULL, TEACHER_14B)
    by_name = {share.what: share.bytes for share in dmd.shares}
    assert by_name["student: weights"] == 4 * 1_421_187_232
    assert by_name["teacher: weights"] == 2 * 14_293_426_336
    assert by_name["student: Adam"] == 2 * by_name["student: weights"]
    assert trajectories.gpus == ode.gpus == 1
    assert dmd.gpus == 2
    assert dmd.on_each(2) < 0.9 * 80e9 < dmd.on_each(1)
    assert dmd.on_each(8) < dmd.on_each(2)


def test_smaller_gpus_need_more_of_them_until_none_suffice():
    dmd = plan(FULL, TEACHER_14B, 40e9)[2]
    assert dmd.gpus >= 8
    with pytest.raises(ValueError, match="--gpu-memory"):
        assert plan(FULL, TEACHER_14B, 24e9)[2].gpus


def test_fewer_layers_keep_their_width_and_their_ears():
    assert truncate_layers(DIT_1_3B, None) == DIT_1_3B
    two = truncate_layers(DIT_1_3B, 2)
    assert (two.dim, two.layers, two.audio_blocks) == (1536, 2, (1,))


def test_the_command_prints_the_plan(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["livetalk", "train", "--plan"])
    with pytest.raises(SystemExit) as left:
        main.main()
    assert left.value.code == 0
    shown = capsys.readouterr().out
    for word in ("trajectories: 1 GPU", "dmd: 2 GPUs", "gradients", "Adam", "average", "activations", "of 80 GB"):
        assert word in shown
