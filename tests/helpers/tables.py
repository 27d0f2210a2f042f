"""Small films and cases for tests of tables: grey frames whose level tells their time, a tone as speech."""

from pathlib import Path

import numpy as np

from livetalk.evaluation.table.cases import PORTRAIT, SPEECH, TRUTH, ClipCase, write_picture
from livetalk.geometry import SAMPLE_RATE
from livetalk.media import Mp4Writer
from livetalk.media.wav import write_wav

STEP = 4  # grey levels from one frame of a film to the next


def tone(seconds: float, hertz: float = 220.0) -> np.ndarray:
    """A tone f32 [n] at 16 kHz."""
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)).astype(np.float32)


def write_film(
    path: Path, seconds: float = 1.0, size: tuple[int, int] = (64, 64), rate: int = 25, sound: bool = True
) -> Path:
    """A film whose frame i is grey of level 4 i (mod 240), with a tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with Mp4Writer(path, size=size, frame_rate=rate, rate=SAMPLE_RATE if sound else None, crf=4) as writer:
        for place in range(round(seconds * rate)):
            writer.write_frames(np.full((1, *size, 3), STEP * place % 240, np.uint8))
        if sound:
            writer.write_audio(tone(seconds))
    return path


def a_case(
    folder: Path, name: str = "made_up/one", seconds: float = 1.0, size: int = 64, truth: bool = True
) -> ClipCase:
    """A case with its files."""
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    write_picture(place / PORTRAIT, np.full((size, size, 3), 128, np.uint8))
    write_wav(place / SPEECH, tone(seconds))
    film = write_film(place / TRUTH, seconds, (size, size)) if truth else None
    return ClipCase(name, place / PORTRAIT, place / SPEECH, "a person talks", seconds, film)
