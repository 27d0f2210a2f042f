"""`livetalk verify`: do the published weights give here what they give in the authors' hands?

Compares with a recorded clip, stage by stage, or records one of ours. The work is `evaluation.verify`'s.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from livetalk.cli.console import out, progress
from livetalk.cli.inputs import default_portrait, default_speech, recordings
from livetalk.cli.model import ModelOptions
from livetalk.cli.options import with_options
from livetalk.conditions.prompt import DEFAULT_PROMPT
from livetalk.options import Group


@with_options
def verify(
    preset: Annotated[str, typer.Argument(help="1.3b.")],
    recording: Annotated[Path, typer.Argument(help="A folder with recording.json and io.safetensors.")],
    model: Annotated[ModelOptions, Group(without=("preset", "seed", "as_published", "mode", "decoder"))],
    numbers: Annotated[str | None, typer.Option("--dtype", help="Compute in these; as recorded if left out.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Write a recording of our own numbers instead.")] = False,
) -> None:
    """Hold our numbers against a recorded clip of the authors'; leaves with 1 if a stage is too far away."""
    import torch

    from livetalk.parity.verify import STAGES, TOLERANCES, Recording
    from livetalk.parity.verify import record as recorded
    from livetalk.parity.verify import verify as verdicts
    from livetalk.performer.performer import Performer

    known = None if record else Recording.read(recording)
    name = numbers or (known.dtype if known else None)
    if name is not None and name not in TOLERANCES:
        raise ValueError(f"--dtype {name} is not known: give one of {', '.join(TOLERANCES)}")
    options = replace(model.loading, as_published=True)
    dtype = getattr(torch, name) if name else None
    with progress() as bar:
        task = bar.add_task("loading", total=None)
        performer = Performer.load(preset, dtype=dtype, folder=model.weights, options=options)
        if known is None:
            from livetalk.conditions.portrait import centred

            bar.update(task, description="recording")
            face = centred(default_portrait(), performer.preset.geometry.size)
            (speech,) = recordings([default_speech()])
            recorded(performer, face, speech, DEFAULT_PROMPT).write(recording)
            out.print(f"{recording}: seven blocks recorded in {performer.dtype}", markup=False)
            return
        bar.update(task, description="comparing")
        held = True
        for verdict in verdicts(performer, known):
            out.print(str(verdict), markup=False)
            held = held and verdict.holds
    missing = [stage for stage in STAGES if stage not in known.stages]
    if missing:
        out.print(f"not recorded, so not compared: {', '.join(missing)}", markup=False)
    if not held:
        raise typer.Exit(1)
