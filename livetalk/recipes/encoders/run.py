"""Training runs of the two small encoders of `tiny`, speech and text.

Both are trained once, supervised, before any video model, and are frozen then: what conditions a video model must
never change under it.
"""

from collections.abc import Callable
from pathlib import Path

from livetalk.data.speech import SpeechDataset
from livetalk.recipes.config import SpeechTraining, TextTraining
from livetalk.recipes.encoders.speech import train_speech_encoder
from livetalk.recipes.encoders.speech_batches import label
from livetalk.recipes.encoders.text import train_text_encoder


def train_encoders(
    speech: Path,
    out: Path,
    speech_training: SpeechTraining,
    text_training: TextTraining,
    report: Callable[[str, int, float], None] | None = None,
) -> None:
    """Train both from a speech shelf; writes speech.safetensors and text.safetensors under `out`.

    `report` is called with the encoder's name, the step and the loss. The speech encoder resumes from where a
    killed run stopped; the text encoder takes minutes and starts anew. Raises ValueError for an empty shelf.
    """

    def told(name: str) -> Callable[[int, float], None]:
        return lambda step, loss: report(name, step, loss) if report else None

    train_speech_encoder(
        [label(utterance) for utterance in SpeechDataset(speech)], out, speech_training, report=told("speech")
    )
    train_text_encoder(out / "text.safetensors", text_training.steps, report=told("text"))
