"""Animated preview for a page: three held-out people talk side by side.

Writes WebP, as good as fits below a size. Knows a player and files; judges nothing.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from livetalk.conditions.prompt import DEFAULT_PROMPT
from livetalk.evaluation.clips import Player, play
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE

PEOPLE = 3
SECONDS = 4.0
MOST_BYTES = 1_450_000
GUTTER = 6  # white pixels between two people
PROMPTS = (
    "a person talks to the camera, happy and lively",
    DEFAULT_PROMPT,
    "a person talks to the camera, nodding",
)
TRIES = ((224, 80), (224, 65), (192, 70), (192, 55), (160, 55), (128, 45))  # pixels a side and quality, best first

Picture = UInt8[np.ndarray, "h w 3"]
Sound = Float32[np.ndarray, " n"]


def animate(
    player: Player,
    faces: Mapping[str, Picture],
    recordings: Sequence[Sound],
    path: Path,
    tell: Callable[[], None] = lambda: None,
) -> int:
    """Write the animation; its size in bytes. `tell` is called after each person.

    Raises ValueError for a name with another ending.
    """
    if path.suffix.lower() != ".webp":
        raise ValueError(f"{path} is not a moving picture: give a name that ends in .webp")
    people = []
    said = islice(cycle(recordings), PEOPLE)
    for face, sound, prompt in zip(list(faces.values())[:PEOPLE], said, PROMPTS, strict=False):
        sound = np.resize(sound, round(SECONDS * SAMPLE_RATE))
        people.append(play(player, face, sound, prompt))
        tell()
    data = fitted(side_by_side(people))
    path.write_bytes(data)
    return len(data)


def side_by_side(people: Sequence[UInt8[np.ndarray, "t h w 3"]]) -> UInt8[np.ndarray, "t h w2 3"]:
    """Videos of one size in a row."""
    gutter = np.full((*people[0].shape[:2], GUTTER, 3), 255, np.uint8)
    parts = [part for video in people for part in (gutter, video)]
    return np.concatenate(parts[1:], axis=2)


def fitted(frames: UInt8[np.ndarray, "t h w 3"], most: int = MOST_BYTES) -> bytes:
    """The moving picture in as much detail as `most` bytes allow; the smallest try if nothing does."""
    data = b""
    for height, quality in TRIES:
        data = _encoded(frames, height, quality)
        if len(data) <= most:
            break
    return data


def _encoded(frames: UInt8[np.ndarray, "t h w 3"], height: int, quality: int) -> bytes:
    size = (round(frames.shape[2] * height / frames.shape[1]), height)
    images = [Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS) for frame in frames]
    store = io.BytesIO()
    images[0].save(
        store,
        "WEBP",
        save_all=True,
        append_images=images[1:],
        duration=round(1000 / FRAME_RATE),
        loop=0,
        quality=quality,
    )
    return store.getvalue()
