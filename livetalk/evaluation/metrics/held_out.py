"""Truth of a held-out clip about its own speech, frame by frame: when it speaks, when it rests, how loud it is.

Also lends the two bundled recordings as a speech shelf, so that an installation can be measured with nothing else at
hand. Knows phoneme times and sound; no pictures, no models.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import Bool, Float, Float32

from livetalk.data.acting.performance import HELD_OUT_FROM
from livetalk.data.speech import Utterance, add
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.media import read_speech
from livetalk.voice.timing import Phoneme

LONG_PAUSE = 0.3  # s without a sound from which on a pause is no longer part of speech
SETTLED = 0.2  # s after its start from which on a long pause should show a closed mouth
EAR = 0.1  # s of sound that the loudness of a frame is taken from
SPEECH = Path(__file__).parents[2] / "assets" / "speech"


def seeds(clips: int) -> range:
    """The first `clips` held-out seeds: people, voices, sentences and paraphrases that were never trained on."""
    return range(HELD_OUT_FROM, HELD_OUT_FROM + clips)


def pauses(phonemes: Sequence[Sequence], seconds: float) -> list[tuple[float, float]]:
    """(start, end) of all stretches of `LONG_PAUSE` or more without a sound, inside 0..seconds.

    phonemes: (symbol, start, end) in seconds; punctuation, spaces and marks that last no time make no sound.
    """
    sounds = sorted((start, end) for symbol, start, end in phonemes if symbol.isalpha() and end > start)
    edges = [0.0, *(edge for sound in sounds for edge in sound), seconds]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= LONG_PAUSE]


def speaking(phonemes: Sequence[Sequence], frames: int) -> Bool[np.ndarray, " t"]:
    """Frames in speech: all but those in long pauses."""
    return ~_inside(pauses(phonemes, frames / FRAME_RATE), frames)


def resting(phonemes: Sequence[Sequence], frames: int) -> Bool[np.ndarray, " t"]:
    """Frames in long pauses, once the mouth has had time to close."""
    spans = pauses(phonemes, frames / FRAME_RATE)
    return _inside([(start + SETTLED, end) for start, end in spans], frames)


def loudness(audio: Float32[np.ndarray, " n"], frames: int) -> Float[np.ndarray, " t"]:
    """Root mean square of the sound around each frame's time: what a mouth driven by volume alone would follow."""
    step, half = SAMPLE_RATE // FRAME_RATE, round(EAR * SAMPLE_RATE / 2)
    parts = (audio[max(0, i * step - half) : i * step + half] for i in range(frames))
    return np.array(
        [float(np.sqrt(np.mean(np.square(part), dtype=np.float64))) if len(part) else 0.0 for part in parts]
    )


@contextmanager
def shelf_folder(speech: Path | None) -> Iterator[Path]:
    """The folder of a speech shelf: the one given, or a temporary one with the bundled recordings."""
    if speech is not None:
        yield speech
        return
    with TemporaryDirectory(prefix="livetalk-") as folder:
        for spoken in bundled_speech():
            add(Path(folder), spoken)
        yield Path(folder)


def bundled_speech() -> Iterator[Utterance]:
    """The bundled recordings with their phonemes; voices and words are held out."""
    for beside in sorted(SPEECH.glob("*.json")):
        known = json.loads(beside.read_text(encoding="utf-8"))
        audio = np.concatenate(list(read_speech(SPEECH / known["file"])))
        yield Utterance(
            beside.stem, known["text"], known["voice"], audio, tuple(Phoneme(*p) for p in known["phonemes"])
        )


def _inside(spans: Sequence[tuple[float, float]], frames: int) -> Bool[np.ndarray, " t"]:
    times = np.arange(frames) / FRAME_RATE
    found = np.zeros(frames, bool)
    for start, end in spans:
        found |= (times >= start) & (times < end)
    return found
