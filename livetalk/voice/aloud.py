"""Text spoken into a sound file, for commands that take one."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livetalk.media.wav import write_wav
from livetalk.voice.kokoro import RATE, Kokoro
from livetalk.voice.text.normalise import speakable
from livetalk.voice.text.scripts import refuse_foreign

FAVOURITES = ("af_heart", "am_michael")  # of the voices, the first one at hand
LETTERS_A_MINUTE = 900  # that are said, about
LONGEST = 30  # minutes of speech
TOO_LONG = 200_000  # characters of a text that is too long whatever it says


def favourite(voices: tuple[str, ...]) -> str:
    """The voice to take when none is asked for."""
    return next((voice for voice in FAVOURITES if voice in voices), voices[0])


@contextmanager
def aloud(text: str, voice: str | None = None) -> Iterator[Path]:
    """A wav file in which the text is said; it goes when the context is left.

    Raises ValueError, saying what to install, without the voice model, and for an unknown voice, no words, letters that
    the voice cannot read, or more than half an hour.
    """
    refuse_foreign(text)  # before the voice is loaded, which takes seconds
    _refuse_too_long(text)
    kokoro = Kokoro(threads=2)
    spoken = kokoro.speak(text, voice or favourite(kokoro.voices))
    with tempfile.TemporaryDirectory() as folder:
        yield write_wav(Path(folder) / "said.wav", spoken.audio, RATE)


def _refuse_too_long(text: str) -> None:
    letters = len(text) if len(text) > TOO_LONG else len(speakable(text))
    minutes = round(letters / LETTERS_A_MINUTE)
    if minutes > LONGEST:
        raise ValueError(
            f"this text takes about {minutes} minutes to say: give at most {LONGEST} minutes of it at once"
        )
