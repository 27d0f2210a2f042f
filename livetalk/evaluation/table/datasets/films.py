"""Films as cases: the square that a data set's authors crop, some seconds of it, the first picture as portrait.

The truth is written at 25 pictures a second, as sync networks take it, and at one size. Knows films on disk and how
they are cropped; not where a data set keeps its lists.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from livetalk.conditions.crop import Frame, cut
from livetalk.conditions.portrait import find_face, framing
from livetalk.conditions.prompt import DEFAULT_PROMPT
from livetalk.evaluation.table.cases import PORTRAIT, SPEECH, TRUTH, CaseFacts, write_picture
from livetalk.evaluation.table.draw import DrawProtocol, place, shuffled
from livetalk.media.excerpt import film_seconds, frames_between, sound_between
from livetalk.media.video import Mp4Writer
from livetalk.media.wav import write_wav

RATE = 25  # pictures a second of the truth
QUIET = 1e-4  # amplitude that is no speech

Framing = Literal["published", "face"]
"""How films are cropped: as their data set's authors do, or around the first picture's face as portraits are framed."""


class Crop(Protocol):
    """A rule that gives the square of a picture of some size."""

    def square(self, height: int, width: int) -> Frame: ...


@dataclass(frozen=True)
class Centre:
    """The largest square in the middle of a picture, moved to be around a point, as far as the picture goes.

    across, down: the point, as fractions of the picture.
    """

    across: float = 0.5
    down: float = 0.5

    def square(self, height: int, width: int) -> Frame:
        side = min(height, width)
        x = float(np.clip(self.across * width, side / 2, width - side / 2))
        y = float(np.clip(self.down * height, side / 2, height - side / 2))
        return Frame(x, y, side)


@dataclass(frozen=True)
class Film:
    """A film, or the part of one that a data set's list names. seconds: None for all."""

    name: str
    path: Path
    crop: Crop = field(default_factory=Centre)
    start: float = 0.0
    seconds: float | None = None

    @cached_property
    def length(self) -> float:
        """Seconds of it that are there. Raises ValueError for a film that cannot be read."""
        there = film_seconds(self.path) - self.start
        return there if self.seconds is None else min(there, self.seconds)


@dataclass(frozen=True)
class CutOptions:
    """How clips are cut. size: of a frame's side; prompt: what every system is told."""

    draw: DrawProtocol
    size: int = 512
    framing: Framing = "published"
    prompt: str = DEFAULT_PROMPT


class FilmSource:
    """Films as a `CaseSource`. cropping: the authors' rule in words."""

    shows_people = True

    def __init__(self, name: str, title: str, cropping: str, films: Sequence[Film], options: CutOptions) -> None:
        self.name, self.title, self.cropping, self.options = name, title, cropping, options
        self.films = {film.name: film for film in films}

    @property
    def protocol(self) -> str:
        o = self.options
        crop = self.cropping if o.framing == "published" else "head and shoulders of the first picture's face"
        return f"{o.draw}; {crop}; {o.size} x {o.size}, {RATE} pictures a second; prompt {o.prompt!r}"

    @property
    def wanted(self) -> int | None:
        return self.options.draw.clips

    def drawn(self) -> Sequence[str]:
        if len(self.films) < (self.wanted or 1):
            raise ValueError(
                f"{len(self.films)} clips of {self.title} are here and the protocol draws {self.wanted or 'all'}:"
                f" get the others, or give --clips {len(self.films)}"
            )
        return shuffled(list(self.films), self.options.draw.seed)

    def write(self, name: str, folder: Path) -> CaseFacts:
        film, o = self.films[name], self.options
        seconds = o.draw.seconds if o.draw.anywhere else min(o.draw.seconds, film.length)
        if film.length < seconds or seconds <= 0:
            raise ValueError(f"{film.path} has {film.length:.1f} s of the {o.draw.seconds:g} s that are drawn")
        start = film.start + place(name, film.length, o.draw)
        sound = sound_between(film.path, start, seconds)
        if np.abs(sound).max(initial=0.0) < QUIET:
            raise ValueError(f"{film.path} is silent from {start:g} s on")
        frames = self._cropped(film, start, seconds)
        first = next(frames)
        write_picture(folder / PORTRAIT, first)
        write_wav(folder / SPEECH, sound)
        with Mp4Writer(folder / TRUTH, size=(o.size, o.size), frame_rate=RATE) as writer:
            writer.write_frames(first[None])
            for frame in frames:
                writer.write_frames(frame[None])
            writer.write_audio(sound)
        return CaseFacts(o.prompt, seconds)

    def _cropped(self, film: Film, start: float, seconds: float) -> Iterator[UInt8[np.ndarray, "size size 3"]]:
        """The same square of every picture."""
        square = None
        for picture in frames_between(film.path, start, seconds, RATE):
            if square is None:
                square = self._square(film, picture)
            yield np.asarray(cut(Image.fromarray(picture), square, self.options.size))

    def _square(self, film: Film, picture: UInt8[np.ndarray, "h w 3"]) -> Frame:
        if self.options.framing == "published":
            return film.crop.square(*picture.shape[:2])
        try:
            return framing(find_face(picture))
        except ValueError as error:
            raise ValueError(f"{film.path}: {error}") from error
