"""A text as a sound file, for commands that take one. Knows the voice model and the wave format."""

import tempfile
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livetalk.voice.kokoro import RATE, Kokoro

FAVOURITES = ("af_heart", "am_michael")  # of the voices, the first one at hand


def favourite(voices: tuple[str, ...]) -> str:
    """The voice to take when none is asked for."""
    return next((voice for voice in FAVOURITES if voice in voices), voices[0])


@contextmanager
def aloud(text: str, voice: str | None = None) -> Iterator[Path]:
    """A wav file in which the text is said; it goes when the context is left.

    Raises ValueError, saying what to install, without the voice model, and for an unknown voice or no words.
    """
    kokoro = Kokoro(threads=2)
    spoken = kokoro.speak(text, voice or favourite(kokoro.voices))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes((spoken.audio.clip(-1, 1) * 32767).astype("<i2").tobytes())
        yield path
