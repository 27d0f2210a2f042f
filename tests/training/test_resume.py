"""A run killed at any moment goes on as if nothing had happened."""

import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from livetalk.training.checkpoint import Checkpoints
from livetalk.training.metrics import read_lines

TOY = Path(__file__).with_name("toy.py")
STEPS = 120
train = runpy.run_path(str(TOY))["train"]


def launch(folder: Path, steps: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(TOY), str(folder), str(steps)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(TOY.parents[2])}, stderr=subprocess.DEVNULL)


def equal(one: object, two: object) -> bool:
    if isinstance(one, torch.Tensor):
        return isinstance(two, torch.Tensor) and torch.equal(one, two)
    if isinstance(one, dict):
        return isinstance(two, dict) and one.keys() == two.keys() and all(equal(one[k], two[k]) for k in one)
    if isinstance(one, list):
        return isinstance(two, list) and len(one) == len(two) and all(map(equal, one, two))
    return one == two


def wait_for_step(folder: Path, step: int, process: subprocess.Popen[bytes]) -> None:
    store = Checkpoints(folder / "checkpoints")
    while (store.steps() or [0])[-1] < step:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.005)


@pytest.mark.slow
def test_a_killed_run_ends_bit_for_bit_like_an_uninterrupted_one(tmp_path: Path) -> None:
    process = launch(tmp_path / "cut", STEPS)
    wait_for_step(tmp_path / "cut", 20, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (Checkpoints(tmp_path / "cut" / "checkpoints").steps() or [0])[-1] < STEPS
    train(tmp_path / "cut", STEPS, 0.05)
    train(tmp_path / "whole", STEPS, 1e9)
    (step, whole), (_, cut) = (Checkpoints(tmp_path / n / "checkpoints").newest() or (0, {}) for n in ("whole", "cut"))
    assert step == STEPS
    assert equal(whole["stage"], cut["stage"])
    assert equal(whole["rng"], cut["rng"])
    steps = [r["step"] for r in read_lines(tmp_path / "cut" / "metrics.jsonl") if "loss" in r]
    assert steps == sorted(set(steps)), "steps done twice must be logged once"


def test_half_written_and_broken_checkpoints_are_passed_over(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path)
    store.save(1, {"a": torch.ones(3)})
    store.save(2, {"a": torch.zeros(3)})
    (tmp_path / "step_000000003.part").write_bytes(b"half")
    store.path(2).write_bytes(store.path(2).read_bytes()[:100])
    found = store.newest()
    assert found is not None
    assert found[0] == 1
    store.path(1).write_bytes(b"")
    with pytest.raises(ValueError, match="no checkpoint in"):
        store.newest()


def test_only_the_last_checkpoints_stay(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path, keep=2)
    for step in range(5):
        store.save(step, {"step": step})
    assert store.steps() == [3, 4]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step_000000003.pt", "step_000000004.pt"]


def test_an_unwritable_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match="choose another --out"):
        Checkpoints(tmp_path / "file").save(1, {})
