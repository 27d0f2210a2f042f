"""Run of the ablation: the ode runs that rows share, then DMD of each row, with students kept along the way.

A run is a folder with `codec.safetensors`, `teacher.safetensors` and a bank of clips for either kind of conditions,
`bank_raw.pt` and `bank_curated.pt`. Whatever is finished stays; a call that was stopped goes on. All rows take the same
number of clips, steps and walks, so that nothing differs but what a row says.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from livetalk.presets import Preset
from livetalk.recipes.ablation.rows import SHORT, AblationRow, Conditions
from livetalk.recipes.config import Budget, DmdTraining, OdeTraining
from livetalk.recipes.context import RunContext
from livetalk.recipes.distill.clips import LatentBuffer
from livetalk.recipes.distill.held_out import FILE, HeldOut
from livetalk.recipes.run import train_dmd, train_ode
from livetalk.training.distributed import Distributed

STOOD_STILL = 0.01  # share by which an error may fall in the last quarter of an ode run that has converged


@dataclass(frozen=True)
class AblationPlan:
    """Budget of the ablation, alike for all rows.

    ode_steps: to convergence; rows with a short ode take a fifth. dmd_steps: of the critic, as the paper counts.
    kept: students along the way, at equal distances, of which the last is the row's result. start: weights of a student
    that ode goes on from; the teacher's if None. told_every_s: seconds between figures of held-out clips.
    """

    folder: Path
    preset: Preset
    ode_steps: int = 2000
    dmd_steps: int = 1000
    kept: int = 5
    seeds: int = 1
    start: Path | None = None
    ode: OdeTraining = field(default_factory=OdeTraining)
    dmd: DmdTraining = field(default_factory=DmdTraining)
    told_every_s: float = 20.0
    compiled: bool = False

    def __post_init__(self) -> None:
        if min(self.ode_steps // SHORT, self.dmd_steps // self.kept, self.seeds) < 1:
            raise ValueError("the ablation needs more steps than it keeps students: raise --ode-steps or --dmd-steps")


def train_rows(plan: AblationPlan, rows: Sequence[AblationRow], world: Distributed | None = None) -> Iterator[str]:
    """Train rows one after the other; yields a sentence about each part that is done.

    Raises ValueError where codec, teacher or clips are missing.
    """
    world = world or Distributed()
    for seed in range(plan.seeds):
        for row in rows:
            yield from _ode(plan, row, seed, world)
            yield from _dmd(plan, row, seed, world)


def students(plan: AblationPlan, row: AblationRow, seed: int) -> list[Path]:
    """Students of a row that are there, along its DMD steps; the first has had none."""
    return sorted((_folder(plan, row, seed) / "students").glob("*.safetensors"))


def converged(folder: Path) -> bool | None:
    """Whether the held-out error of an ode run fell by less than a hundredth over its last quarter; None: not known."""
    path = folder / "ode" / "metrics.jsonl"
    logged = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    told = [(row["progress"], row["held_out_error"]) for row in map(json.loads, logged) if "held_out_error" in row]
    before = [error for progress, error in told if progress <= 0.75]
    if not before or told[-1][0] <= 0.75:
        return None
    return told[-1][1] > (1 - STOOD_STILL) * before[-1]


def _ode(plan: AblationPlan, row: AblationRow, seed: int, world: Distributed) -> Iterator[str]:
    folder = _beside(plan, plan.folder / f"seed_{seed}" / row.ode)
    if (folder / "ode.safetensors").exists():
        return
    steps = plan.ode_steps if row.converged else plan.ode_steps // SHORT
    torch.manual_seed(world.seed(seed))
    bank, context = _clips(plan, row.conditions, folder, steps, world)
    report = train_ode(context, bank, plan.ode, plan.start)
    still = converged(folder)
    words = {True: "converged", False: "still falling", None: "nothing held out to tell"}[still]
    yield f"{row.ode}, seed {seed}: {report.step} steps, {report.seconds:.0f} s, {words}"


def _dmd(plan: AblationPlan, row: AblationRow, seed: int, world: Distributed) -> Iterator[str]:
    folder, begun = _beside(plan, _folder(plan, row, seed)), plan.folder / f"seed_{seed}" / row.ode / "ode.safetensors"
    kept = folder / "students"
    if world.is_main and not (first := kept / "000000.safetensors").exists():
        kept.mkdir(exist_ok=True)
        shutil.copyfile(begun, first)
    preset = plan.preset if row.window else _without_window(plan.preset)
    training = replace(
        plan.dmd,
        guidance=row.guidance,
        generator=replace(plan.dmd.generator, lr=row.rate * plan.dmd.generator.lr),
        critic=replace(plan.dmd.critic, lr=row.rate * plan.dmd.critic.lr),
    )
    for part in range(1, plan.kept + 1):
        steps = plan.dmd_steps * part // plan.kept
        path = kept / f"{steps:06d}.safetensors"
        if path.exists():
            continue
        torch.manual_seed(world.seed(seed))
        bank, context = _clips(plan, row.conditions, folder, steps, world)
        report = train_dmd(replace(context, preset=preset), bank, training, begun)
        if world.is_main:
            (folder / "student.safetensors").rename(path)
        yield f"{row.name}, seed {seed}: {steps} of {plan.dmd_steps} steps, {report.seconds:.0f} s"


def _clips(
    plan: AblationPlan, conditions: Conditions, folder: Path, steps: int, world: Distributed
) -> tuple[LatentBuffer, RunContext]:
    path = plan.folder / f"bank_{conditions}.pt"
    if not path.exists():
        raise ValueError(f"{path} is missing: encode {conditions} clips first, see docs/ablation.md")
    kept = plan.folder / FILE
    held_out = HeldOut.load(kept, world.device) if kept.exists() else None
    budget = Budget(steps=steps, sample_every_s=plan.told_every_s)
    context = RunContext(plan.preset, folder, budget, world, held_out, compiled=plan.compiled)
    return LatentBuffer.load(path, world.device), context


def _without_window(preset: Preset) -> Preset:
    """A preset whose window holds all of a training clip."""
    rolling = preset.training_latents - preset.geometry.anchor_latents
    return replace(preset, geometry=replace(preset.geometry, rolling_latents=rolling))


def _folder(plan: AblationPlan, row: AblationRow, seed: int) -> Path:
    return plan.folder / f"seed_{seed}" / row.slug


def _beside(plan: AblationPlan, folder: Path) -> Path:
    """A part's folder, with the networks that all parts share in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("codec.safetensors", "teacher.safetensors"):
        shared = plan.folder / name
        if not shared.exists():
            raise ValueError(f"{shared} is missing: the ablation distils one teacher, put it there with its codec")
        if not (folder / name).exists():
            (folder / name).symlink_to(shared.resolve())
    return folder
