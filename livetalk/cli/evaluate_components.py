"""`livetalk evaluate components`: what each part of the serving system buys, without training."""

import json as to_json
from pathlib import Path
from typing import Annotated

import typer

from livetalk.cli.console import advance, avatars, progress
from livetalk.cli.console import out as console
from livetalk.cli.outputs import write_text
from livetalk.media.files import claim


def components(
    weights: Annotated[Path | None, typer.Option(help="A folder of weights.  [default: the bundled ones]")] = None,
    clips: Annotated[int, typer.Option(min=0, help="Held-out clips for windows and memory; 0 for none.")] = 8,
    minutes: Annotated[float, typer.Option(min=0, help="Length of streams with 0 to 9 anchors; 0 for none.")] = 10.0,
    people: Annotated[int, typer.Option(min=1, max=12, help="Bundled people who stream so long.")] = 2,
    speed: Annotated[bool, typer.Option(help="Time denoising beside decoding, and after it.")] = True,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the tables here.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the streams here, as SVG.")] = None,
) -> None:
    """Identity anchors, overlapped audio windows, clean memory, denoising beside decoding: with each and without."""
    from livetalk.conditions.portrait import centred
    from livetalk.evaluation.components import report as drawn
    from livetalk.evaluation.components.run import ComponentPlan, measure
    from livetalk.evaluation.metrics import held_out
    from livetalk.evaluation.parts import ready
    from livetalk.media.pictures import open_picture
    from livetalk.runtime.cpu import cores

    for path in (json, markdown, plot):
        if path is not None:
            claim(path)
    if plot is not None and not minutes:
        raise ValueError("without streams there is nothing to draw: give --minutes, or leave --plot out")
    ready()
    faces = [centred(open_picture(path)) for path in list(avatars().values())[:people]]
    with held_out.shelf_folder(None) as shelf:
        plan = ComponentPlan(weights, shelf, faces, clips, 60 * minutes, speed, cores())
        with progress() as bar:
            found = measure(plan, advance(bar, "components", plan.steps))
    console.print(drawn.markdown(found), markup=False, end="")
    if markdown is not None:
        write_text(drawn.markdown(found), markdown)
    if json is not None:
        write_text(to_json.dumps(found.document(), indent=1) + "\n", json)
    if plot is not None and found.streams is not None:
        write_text(drawn.svg(found.streams), plot)
