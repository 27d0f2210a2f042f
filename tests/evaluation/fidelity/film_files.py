"""Films made on the spot: the bundled portraits, which drift over the picture, and the faults planted in them."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from livetalk.cli.console import avatars
from livetalk.evaluation.clip_files import ClipFile
from livetalk.media.video import Mp4Writer

SIZE = 160
PEOPLE = len(avatars())


@cache
def portrait(person: int, size: int = SIZE) -> np.ndarray:
    """A bundled portrait with room around it."""
    path = list(avatars().values())[person % PEOPLE]
    return np.asarray(Image.open(path).convert("RGB").resize((size + 16, size + 16), Image.Resampling.BOX))


def film(person: int, frames: int = 17, size: int = SIZE, speed: float = 1.0) -> np.ndarray:
    """A portrait that swings from side to side by whole pixels."""
    places = [round(8 + 7 * np.sin(0.35 * speed * t + person)) for t in range(frames)]
    return np.stack([portrait(person, size)[8 : 8 + size, x : x + size] for x in places])


def blurred(frames: np.ndarray, radius: float) -> np.ndarray:
    return np.stack([np.asarray(Image.fromarray(frame).filter(ImageFilter.GaussianBlur(radius))) for frame in frames])


def noisy(frames: np.ndarray, spread: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, spread, frames.shape)
    return np.clip(frames + noise, 0, 255).astype(np.uint8)


def write(folder: Path, name: str, frames: np.ndarray, rate: int = 16, crf: int = 12) -> ClipFile:
    """A film as a file, without sound."""
    path = folder / f"{name}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    with Mp4Writer(path, size=(frames.shape[1], frames.shape[2]), frame_rate=rate, rate=None, crf=crf) as writer:
        writer.write_frames(frames)
    return ClipFile(name, path)
