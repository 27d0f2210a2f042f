"""Speech from text, with the time of every phoneme: Kokoro-82M on onnxruntime.

The published graph returns sound only; the duration it gives each token is an inner value. A protobuf message
that names a field twice is read as the merge of both, so thirty bytes appended to the file make that value an
output as well. This module speaks one text at a time on the CPU; it knows no faces, files or 16 kHz.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from livetalk.voice.assets import MODEL_SHA256, KokoroAssets, find_kokoro
from livetalk.voice.g2p import Phonemizer, sentences
from livetalk.voice.products import fast_signed, kept_products
from livetalk.voice.text.normalise import speakable
from livetalk.voice.text.scripts import refuse_foreign
from livetalk.voice.timing import PAUSE, Phoneme, join, place

RATE = 24_000  # of the sound, Hz
TOKEN_FRAME = 600  # samples a unit of token duration lasts: 25 ms
LONGEST = 400  # tokens spoken at once; the model takes 510 and rushes when it gets near
DURATIONS = b"/encoder/Round_output_0"  # the graph's inner value: frames each token lasts


@dataclass(frozen=True)
class SynthesizedSpeech:
    """Sound and what is said when.

    `audio`: f32 [n] at 24 kHz in [-1, 1]. `phonemes`: contiguous from 0 s to the end of the audio, pauses
    (punctuation, spaces, silence) included.
    """

    audio: Float32[np.ndarray, "n"]
    phonemes: tuple[Phoneme, ...]

    @property
    def seconds(self) -> float:
        return len(self.audio) / RATE


class Halted(Exception):
    """Synthesis was stopped because its text is not wanted any more."""


class Halt:
    """Ends a call of `Kokoro.speak` that is given it, from another thread, within a few milliseconds."""

    def __init__(self) -> None:
        from onnxruntime import RunOptions

        self.options = RunOptions()

    def now(self) -> None:
        self.options.terminate = True

    @property
    def called(self) -> bool:
        return self.options.terminate


class Kokoro:
    """A voice actor of many voices.

    `assets`: a folder (see `find_kokoro`) or the located files; `threads`: CPU threads a call uses.
    Raises ValueError, saying what to install, when onnxruntime, the model or the dictionaries are missing.
    """

    def __init__(self, assets: KokoroAssets | Path | str | None = None, threads: int = 1) -> None:
        try:
            import onnxruntime
        except ImportError as missing:
            raise ValueError("speaking needs onnxruntime: pip install 'livetalk[talk]'") from missing
        self.assets = assets if isinstance(assets, KokoroAssets) else find_kokoro(assets)
        self.symbols = self.assets.symbols()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # a thread that waits takes no core
        read = self.assets.model
        model = kept_products(f"kokoro-{MODEL_SHA256[:12]}", read) if fast_signed() else read()
        self._session = onnxruntime.InferenceSession(
            with_output(model, DURATIONS), options, providers=["CPUExecutionProvider"]
        )
        self._style = cache(self.assets.voice)
        self._phonemizer = cache(Phonemizer)

    @property
    def voices(self) -> tuple[str, ...]:
        return self.assets.voice_names()

    def speak(
        self, text: str, voice: str, speed: float = 1.0, pause: float = 0.25, halt: Halt | None = None
    ) -> SynthesizedSpeech:
        """Speak `text`, sentence by sentence with `pause` seconds of silence between them.

        `voice`: one of `voices`; those of British English (b...) take the British dictionary. `speed`: 0.5 to
        2, as a factor. Raises ValueError for an unknown voice, a speed out of range, a text without words or (as
        UnknownScriptError) in letters that are not Latin, Halted when `halt` is called.
        """
        if not 0.5 <= speed <= 2.0:
            raise ValueError(f"speed {speed} is out of range: choose 0.5 to 2")
        refuse_foreign(text)
        phonemizer = self._phonemizer("gb" if voice.startswith("b") else "us")
        pieces = [piece for sentence in sentences(speakable(text)) for piece in pieces_of(phonemizer(sentence))]
        if not pieces:
            raise ValueError("there is nothing to say: the text has no words")
        spoken = [self.say(piece, voice, speed, halt) for piece in pieces]
        audio, phonemes = join([(part.audio, part.phonemes) for part in spoken], [pause] * (len(spoken) - 1), RATE)
        return SynthesizedSpeech(audio, phonemes)

    def say(self, phonemes: str, voice: str, speed: float = 1.0, halt: Halt | None = None) -> SynthesizedSpeech:
        """Speak one phoneme string of at most 510 known symbols; unknown symbols are left out. `halt`: see `speak`."""
        known = [symbol for symbol in phonemes if symbol in self.symbols]
        tokens: Int64[np.ndarray, "1 n"] = np.array([[0, *(self.symbols[symbol] for symbol in known), 0]], np.int64)
        style = self._style(voice)[min(len(known), 510) - 1][None]
        inputs = {"tokens": tokens, "style": style, "speed": np.array([speed], np.float32)}
        if halt is not None and halt.called:
            raise Halted
        try:
            audio, frames = self._session.run(None, inputs, halt.options if halt is not None else None)
        except Exception as error:
            if halt is not None and halt.called:
                raise Halted from error
            raise
        audio, frames = audio.ravel().astype(np.float32), frames.ravel()
        assert len(frames) == len(known) + 2
        assert int(frames.sum()) * TOKEN_FRAME == len(audio)
        edges = np.cumsum([0, *frames]) * (TOKEN_FRAME / RATE)
        return SynthesizedSpeech(audio, place((PAUSE, *known, PAUSE), edges, audio, RATE))


def with_output(model: bytes, value: bytes) -> bytes:
    """An ONNX model that returns the inner value `value` too, after its own outputs.

    Appends a second `graph` (field 7 of ModelProto) that holds one `output` (field 12) with a `name` (field 1).
    """
    output = _field(12, _field(1, value))
    return model + _field(7, output)


def _field(number: int, content: bytes) -> bytes:
    assert max(number << 3 | 2, len(content)) < 128, "one byte each for key and length"
    return bytes([number << 3 | 2, len(content)]) + content


def pieces_of(phonemes: str, longest: int = LONGEST) -> Iterator[str]:
    """Cut a phoneme string into pieces of at most `longest` symbols, at a comma if one is near, else a space."""
    while len(phonemes) > longest:
        cut = max(phonemes.rfind(sign, longest // 2, longest) for sign in ";:,—")
        cut = cut if cut > 0 else phonemes.rfind(" ", 1, longest)
        cut = cut if cut > 0 else longest - 1
        yield phonemes[: cut + 1].strip()
        phonemes = phonemes[cut + 1 :].strip()
    if phonemes.strip(" .,;:!?—…"):
        yield phonemes
