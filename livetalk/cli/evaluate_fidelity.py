"""`livetalk evaluate fidelity`: distances, scores and faults of generated videos, against real ones of their names."""

from pathlib import Path
from typing import Annotated

import typer

from livetalk.cli.console import advance, progress
from livetalk.cli.console import out as console
from livetalk.cli.options import with_options
from livetalk.cli.outputs import make_sure, write_text
from livetalk.evaluation.fidelity.options import FidelityOptions


@with_options
def fidelity(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="[REAL] GENERATED", help="Folders of videos, named alike; one: generated, no truth."),
    ],
    options: FidelityOptions,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """Measure generated videos against real ones: distances of sets, identity, expression, quality, faults."""
    if len(folders) > 2:
        raise ValueError("give one folder of real videos and one of generated ones, no more")
    if json is not None:
        make_sure(json, ".json", folders, yes=True, option="--json")
    from livetalk.evaluation.clip_files import clip_files
    from livetalk.evaluation.fidelity import measure, report

    *first, generated = map(clip_files, folders)
    with progress() as bar:
        tell = advance(bar, "measuring", measure.steps(generated, options))
        findings = measure.find(first[0] if first else None, generated, options, tell)
    console.print(report.markdown(findings), markup=False)
    write_text(report.as_json(findings, options), json)
