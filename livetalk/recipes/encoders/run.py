"""Training runs of the encoders of `tiny`, speech and text.

They are trained once, supervised, before any video model, and are frozen then: what conditions a video model must
never change under it. Only an encoder that is trained to give the rows of another may take its place
(`train_whisper_encoder`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from livetalk.conditions.speech import load_speech_encoder
from livetalk.conditions.speech_whisper import (
    TRUNK_CODES,
    WhisperSpeechConfig,
    WhisperSpeechEncoder,
    save_whisper_encoder,
)
from livetalk.data.speech import SpeechDataset
from livetalk.recipes.config import SpeechTraining, TextTraining, WhisperTraining
from livetalk.recipes.encoders.speech import framing_of, train_speech_encoder
from livetalk.recipes.encoders.speech_augment import CLEAN, Roughness, Surroundings
from livetalk.recipes.encoders.speech_batches import crop, label
from livetalk.recipes.encoders.speech_head import AS_HEARD, LEVEL_ONLY, HeardBlocks, hear, train_speech_head
from livetalk.recipes.encoders.text import train_text_encoder
from livetalk.recipes.encoders.whisper import read_ctranslate2, thin, whisper_trunk
from livetalk.weights import dequantise, load_into, quantise


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


def train_whisper_encoder(
    speech: Sequence[Path],
    whisper: Path,
    like: Path,
    out: Path,
    settings: WhisperTraining,
    report: Callable[[str, int, float], None] | None = None,
    seed: int = 0,
) -> list[float]:
    """Thin Whisper's first layers, train a head on them that gives the rows of the encoder `like`, and write a bundle.

    speech: shelves. whisper: Whisper base's file `model.bin`, or the folder that holds it. `report` is called with
    "hearing" or "head", a block or step, and the error (0 while hearing). Returns what each layer has lost by being
    thinned, as a share of its variance. Raises ValueError for empty shelves and for files that hold something else.
    """
    trunk = whisper_trunk(read_ctranslate2(whisper / "model.bin" if whisper.is_dir() else whisper))
    target = load_speech_encoder(like)
    shelf = [label(utterance) for folder in speech for utterance in SpeechDataset(folder)]
    if not shelf:
        raise ValueError("no speech to train on: make some with `livetalk data speech`")
    torch.manual_seed(seed)
    encoder = WhisperSpeechEncoder(WhisperSpeechConfig(hidden=settings.hidden)).eval()
    framing = framing_of(encoder, encoder.config.block)
    rng = np.random.default_rng(seed)
    around = Surroundings.make(framing.samples, rng, 16)
    judged = [crop(shelf, settings.windows // 2, framing, rough, around, rng).audio for rough in (CLEAN, Roughness())]
    thinned, lost = thin(trunk, settings.hidden, torch.cat(judged))
    # The head learns from tokens as they will be, after rounding.
    load_into(encoder.trunk, dequantise(quantise(thinned.state_dict(), TRUNK_CODES)))
    half = settings.blocks // 2

    def hearing(block: int) -> None:
        if report:
            report("hearing", block, 0.0)

    def taught(step: int, error: float) -> None:
        if report:
            report("head", step, error)

    halves = [
        hear(encoder, target, shelf, half, AS_HEARD, seed + 1, hearing),
        hear(encoder, target, shelf, settings.blocks - half, LEVEL_ONLY, seed + 2, lambda block: hearing(half + block)),
    ]
    heard = HeardBlocks.joined(halves)
    load_into(encoder.head, train_speech_head(encoder.head, heard, settings, seed, taught).state_dict())
    save_whisper_encoder(encoder, out)
    return lost
