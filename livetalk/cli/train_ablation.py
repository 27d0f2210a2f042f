"""`livetalk train ablation`: the paper's improvements of distillation one by one, at the scale of a preset."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from livetalk.cli.console import out as console


def ablation(
    run: Annotated[Path, typer.Option(help="Folder of the run: codec, teacher, bank_raw.pt and bank_curated.pt.")],
    row: Annotated[list[str] | None, typer.Option(help="Rows to train.  [default: the paper's six]")] = None,
    part: Annotated[str, typer.Option(help="Of the rows, those of one GPU of several: 1/2 is the first half.")] = "1/1",
    start: Annotated[Path | None, typer.Option(help="A student that ode goes on from.  [default: the teacher]")] = None,
    ode_steps: Annotated[int, typer.Option(min=5, help="Steps of ode to convergence; a fifth for the others.")] = 2000,
    dmd_steps: Annotated[int, typer.Option(min=1, help="Steps of DMD, counted by the critic's.")] = 1000,
    kept: Annotated[int, typer.Option(min=1, help="Students kept along the DMD steps.")] = 5,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of each row.")] = 1,
    walks: Annotated[int, typer.Option(min=1, help="Walks of the teacher that ode learns from.")] = 4096,
    batch: Annotated[int, typer.Option(min=1, help="Clips a step.")] = 32,
    miniature: Annotated[bool, typer.Option(help="Drawn mouths and a tiny model: every row, in minutes.")] = False,
    compiled: Annotated[bool, typer.Option("--compile", help="Compile the networks (CUDA).")] = False,
) -> None:
    """The paper's third table: baseline, curated conditions, converged ODE, learning rate, guidance; and back."""
    from livetalk.presets import MINIATURE, TINY
    from livetalk.recipes.ablation.miniature import prepare
    from livetalk.recipes.ablation.rows import rows_of
    from livetalk.recipes.ablation.run import AblationPlan, train_rows
    from livetalk.recipes.config import DmdTraining, OdeTraining
    from livetalk.training.distributed import join

    rows = rows_of(row or [])
    chosen = rows[_place(part)[0] :: _place(part)[1]]
    world = join()
    preset = MINIATURE if miniature else TINY
    if miniature:
        ode_steps, dmd_steps, kept, walks, batch = (min(*each) for each in
            ((ode_steps, 50), (dmd_steps, 12), (kept, 2), (walks, 8), (batch, 2)))  # fmt: skip
        prepare(run, world)
    dmd = replace(DmdTraining(batch=batch), critic_warmup=min(20, dmd_steps // 3))
    ode = OdeTraining(trajectories=walks, batch=batch)
    told_every = 0.2 if miniature else 20.0
    plan = AblationPlan(run, preset, ode_steps, dmd_steps, kept, seeds, start, ode, dmd, told_every, compiled)
    for told in train_rows(plan, chosen, world):
        console.print(told, markup=False)
    world.close()


def _place(part: str) -> tuple[int, int]:
    place, _, parts = part.partition("/")
    if not (place.isdigit() and parts.isdigit() and 1 <= int(place) <= int(parts)):
        raise ValueError(f"--part {part}: give its number and how many there are, as 1/2")
    return int(place) - 1, int(parts)
