"""The whole recipe of the face reader: from people and photographs to the file that the package reads."""

import math
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from livetalk.data.portrait_parts import PortraitPart, portraits_of
from livetalk.recipes.input_checks.examples import Examples, examples_of
from livetalk.recipes.input_checks.faces import TrainingFace, photographed_faces, puppet_faces, rendered_faces
from livetalk.recipes.input_checks.kept import keep_faces, kept_faces
from livetalk.recipes.input_checks.network import BATCH, Tell, save, train

SHARES = {"photographs": 0.4, "puppets": 0.15, "people": 0.45}  # of the examples
TOGETHER = {"photographs": 134, "puppets": 67, "people": 65}  # photographs or people of a job


@dataclass(frozen=True)
class ReaderRecipe:
    """How much of everything; the defaults are those of the bundled weights."""

    people: int = 650
    examples: int = 48_000
    steps: int = 9000
    batch: int = BATCH
    seed: int = 0


MINIATURE = ReaderRecipe(people=2, examples=48, steps=12, batch=16)


@dataclass(frozen=True)
class FaceJob:
    """Some faces of a kind, and examples of them: what one process does at a time."""

    kind: str
    first: int
    people: tuple[int, ...]  # seeds of rendered ones
    paths: tuple[Path, ...]  # of photographs
    examples: int
    seed: int

    def faces(self) -> Iterator[TrainingFace]:
        if self.kind == "people":
            return rendered_faces(self.people)
        return (photographed_faces if self.kind == "photographs" else puppet_faces)(self.paths)


def train_face_reader(
    recipe: ReaderRecipe, photos: Path | None, out: Path, tell: Tell, keep: Path | None = None, processes: int = 1
) -> None:
    """Makes examples, trains on them and writes the weights. keep: a folder for faces, which are then made once.

    Raises ValueError if there is a folder without photographs.
    """
    examples = make_examples(recipe, photos, keep, processes)
    save(train(examples, recipe.steps, recipe.seed, tell, recipe.batch), out)


def make_examples(
    recipe: ReaderRecipe, photos: Path | None = None, keep: Path | None = None, processes: int = 1
) -> Examples:
    """All examples in memory: 49 kB each. They are the same for any number of processes."""
    jobs = list(jobs_of(recipe, photos))
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        made = list(pool.map(examples_of_job, jobs, [keep] * len(jobs)))
    return Examples(np.concatenate([one.squares for one in made]), np.concatenate([one.truths for one in made]))


def jobs_of(recipe: ReaderRecipe, photos: Path | None) -> Iterator[FaceJob]:
    """The recipe's work in parts."""
    paths = [] if photos is None else portraits_of(photos, PortraitPart.TRAINING)
    for kind, share in SHARES.items() if paths else (("people", 1.0),):
        count = recipe.people if kind == "people" else len(paths)
        for first in range(0, count, TOGETHER[kind]):
            last = min(first + TOGETHER[kind], count)
            people, some = (tuple(range(first, last)), ()) if kind == "people" else ((), tuple(paths[first:last]))
            examples = math.ceil(share * recipe.examples * (last - first) / count)
            yield FaceJob(kind, first, people, some, examples, recipe.seed)


def faces_of_job(job: FaceJob, keep: Path | None = None) -> list[TrainingFace]:
    """Made, or read from the folder where they were kept."""
    path = None if keep is None else keep / f"{job.kind}-{job.first}.npz"
    if path is not None and path.is_file():
        return kept_faces(path)
    faces = list(job.faces())
    if path is not None:
        keep_faces(path, faces)
    return faces


def examples_of_job(job: FaceJob, keep: Path | None = None) -> Examples:
    """Faces of a job in turn, until there are enough examples."""
    rng = np.random.default_rng([job.seed, *job.kind.encode(), job.first])
    return examples_of(faces_of_job(job, keep), job.examples, rng)
