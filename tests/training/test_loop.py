"""The loop keeps its budget, its records and its promises to stages."""

import os
import random
import runpy
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from livetalk.training import rng
from livetalk.training.config import LoopConfig
from livetalk.training.loop import run
from livetalk.training.metrics import read_lines
from livetalk.training.stage import Preview, StepContext

ToyStage = runpy.run_path(str(Path(__file__).with_name("toy.py")))["ToyStage"]


class Recorder:
    """A stage that only remembers its ticks."""

    def __init__(self, pause: float = 0.0, loss: float = 1.0) -> None:
        self.pause, self.loss, self.ticks = pause, loss, []

    def step(self, tick: StepContext) -> dict[str, torch.Tensor | float]:
        time.sleep(self.pause)
        self.ticks.append(tick)
        return {"loss": self.loss}

    def sample(self, folder: Path, tick: StepContext) -> Preview | None:
        return None

    def state(self) -> dict:
        return {"steps": len(self.ticks)}

    def load_state(self, state: dict) -> None:
        self.loaded = state


def config(**changes: object) -> LoopConfig:
    return LoopConfig("toy", **{"tensorboard": False, **changes})  # pyright: ignore[reportArgumentType]


def test_a_budget_in_steps_is_kept(tmp_path: Path) -> None:
    stage = Recorder()
    report = run(stage, config(steps=10), tmp_path)
    assert (report.why, report.step, len(stage.ticks)) == ("done", 10, 10)
    assert [t.progress for t in stage.ticks] == [i / 10 for i in range(10)]


def test_a_budget_in_seconds_is_kept_across_resumes(tmp_path: Path) -> None:
    first = Recorder(pause=0.01)
    run(first, config(steps=10, seconds=0.6), tmp_path)
    second = Recorder(pause=0.01)
    report = run(second, config(seconds=0.6), tmp_path)
    assert report.resumed_from == 10
    assert second.loaded == {"steps": 10}
    assert second.ticks[0].seconds >= 0.1, "seconds spent before count"
    assert 0.6 <= report.seconds < 1.1
    assert all(a.progress < b.progress < 1 for a, b in zip(second.ticks, second.ticks[1:], strict=False))


def test_a_finished_run_is_left_alone(tmp_path: Path) -> None:
    run(Recorder(), config(steps=3), tmp_path)
    again = Recorder()
    assert run(again, config(steps=3), tmp_path).why == "done"
    assert again.ticks == []


def test_a_termination_signal_ends_with_a_checkpoint(tmp_path: Path) -> None:
    class Terminated(Recorder):
        def step(self, tick: StepContext) -> dict[str, torch.Tensor | float]:
            if tick.step == 4:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().step(tick)

    report = run(Terminated(), config(steps=100), tmp_path)
    assert (report.why, report.step) == ("interrupted", 5)
    assert run(Recorder(), config(steps=6), tmp_path).resumed_from == 5


def test_nan_stops_the_run_and_spares_the_last_good_checkpoint(tmp_path: Path) -> None:
    run(Recorder(), config(steps=5), tmp_path)
    report = run(Recorder(loss=float("nan")), config(steps=50, checkpoint_every_s=0.0), tmp_path)
    assert "nan" in report.why
    assert report.step == 6
    assert [a.kind for a in report.alarms] == ["nan"]
    assert read_lines(tmp_path / "events.jsonl")[0]["kind"] == "nan"
    assert run(Recorder(), config(steps=6), tmp_path).resumed_from == 5


def test_the_toy_learns_and_its_numbers_are_written(tmp_path: Path) -> None:
    report = run(ToyStage(), config(steps=200, log_every=20), tmp_path)
    lines = [r for r in read_lines(tmp_path / "metrics.jsonl") if "loss" in r]
    assert [r["step"] for r in lines] == list(range(20, 201, 20))
    assert lines[-1]["loss"] < 0.5 * lines[0]["loss"]
    assert {"grad_norm", "lr", "steps_per_s", "seconds", "progress"} <= lines[0].keys()
    assert report.metrics["loss"] == lines[-1]["loss"]
    assert (tmp_path / "samples" / "step_000000200" / "seen.txt").read_text() == "200"


def test_tensorboard_gets_the_same_numbers(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs the train extra")
    run(Recorder(), config(steps=2, tensorboard=True), tmp_path)
    assert any((tmp_path / "tensorboard").iterdir())


def test_looking_does_not_change_what_is_drawn_next() -> None:
    def draw() -> tuple[float, float, float]:
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    rng.seed(3)
    expected = draw()
    rng.seed(3)
    with rng.undisturbed():
        draw()
    assert draw() == expected


def test_a_run_without_a_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="budget"):
        LoopConfig("toy")
