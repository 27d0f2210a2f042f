"""`livetalk evaluate turn-taking`: how an avatar takes turns and listens, in dialogues that were held with it."""

import json as to_json
from pathlib import Path
from typing import Annotated

import typer

from livetalk.cli.console import out as console
from livetalk.cli.console import progress
from livetalk.cli.outputs import write_text
from livetalk.media.files import claim


def turn_taking(
    folders: Annotated[list[Path], typer.Argument(help="Folders with dialogues of `evaluate dialogue run`.")],
    json: Annotated[Path | None, typer.Option(help="Write the figures, and those of each dialogue, here.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the table here.")] = None,
) -> None:
    """Response latency, overlap, interruptions, closed lips and reactions while listening, from picture and sound."""
    from livetalk.evaluation.turn_taking.measure import by_system, measure, table
    from livetalk.evaluation.turn_taking.recording import find_recordings

    recordings = find_recordings(folders)
    for path in (json, markdown):
        if path is not None:
            claim(path, [recording.path for recording in recordings])
    with progress() as bar:
        task = bar.add_task("turn-taking", total=len(recordings))
        dialogues = measure(recordings, lambda: bar.advance(task))
    systems = by_system(dialogues)
    console.print(table(systems), markup=False, end="")
    if markdown is not None:
        write_text(table(systems), markdown)
    if json is not None:
        document = {
            "systems": {
                system: {name: value.document() for name, value in values.items()} for system, values in systems.items()
            },
            "dialogues": [dialogue.document() for dialogue in dialogues],
        }
        write_text(to_json.dumps(document, indent=1) + "\n", json)
