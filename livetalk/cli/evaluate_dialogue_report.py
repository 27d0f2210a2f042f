"""`livetalk evaluate dialogue report`: tables, figures and the page of dialogues that were judged."""

from pathlib import Path
from typing import Annotated

import typer

from livetalk.cli.console import out as console
from livetalk.cli.outputs import write_text
from livetalk.media.files import claim

FILES = ("report.json", "report.md", "report.html")


def report(
    judged: Annotated[Path, typer.Argument(help="A folder of verdicts, as `judge` leaves it.")],
    out: Annotated[Path | None, typer.Option(help="A folder for the report; else the same one.")] = None,
    human: Annotated[
        Path | None, typer.Option(help="People's ratings, a CSV: rater,system,scenario,dimension,level.")
    ] = None,
) -> None:
    """Write report.json, report.md and report.html, a page that opens in a browser with the clips side by side."""
    from livetalk.evaluation.dialogue.scoring import page, results
    from livetalk.evaluation.dialogue.scoring import report as tables
    from livetalk.evaluation.dialogue.scoring.human import human_agreement, read_ratings

    judging, folder = results.read_judging(judged), out or judged
    people = () if human is None else human_agreement(judging, read_ratings(human))
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        claim(folder / name, [human])
    written = tables.as_json(judging, people), tables.markdown(judging, people), page.page(judging, folder)
    for name, text in zip(FILES, written, strict=True):
        write_text(text, folder / name)
    console.print(written[1], markup=False)
