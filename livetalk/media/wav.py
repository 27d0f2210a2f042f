"""Wav files of mono speech, 16 bits a sample: the form that every program reads. Reading is `sound.py`'s business."""

import io
import wave
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from livetalk.geometry import SAMPLE_RATE
from livetalk.media.files import written


def write_wav(path: Path, sound: Float32[np.ndarray, " n"], rate: int = SAMPLE_RATE) -> Path:
    """Write samples in [-1, 1]; returns the path. Raises ValueError, with what to do, if it cannot be written."""
    with written(path):
        path.write_bytes(wav_bytes(sound, rate))
    return path


def wav_bytes(sound: Float32[np.ndarray, " n"], rate: int = SAMPLE_RATE) -> bytes:
    """Samples in [-1, 1] as the bytes of a file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((sound.clip(-1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()
