"""Streaming speech recognition: Whisper on CTranslate2, run again and again on the turn so far.

Whisper always reads half a minute; here it reads what was said and a little silence, which is ten times faster, and
only a text that looks broken (it repeats itself, or is unlikely) is read again in full. Knows no turns and no loop.
"""

import threading
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from livetalk.geometry import SAMPLE_RATE

SILENCE = 2.0  # seconds laid behind what was said
SHORTEST = 6.0  # seconds read at least
FULL = 30.0  # seconds that Whisper can read
TOKENS_A_SECOND = 9  # more than anybody says
UNLIKELY = -1.2  # mean log probability of a token, below which a text is read again
NO_SPEECH = 0.6  # probability above which an unlikely text is none
REPEATS = 2.4  # how well a text that repeats itself is compressed


class LocalASR:
    """Loaded once; `transcribe` may be called from any thread, one at a time goes."""

    def __init__(self, folder: Path, threads: int = 1, language: str = "en") -> None:
        import ctranslate2
        from faster_whisper.feature_extractor import FeatureExtractor
        from tokenizers import Tokenizer

        self._model = ctranslate2.models.Whisper(str(folder), "cpu", compute_type="int8", intra_threads=threads)
        self._view = ctranslate2.StorageView.from_array
        self._features = FeatureExtractor()
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        marks = ("<|startoftranscript|>", f"<|{language}|>", "<|transcribe|>", "<|notimestamps|>")
        self._prompt = [self._tokenizer.token_to_id(mark) for mark in marks]
        if None in self._prompt:
            raise ValueError(f"Whisper knows no language {language!r}: give a code like en, de or fr")
        self._lock = threading.Lock()

    def transcribe(self, sound: Float32[np.ndarray, " n"]) -> str:
        """The words of at most half a minute of sound (the newest is read), 16 kHz; "" if there are none."""
        sound = sound[-round(FULL * SAMPLE_RATE) :]
        if not len(sound) or np.abs(sound).max() < 1e-3:
            return ""
        seconds = len(sound) / SAMPLE_RATE
        with self._lock:
            text, sound_like = self._read(sound, min(FULL, max(SHORTEST, seconds + SILENCE)))
            if not sound_like and seconds < FULL - SILENCE:
                text, sound_like = self._read(sound, FULL)
        return text if sound_like else ""

    def _read(self, sound: Float32[np.ndarray, " n"], seconds: float) -> tuple[str, bool]:
        """The text, and whether it looks like one."""
        padded = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
        padded[: len(sound)] = sound[: len(padded)]
        features = np.ascontiguousarray(self._features(padded, padding=0)[None], np.float32)
        result = self._model.generate(
            self._view(features),
            [self._prompt],
            beam_size=1,
            max_length=len(self._prompt) + 8 + round(len(sound) / SAMPLE_RATE * TOKENS_A_SECOND),
            return_scores=True,
            return_no_speech_prob=True,
            repetition_penalty=1.05,
        )[0]
        text = self._tokenizer.decode(result.sequences_ids[0], skip_special_tokens=True).strip()
        if not any(letter.isalnum() for letter in text):
            return "", True
        data = text.encode()
        repeats = len(data) > 40 and len(data) / len(zlib.compress(data)) > REPEATS
        score = result.scores[0]
        no_speech = result.no_speech_prob > NO_SPEECH and score < UNLIKELY / 2
        return text, not (repeats or no_speech or score < UNLIKELY)
