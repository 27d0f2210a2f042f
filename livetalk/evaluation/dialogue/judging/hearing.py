"""Hearing of answers: the words of their sound by Whisper, as the local brain hears a visitor, each sound only once.

What a system claims to have said is never asked. Transcripts are kept in a file by the sound they are of. Needs the
`talk` extra and its Whisper (`offline-models` brings one). Knows sounds; no judge.
"""

import hashlib
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
from jaxtyping import Float32

from livetalk.conversation.brains.base import BrainError
from livetalk.evaluation.json_lines import JsonLines
from livetalk.geometry import SAMPLE_RATE

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

    from livetalk.conversation.brains.local.asr import LocalASR

PIECE = 25.0  # seconds read at once; Whisper reads half a minute
SEARCH = 5.0  # seconds before the end of a piece in which a quiet place is looked for
QUIET_SPAN = 0.2  # seconds

Sound = Float32[np.ndarray, " n"]


@dataclass(frozen=True)
class TimedWord:
    """A word that was heard, and when, in seconds."""

    word: str
    begin: float
    end: float


class Hears(Protocol):
    """Whoever turns sound into words."""

    def words(self, sound: Sound, language: str) -> str:
        """What is said; "" for silence."""
        ...

    def timed(self, sound: Sound) -> list[TimedWord]:
        """What is said in English, word by word."""
        ...


class AnswerHearing:
    """Whisper, loaded when a sound comes that was not heard before."""

    def __init__(self, kept: Path | None = None, threads: int = 1) -> None:
        """kept: a file of transcripts, which grows."""
        self._kept, self._threads = JsonLines(kept), threads
        self._known = dict(_transcripts(self._kept))
        self._readers: dict[str, LocalASR] = {}

    def words(self, sound: Sound, language: str = "en") -> str:
        """What is said. language: of a turn of mixed languages; the answer may be in that one, or English."""
        key = f"{hashlib.sha256(sound.tobytes()).hexdigest()} {language}"
        if key not in self._known:
            said = self._spoken(sound, language)
            text = " ".join(filter(None, (self._reader(said).transcribe(piece) for piece in pieces(sound))))
            self._keep(key, text)
        return self._known[key]

    def timed(self, sound: Sound) -> list[TimedWord]:
        segments, _ = self._model.transcribe(sound, language="en", word_timestamps=True)
        return [
            TimedWord(word.word.strip(), word.start, word.end) for segment in segments for word in segment.words or ()
        ]

    def _spoken(self, sound: Sound, language: str) -> str:
        """English or the other language, whichever it sounds like."""
        if language == "en" or not len(sound):
            return "en"
        _, _, shares = self._model.detect_language(sound)
        found = dict(shares)
        return language if found.get(language, 0.0) > found.get("en", 0.0) else "en"

    def _reader(self, language: str) -> "LocalASR":
        if language not in self._readers:
            from livetalk.conversation.brains.local.asr import LocalASR

            self._readers[language] = LocalASR(self._folder, self._threads, language)
        return self._readers[language]

    @cached_property
    def _model(self) -> "WhisperModel":
        from faster_whisper import WhisperModel

        return WhisperModel(str(self._folder), "cpu", compute_type="int8", cpu_threads=self._threads)

    @cached_property
    def _folder(self) -> Path:
        from livetalk.conversation.brains.local.models import find_whisper

        if importlib.util.find_spec("faster_whisper") is None:
            raise ValueError("answers are heard with Whisper: pip install 'livetalk[talk,offline-models]'")
        try:
            return find_whisper()
        except BrainError as error:
            raise ValueError(str(error)) from error

    def _keep(self, key: str, text: str) -> None:
        self._known[key] = text
        self._kept.append({"sound": key, "words": text})


def pieces(sound: Sound) -> Iterator[Sound]:
    """The sound in pieces that Whisper can read, cut where it is quiet."""
    longest, search, span = (round(seconds * SAMPLE_RATE) for seconds in (PIECE, SEARCH, QUIET_SPAN))
    while len(sound) > longest:
        power = np.convolve(np.square(sound[longest - search : longest]), np.ones(span), "valid")
        end = longest - search + int(power.argmin()) + span // 2
        yield sound[:end]
        sound = sound[end:]
    if len(sound):
        yield sound


def _transcripts(kept: JsonLines) -> Iterator[tuple[str, str]]:
    for row in kept.rows():
        try:
            found = cast("Mapping[str, str]", row)
            yield found["sound"], found["words"]
        except (KeyError, TypeError):
            continue
