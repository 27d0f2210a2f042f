"""The whole recipe of the face reader: from people and photographs to the file that the package reads."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livetalk.recipes.input_checks.examples import Examples, examples_of
from livetalk.recipes.input_checks.faces import (
    TrainingFace,
    photographed_faces,
    puppet_faces,
    rendered_faces,
    training_photographs,
)
from livetalk.recipes.input_checks.network import BATCH, Tell, save, train
from livetalk.recipes.input_checks.painting import Pieces

PHOTOGRAPHED, PUPPETS, RENDERED = 0.42, 0.16, 0.42  # shares of the examples, where there are photographs
BECOME_PUPPETS = 0.5  # of photographs: what is left by the filters of fits
NOISE = 4  # pieces of noise among the textures


@dataclass(frozen=True)
class ReaderRecipe:
    """How much of everything; the defaults are about what the bundled weights had."""

    people: int = 650
    examples: int = 17_000
    steps: int = 3200
    batch: int = BATCH
    seed: int = 0


MINIATURE = ReaderRecipe(people=2, examples=48, steps=12, batch=16)


def train_face_reader(recipe: ReaderRecipe, photos: Path | None, out: Path, tell: Tell) -> None:
    """Makes examples, trains on them and writes the weights.

    Raises ValueError if there is a folder without photographs.
    """
    examples = make_examples(recipe, photos)
    save(train(examples, recipe.steps, recipe.seed, tell, recipe.batch), out)


def make_examples(recipe: ReaderRecipe, photos: Path | None = None) -> Examples:
    """All examples in memory: 49 kB each."""
    rng = np.random.default_rng(recipe.seed)
    pieces: Pieces = [rng.integers(0, 255, (80, 80, 3), dtype=np.uint8) for _ in range(NOISE)]
    made = [
        example
        for faces, share, pictures in _kinds(recipe, photos)
        for example in examples_of(faces, math.ceil(share * recipe.examples / pictures), pieces, rng)
    ]
    squares, truths = zip(*made, strict=True)
    return Examples(np.stack(squares), np.stack(truths))


def _kinds(recipe: ReaderRecipe, photos: Path | None) -> Iterator[tuple[Iterator[TrainingFace], float, int]]:
    """Faces of a kind, their share of the examples, and how many pictures of them there will be about."""
    rendered = 4 * recipe.people
    if photos is None:
        yield rendered_faces(recipe.people), 1.0, rendered
        return
    paths = training_photographs(photos)
    yield photographed_faces(paths), PHOTOGRAPHED, len(paths)  # first: pieces of them become textures
    yield puppet_faces(paths), PUPPETS, math.ceil(3 * BECOME_PUPPETS * len(paths))
    yield rendered_faces(recipe.people), RENDERED, rendered
