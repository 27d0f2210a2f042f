"""`livetalk train encoders`: the speech and the text encoder, trained before the stages and frozen then."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from livetalk.cli.console import out as console
from livetalk.cli.console import progress


def encoders(
    speech: Annotated[Path, typer.Option(help="Folder of utterances, as `livetalk data speech` leaves it.")],
    out: Annotated[Path, typer.Option(help="Folder for speech.safetensors and text.safetensors.")],
    steps: Annotated[int | None, typer.Option(help="Of the speech encoder; a run that ended goes on.", min=1)] = None,
    text_steps: Annotated[int | None, typer.Option(help="Of the text encoder, which starts anew.", min=1)] = None,
    device: Annotated[str | None, typer.Option(help="Where the speech encoder is trained; the CPU.")] = None,
) -> None:
    """Before the stages: the two small encoders, supervised. `livetalk train bundle` makes them small."""
    from livetalk.recipes.encoders.run import TEXT_STEPS, SpeechTraining, train_encoders

    usual = SpeechTraining()
    training = replace(usual, steps=steps or usual.steps, device=device or usual.device)
    ends = {"speech": training.steps, "text": text_steps or TEXT_STEPS}
    with progress() as bar:
        tasks = {name: bar.add_task(name, total=end) for name, end in ends.items()}

        def report(name: str, step: int, loss: float) -> None:
            bar.update(tasks[name], completed=step + 1, description=f"{name} loss {loss:.4g}")

        train_encoders(speech, out, training, ends["text"], report)
    console.print(f"{out}: speech.safetensors, text.safetensors", markup=False)
