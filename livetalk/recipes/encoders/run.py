"""Training runs of the two small encoders of `tiny`, speech and text.

Both are trained once, supervised, before any video model, and are frozen then: what conditions a video model must
never change under it.
"""

from collections.abc import Callable
from pathlib import Path

from livetalk.data.speech import SpeechDataset
from livetalk.recipes.encoders.speech import SpeechTraining, speech_scores, train_speech_encoder
from livetalk.recipes.encoders.speech_batches import label
from livetalk.recipes.encoders.text import text_accuracy, train_text_encoder

TEXT_STEPS = 1000  # of the text encoder

__all__ = [
    "TEXT_STEPS",
    "SpeechTraining",
    "label",
    "speech_scores",
    "text_accuracy",
    "train_encoders",
    "train_speech_encoder",
    "train_text_encoder",
]


def train_encoders(
    speech: Path,
    out: Path,
    settings: SpeechTraining | None = None,
    text_steps: int = TEXT_STEPS,
    report: Callable[[str, int, float], None] | None = None,
) -> None:
    """Train both from a speech shelf; writes speech.safetensors and text.safetensors under `out`.

    `report` is called with the encoder's name, the step and the loss. The speech encoder resumes from where a
    killed run stopped; the text encoder takes minutes and starts anew. Raises ValueError for an empty shelf.
    """

    def told(name: str) -> Callable[[int, float], None]:
        return lambda step, loss: report(name, step, loss) if report else None

    train_speech_encoder(
        [label(utterance) for utterance in SpeechDataset(speech)], out, settings, report=told("speech")
    )
    train_text_encoder(out / "text.safetensors", text_steps, report=told("text"))
