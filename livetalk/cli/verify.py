"""`livetalk verify`: do the published weights give here what they give in the authors' hands?

Compares with a recorded clip, stage by stage, or records one of ours. The work is `evaluation.verify`'s.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from livetalk.cli.console import out, progress
from livetalk.cli.generate import PROMPT, default_portrait, default_speech


def verify(
    preset: Annotated[str, typer.Argument(help="1.3b.")],
    recording: Annotated[Path, typer.Argument(help="A folder with recording.json and io.safetensors.")],
    weights: Annotated[Path | None, typer.Option(help="A folder of weights in place of the usual one.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda:1, or cuda:0,cuda:1 to decode on the second.")] = None,
    numbers: Annotated[str | None, typer.Option("--dtype", help="Compute in these; as recorded if left out.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Write a recording of our own numbers instead.")] = False,
    random_weights: Annotated[bool, typer.Option("--random-weights", help="To try the command out.")] = False,
) -> None:
    """Hold our numbers against a recorded clip of the authors'; leaves with 1 if a stage is too far away."""
    import torch

    from livetalk.parity.verify import STAGES, TOLERANCES, Recording
    from livetalk.parity.verify import record as recorded
    from livetalk.parity.verify import verify as verdicts
    from livetalk.performer.performer import LoadOptions, Performer

    known = None if record else Recording.read(recording)
    name = numbers or (known.dtype if known else None)
    if name is not None and name not in TOLERANCES:
        raise ValueError(f"--dtype {name} is not known: give one of {', '.join(TOLERANCES)}")
    options = LoadOptions(as_published=True, random_weights=random_weights, device=device)
    dtype = getattr(torch, name) if name else None
    with progress() as bar:
        task = bar.add_task("loading", total=None)
        performer = Performer.load(preset, dtype=dtype, folder=weights, options=options)
        if known is None:
            from livetalk.conditions.portrait import centred
            from livetalk.media import read_speech

            bar.update(task, description="recording")
            face = centred(default_portrait(), performer.preset.geometry.size)
            speech = np.concatenate(list(read_speech(default_speech())))
            recorded(performer, face, speech, PROMPT).write(recording)
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
