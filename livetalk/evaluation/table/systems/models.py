"""Student and teacher as systems under test, of any preset and with any weights.

Both take the case's portrait as it is: how films and photographs are framed is the data set's business, so that truth
and every system show the same square.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from livetalk.avatar.blocks import TimedBlock
from livetalk.conditions.portrait import centred
from livetalk.evaluation.clips import ASSETS, Player
from livetalk.evaluation.table.cases import ClipCase
from livetalk.evaluation.table.systems.base import Seen
from livetalk.media import open_sound, write_talking
from livetalk.media.pictures import fitting_size, open_picture
from livetalk.media.video import ai_origin
from livetalk.performer.options import LoadOptions, Mode
from livetalk.performer.performer import Performer
from livetalk.presets import FULL_PRESETS, PRESETS, TEACHER_14B, TINY, Preset
from livetalk.published.hub import default_folder
from livetalk.weights import version_of

TEACHERS = PRESETS | FULL_PRESETS | {"14b": TEACHER_14B}
HEAD = 1 << 20  # bytes of a large file that its fingerprint is of


@dataclass(frozen=True)
class Student:
    """The student of a preset. weights: a folder, None for the bundled or downloaded ones."""

    name: str = "student"
    preset: str = TINY.name
    weights: Path | None = None
    seed: int = 0
    mode: Mode | None = None
    random: bool = False

    @property
    def described(self) -> str:
        words = [f"LiveTalk student, preset {self.preset}", f"seed {self.seed}"]
        words += [f"mode {self.mode}"] if self.mode else []
        return ", ".join([*words, self._weights()])

    def _weights(self) -> str:
        """Their version, where they are a bundle of ours."""
        if self.random or self.preset in FULL_PRESETS:
            return _weights_in_words(self.weights, self.random)
        return f"weights of version {version_of((self.weights or ASSETS) / 'student.safetensors')}"

    @property
    def fingerprint(self) -> str:
        usual = ASSETS if self.preset == TINY.name else default_folder()
        files = "random" if self.random else _fingerprint(self.weights or usual)
        return f"student {self.preset} {files} seed {self.seed} mode {self.mode}"

    def require(self) -> None:
        _known(self.preset, PRESETS | FULL_PRESETS)
        if self.weights is not None and not self.weights.is_dir():
            raise ValueError(f"{self.weights} is no folder of weights: give student:weights=FOLDER")
        if self.preset not in FULL_PRESETS and (self.random or self.mode):
            raise ValueError(f"preset {self.preset} is as it is: leave out random and mode")

    def open(self, device: str | None, threads: int) -> "PlayerMaker":
        import torch

        torch.set_num_threads(threads)
        options = LoadOptions(random_weights=self.random, device=device, mode=self.mode)
        performer = Performer.load(self.preset, seed=self.seed, folder=self.weights, options=options)
        return PlayerMaker(performer, performer.preset, performer.version, self.seed)


@dataclass(frozen=True)
class TeacherModel:
    """The teacher: 48 steps, guided, bidirectional. weights: a file; None looks in checkpoints/teacher.

    folder: the other files of a published size; None where `livetalk download` puts them.
    """

    name: str = "teacher"
    preset: str = TINY.name
    weights: Path | None = None
    folder: Path | None = None
    random: bool = False

    @property
    def described(self) -> str:
        steps = TEACHERS[self.preset].teacher_steps
        weights = _weights_in_words(self.weights, self.random)
        return f"LiveTalk teacher, preset {self.preset}, {steps} guided steps, bidirectional, {weights}"

    @property
    def fingerprint(self) -> str:
        files = "random" if self.random else _fingerprint(self._file())
        return f"teacher {self.preset} {files}"

    def require(self) -> None:
        _known(self.preset, TEACHERS)
        if self.random and not TEACHERS[self.preset].published:
            raise ValueError(f"preset {self.preset} is as it is: leave out random")
        if not self.random:
            self._file()

    def open(self, device: str | None, threads: int) -> "PlayerMaker":
        import torch

        from livetalk.evaluation.teacher import Teacher, open_full_teacher

        torch.set_num_threads(threads)
        preset = TEACHERS[self.preset]
        if preset.published:
            teacher = open_full_teacher(preset, None if self.random else self._file(), self.folder, device)
        else:
            performer = Performer.load(self.preset, folder=self.folder, options=LoadOptions(device=device))
            teacher = Teacher(performer.networks, self._file())
        return PlayerMaker(teacher, preset, self.fingerprint, 0)

    def _file(self) -> Path:
        """Its transformer. Raises ValueError if there is none."""
        if not TEACHERS[self.preset].published:
            from livetalk.evaluation.teacher import (
                find_teacher,
            )  # it borrows from the rooms of training, which are slow

            return find_teacher(self.weights)
        if self.weights is None or not self.weights.exists():
            where = f"there is none at {self.weights}" if self.weights else "name it"
            raise ValueError(
                f"the teacher of preset {self.preset} is a file of its own, and {where}: give"
                f" teacher:preset={self.preset},weights=FILE, as livetalk convert writes it"
            )
        return self.weights


class PlayerMaker:
    """Makes clips with a model that plays speech."""

    def __init__(self, player: Player, preset: Preset, version: str, seed: int) -> None:
        self.player, self.preset, self.version, self.seed = player, preset, version, seed

    def make(self, case: ClipCase, out: Path, seen: Seen) -> None:
        picture, sound = open_picture(case.portrait), open_sound(case.speech)
        portrait = centred(picture, fitting_size(len(picture), self._sizes(len(picture))))
        origin = ai_origin(self.preset.name, self.version, self.seed, case.prompt)
        blocks = self.player.perform(portrait, sound.speech(), case.prompt)
        write_talking(out, _watched(blocks, seen), sound, origin, portrait.shape[:2])

    def _sizes(self, side: int) -> tuple[int, ...]:
        """Those of the preset that are no larger than the case's picture, or the smallest."""
        return tuple(size for size in self.preset.sizes if size <= side) or self.preset.sizes[:1]


def _watched(blocks: Iterable[TimedBlock], seen: Seen) -> Iterator[UInt8[np.ndarray, "t h w 3"]]:
    for block in blocks:
        seen(len(block.frames))
        yield block.frames


def _known(preset: str, known: dict[str, Preset]) -> None:
    if preset not in known:
        raise ValueError(f"there is no preset {preset!r}: choose one of {', '.join(known)}")


def _weights_in_words(weights: Path | None, random: bool) -> str:
    return "random weights" if random else "its own weights" if weights is None else f"weights {weights.name}"


def _fingerprint(place: Path) -> str:
    """Of a file of weights, or a folder of them: names, sizes, and what they begin with."""
    kinds = (".safetensors", ".pth", ".pt")
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.suffix in kinds)
    made = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            made.update(f"{path.name} {path.stat().st_size} ".encode() + file.read(HEAD))
    return made.hexdigest()[:12]
