"""`livetalk train encoders` and `speech-head`: what hears and reads, trained before the stages and frozen then."""

from pathlib import Path
from typing import Annotated

import typer

from livetalk.cli.console import out as console
from livetalk.cli.console import progress
from livetalk.cli.options import with_options
from livetalk.media.files import claim, written
from livetalk.recipes.config import SpeechTraining, TextTraining, WhisperTraining


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


@with_options
def speech_head(
    speech: Annotated[list[Path], typer.Option(help="Folder of utterances; may be given several times.")],
    whisper: Annotated[Path, typer.Option(help="Whisper base as CTranslate2 keeps it: model.bin, or its folder.")],
    like: Annotated[Path, typer.Option(help="Weights of the speech encoder whose rows are learned.")],
    out: Annotated[Path, typer.Option(help="The new encoder's weights.")],
    training: WhisperTraining,
) -> None:
    """Before the stages: a speech encoder of Whisper's first layers, which takes the place of another one."""
    from livetalk.recipes.encoders.run import train_whisper_encoder

    claim(out, [whisper, like, *speech])
    with progress() as bar, written(out):
        tasks = {
            name: bar.add_task(name, total=end)
            for name, end in (("hearing", training.blocks), ("head", training.steps))
        }

        def report(name: str, step: int, error: float) -> None:
            told = f"{name} error {error:.3f}" if error else name
            bar.update(tasks[name], completed=step + 1, description=told)

        lost = train_whisper_encoder(speech, whisper, like, out, training, report)
    shares = ", ".join(f"{share:.3f}" for share in lost)
    console.print(f"{out}: {out.stat().st_size / 1e6:.1f} MB; by thinning its layers lost {shares} of their variance")
