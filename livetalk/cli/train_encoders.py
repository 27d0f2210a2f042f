"""`livetalk train encoders`: the speech and the text encoder, trained before the stages and frozen then."""

from pathlib import Path
from typing import Annotated

import typer

from livetalk.cli.console import out as console
from livetalk.cli.console import progress
from livetalk.cli.options import with_options
from livetalk.recipes.config import SpeechTraining, TextTraining


@with_options
def encoders(
    speech: Annotated[Path, typer.Option(help="Folder of utterances, as `livetalk data speech` leaves it.")],
    out: Annotated[Path, typer.Option(help="Folder for speech.safetensors and text.safetensors.")],
    speech_training: SpeechTraining,
    text_training: TextTraining,
) -> None:
    """Before the stages: the two small encoders, supervised. `livetalk train bundle` makes them small."""
    from livetalk.recipes.encoders.run import train_encoders

    ends = {"speech": speech_training.steps, "text": text_training.steps}
    with progress() as bar:
        tasks = {name: bar.add_task(name, total=end) for name, end in ends.items()}

        def report(name: str, step: int, loss: float) -> None:
            bar.update(tasks[name], completed=step + 1, description=f"{name} loss {loss:.4g}")

        train_encoders(speech, out, speech_training, text_training, report)
    console.print(f"{out}: speech.safetensors, text.safetensors", markup=False)
