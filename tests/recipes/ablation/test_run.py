"""The ablation shares what rows have in common, keeps students along the way and goes on where it was stopped."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from livetalk.presets import MINIATURE
from livetalk.recipes.ablation import run as ablation
from livetalk.recipes.ablation.rows import OPTIONS, ROWS
from livetalk.recipes.ablation.run import AblationPlan, converged, students, train_rows
from livetalk.recipes.config import DmdTraining, OdeTraining
from livetalk.recipes.context import RunContext
from livetalk.recipes.distill.clips import LatentBuffer
from livetalk.training.loop import RunReport
from livetalk.weights import save_tensors


class Stages:
    """Stages that write down how they are asked, and leave files as the real ones do."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails_at: int = -1) -> None:
        self.ode, self.dmd, self.fails_at = [], [], fails_at
        monkeypatch.setattr(ablation, "train_ode", self.train_ode)
        monkeypatch.setattr(ablation, "train_dmd", self.train_dmd)
        monkeypatch.setattr(ablation.LatentBuffer, "load", lambda path, device: path.stem)

    def train_ode(self, context: RunContext, bank: str, training: OdeTraining, start: Path | None) -> RunReport:
        self.ode.append((context.folder.name, bank, context.budget.steps))
        (context.folder / "ode.safetensors").write_text(context.folder.name)
        return RunReport("done", context.budget.steps or 0, 1.0, {}, (), None)

    def train_dmd(self, context: RunContext, bank: str, training: DmdTraining, start: Path) -> RunReport:
        if len(self.dmd) == self.fails_at:
            raise KeyboardInterrupt
        window = context.preset.geometry.window_latents
        told = context.folder.name, bank, context.budget.steps, training.generator.lr, training.guidance.audio, window
        self.dmd.append((*told, start.read_text()))
        (context.folder / "student.safetensors").write_text(f"{context.budget.steps}")
        return RunReport("done", context.budget.steps or 0, 1.0, {}, (), None)


@pytest.fixture
def plan(tmp_path: Path) -> AblationPlan:
    for name in ("codec.safetensors", "teacher.safetensors", "bank_raw.pt", "bank_curated.pt"):
        (tmp_path / name).touch()
    return AblationPlan(tmp_path, MINIATURE, ode_steps=100, dmd_steps=40, kept=2)


def test_rows_get_what_they_say_and_share_ode_runs(plan: AblationPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = Stages(monkeypatch)
    assert len(list(train_rows(plan, [*ROWS, *OPTIONS]))) == 4 + 2 * 7
    assert stages.ode == [
        ("ode_raw_short", "bank_raw", 20), ("ode_curated_short", "bank_curated", 20),
        ("ode_curated_converged", "bank_curated", 100), ("ode_raw_converged", "bank_raw", 100),
    ]  # fmt: skip
    last = {row[0]: row for row in stages.dmd if row[2] == 40}
    assert last["baseline"][1:] == ("bank_raw", 40, 2e-5, 2.0, 12, "ode_raw_short")
    assert last["aggressive_learning_rate"][3:5] == (4e-5, 2.0)
    assert last["teacher_guidance"][3:] == (4e-5, 3.0, 12, "ode_curated_converged")
    assert last["without_curation"][1:] == ("bank_raw", 40, 4e-5, 3.0, 12, "ode_raw_converged")
    assert last["rollouts_without_the_window"][5] == MINIATURE.training_latents
    kept = students(plan, ROWS[4], 0)
    assert [path.stem for path in kept] == ["000000", "000020", "000040"]
    assert [path.read_text() for path in kept] == ["ode_curated_converged", "20", "40"]


def test_a_stopped_ablation_goes_on(plan: AblationPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = Stages(monkeypatch, fails_at=3)
    with pytest.raises(KeyboardInterrupt):
        list(train_rows(plan, ROWS))
    done, stages.fails_at = len(stages.dmd), -1
    list(train_rows(plan, ROWS))
    assert len(stages.dmd) == done + 2 * len(ROWS) - 3
    assert len(stages.ode) == 4
    assert not list(train_rows(plan, ROWS)), "nothing is left to do"


def test_seeds_have_folders_of_their_own(plan: AblationPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    Stages(monkeypatch)
    list(train_rows(replace(plan, seeds=2), ROWS[:1]))
    assert all(len(students(plan, ROWS[0], seed)) == 3 for seed in (0, 1))


@pytest.mark.parametrize("missing", ["teacher.safetensors", "bank_raw.pt"])
def test_what_is_missing_is_named(plan: AblationPlan, missing: str) -> None:
    (plan.folder / missing).unlink()
    with pytest.raises(ValueError, match=f"{missing} is missing"):
        list(train_rows(plan, ROWS))


def test_an_ablation_of_no_steps_is_refused(plan: AblationPlan) -> None:
    with pytest.raises(ValueError, match="raise --ode-steps or --dmd-steps"):
        replace(plan, dmd_steps=1)


def test_ode_has_converged_when_its_held_out_error_stands_still(tmp_path: Path) -> None:
    def told(*errors: float) -> bool | None:
        (tmp_path / "ode").mkdir(exist_ok=True)
        rows = [{"progress": (k + 1) / len(errors), "held_out_error": e} for k, e in enumerate(errors)]
        (tmp_path / "ode" / "metrics.jsonl").write_text("\n".join(map(json.dumps, [{"loss": 1.0}, *rows])))
        return converged(tmp_path)

    assert converged(tmp_path) is None
    assert told(4.0, 2.0, 1.0, 0.995)
    assert told(4.0, 2.0, 1.0, 0.9) is False
    assert told(4.0) is None


def test_every_row_learns_at_miniature_size(tmp_path: Path) -> None:
    from livetalk.dit.model import DiT

    torch.manual_seed(0)
    save_tensors(tmp_path / "codec.safetensors", MINIATURE.build_codec().state_dict())
    save_tensors(tmp_path / "teacher.safetensors", DiT(MINIATURE.dit).state_dict())
    for name in ("raw", "curated"):
        bank = LatentBuffer(2, torch.device("cpu"))
        parts = torch.randn(2, 12, 21, 4, 4), torch.randn(2, 81, 65), torch.randn(2, 24, 128)
        bank.add(*parts, torch.full((2, 81, 3, 2), 30.0), 64, torch.zeros(2, 21, 20), torch.zeros(2) > 0)
        bank.save(tmp_path / f"bank_{name}.pt")
    ode, dmd = OdeTraining(trajectories=2, batch=2), DmdTraining(batch=1, critic_warmup=0, ratio=1)
    plan = AblationPlan(tmp_path, MINIATURE, 5, 4, 2, ode=ode, dmd=dmd)
    said = list(train_rows(plan, [ROWS[0], ROWS[4]]))
    assert [line.split(":")[0] for line in said] == [
        "ode_raw_short, seed 0", *2 * ["baseline, seed 0"],
        "ode_curated_converged, seed 0", *2 * ["+ teacher guidance, seed 0"],
    ]  # fmt: skip
    for row in (ROWS[0], ROWS[4]):
        states = [path.read_bytes() for path in students(plan, row, 0)]
        assert len(set(states)) == 3, "students along the way differ"
