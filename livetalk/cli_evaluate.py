"""`livetalk evaluate ...`: how good a model is on people, voices and sentences that nobody trained on.

Knows options and files; what is measured is the business of `livetalk.evaluation`.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from livetalk.cli_support import out as console
from livetalk.cli_support import progress
from livetalk.media.files import claim, written

app = typer.Typer(help="Measure a model on held-out clips.", no_args_is_help=True)

SHOWN = 4  # clips on the sheets


@app.callback()
def _evaluate() -> None:
    """Measure a model on held-out clips."""


@app.command()
def tiny(
    clips: Annotated[int, typer.Option(help="Clips of 5 s, a held-out person and voice each.", min=1)] = 16,
    weights: Annotated[Path | None, typer.Option(help="A folder of weights in place of the bundled ones.")] = None,
    speech: Annotated[Path | None, typer.Option(help="A shelf of held-out speech; else the bundled voices.")] = None,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write figures, bars and misses here.")] = None,
    sheets: Annotated[Path | None, typer.Option(help="A folder for pictures of truth, codec and model.")] = None,
    codec_only: Annotated[bool, typer.Option("--codec-only", help="The codec's gate, without the model.")] = False,
    preset: Annotated[str, typer.Option(help="The preset that --weights belong to.")] = "tiny",
    workers: Annotated[int, typer.Option(help="Processes; 0 takes one a core, four at most.", min=0)] = 0,
) -> None:
    """Measure the tiny model: lips, identity, prompts, picture quality, and its codec's gate."""
    if json_path is not None:
        claim(json_path)
    if sheets is not None:
        claim(sheets / "moments.jpg") if sheets.is_dir() else claim(sheets)
    from livetalk.evaluation import figures, held_out, report
    from livetalk.evaluation import sheets as drawn
    from livetalk.evaluation.landmarks import task_file
    from livetalk.evaluation.tiny import Order, measure
    from livetalk.presets import PRESETS

    task_file()
    if preset not in PRESETS:
        raise ValueError(f"there is no preset {preset!r}: choose one of {', '.join(PRESETS)}")
    shown = min(SHOWN, clips) if sheets is not None else 0
    workers = min(workers or min(4, os.cpu_count() or 1), clips)
    found = []
    with held_out.shelf_folder(speech) as shelf, progress() as bar:
        task = bar.add_task("measuring", total=clips)
        for clip in measure(Order(shelf, weights, codec_only, preset, shown), clips, workers):
            found.append(clip)
            bar.advance(task)
    found.sort(key=lambda clip: clip.seed)
    result = figures.summarise(found)
    console.print(report.markdown(result), markup=False)
    if json_path is not None:
        with written(json_path):
            json_path.write_text(report.as_json(result), encoding="utf-8")
    if sheets is not None:
        with written(sheets):
            drawn.write(found[:shown], sheets)
