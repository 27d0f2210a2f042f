"""Command of the face reader's recipe: `scripts/train_input_checks`."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

TOLD_EVERY = 100  # steps


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains the face reader. Exit code 2, with what to do, if that cannot be."""
    parser = argparse.ArgumentParser(
        prog="train_input_checks", description="Train the face reader of the input checks."
    )
    parser.add_argument("out", type=Path, help="the file to write, .npz")
    parser.add_argument("--photos", type=Path, help="folder of portraits; half of them are left for measuring")
    parser.add_argument("--miniature", action="store_true", help="a few examples and steps: that it runs, no more")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder where faces are kept, so that they are made once")
    parser.add_argument("--processes", type=int, default=1, help="that make examples")
    given = parser.parse_args(arguments)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    try:
        _train(given, console)
    except ValueError as error:
        console.print(str(error))
        return 2
    return 0


def _train(given: argparse.Namespace, console: Console) -> None:
    out: Path = given.out
    if out.suffix != ".npz" or not out.parent.is_dir():
        raise ValueError(f"{out} cannot be written: give a file that ends in .npz, in a folder that is there")
    try:
        from livetalk.recipes.input_checks.recipe import MINIATURE, ReaderRecipe, train_face_reader
    except ImportError as error:
        raise ValueError(f"{error.name} is missing: pip install 'livetalk[data,eval]'") from error
    recipe = replace(MINIATURE if given.miniature else ReaderRecipe(), seed=given.seed)

    def tell(step: int, loss: float) -> None:
        if step % TOLD_EVERY == 0 or step in (1, recipe.steps):
            console.print(f"step {step} of {recipe.steps}: loss {loss:.3f}")

    if given.keep is not None:
        given.keep.mkdir(parents=True, exist_ok=True)
    train_face_reader(recipe, given.photos, out, tell, given.keep, given.processes)
    console.print(f"wrote {out}")
