"""Command of the sync expert's recipe: `scripts/train_sync_expert`, in two steps, clips and training."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from livetalk.data.clips import CLIP_FRAMES

A_FILE = 4  # clips
TOLD_EVERY = 25  # steps
CHECKED = 12  # clips, the last ones, that are not trained on: whether it learns at all


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes clips or trains on them. Exit code 2, with what to do, if that cannot be."""
    parser = argparse.ArgumentParser(prog="train_sync_expert", description="Train the sync expert.")
    steps = parser.add_subparsers(required=True, dest="step")
    make = steps.add_parser("clips", help="draw training clips, and keep their mouths")
    make.add_argument("folder", type=Path, help="where they are kept; it is continued if it is there")
    make.add_argument("--speech", type=Path, required=True, help="shelf that `livetalk data speech` made")
    make.add_argument("--puppets", type=Path, help="pack that `livetalk data pack` made; without it, heads only")
    make.add_argument("--count", type=int, default=300, help="clips in all")
    learn = steps.add_parser("train", help="train on clips that were made")
    learn.add_argument("folder", type=Path)
    learn.add_argument("out", type=Path, help="the file to write, .safetensors")
    learn.add_argument("--steps", type=int, help="fewer or more than the recipe's")
    learn.add_argument("--start", type=Path, help="weights to go on from")
    learn.add_argument("--seed", type=int, default=0)
    given, console = parser.parse_args(arguments), Console(soft_wrap=True, highlight=False, markup=False)
    try:
        (_make if given.step == "clips" else _train)(given, console)
    except ImportError as error:
        console.print(f"{error.name} is missing: pip install 'livetalk[data,eval]'")
        return 2
    except ValueError as error:
        console.print(str(error))
        return 2
    return 0


def _make(given: argparse.Namespace, console: Console) -> None:
    from livetalk.data.heads.renderer import HeadRenderer
    from livetalk.data.puppets.portraits import open_portraits
    from livetalk.data.puppets.renderer import PuppetRenderer
    from livetalk.data.speech import SpeechDataset
    from livetalk.evaluation.sync.learning.examples import HEADS, PUPPETS, Stages, keep_clips, training_clips

    puppets = None if given.puppets is None else PuppetRenderer(PUPPETS)
    portraits = None if given.puppets is None else open_portraits(given.puppets)
    stages = Stages(HeadRenderer(HEADS), puppets, portraits, SpeechDataset(given.speech))
    given.folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, given.count, A_FILE):
        path = given.folder / f"clips_{first // A_FILE:06d}.npz"
        if not path.is_file():
            keep_clips(list(training_clips(stages, range(first, first + A_FILE))), path)
            console.print(f"{path}: {A_FILE} clips of {CLIP_FRAMES} frames")


def _train(given: argparse.Namespace, console: Console) -> None:
    from livetalk.evaluation.sync.expert.network import load_expert, save_expert
    from livetalk.evaluation.sync.learning.examples import kept_clips
    from livetalk.evaluation.sync.learning.train import ExpertRecipe, offsets, train

    if given.out.suffix != ".safetensors" or not given.out.parent.is_dir():
        raise ValueError(f"{given.out} cannot be written: give a file that ends in .safetensors, in a folder")
    clips = kept_clips(given.folder)
    if len(clips) < 2 * CHECKED:
        raise ValueError(f"{given.folder} holds {len(clips)} clips: make at least {2 * CHECKED}")
    recipe = replace(ExpertRecipe(), seed=given.seed, **({} if given.steps is None else {"steps": given.steps}))
    losses: list[float] = []

    def tell(step: int, loss: float) -> None:
        losses.append(loss)
        if step % TOLD_EVERY == 0:
            console.print(f"step {step} of {recipe.steps}: loss {np.mean(losses[-TOLD_EVERY:]):.3f}")

    start = None if given.start is None else load_expert(given.start)
    expert = train(clips[:-CHECKED], recipe, tell, start)
    found = offsets(expert, clips[-CHECKED:])
    save_expert(expert, given.out, f"{len(clips) - CHECKED} clips, {recipe}")
    console.print(f"wrote {given.out}; offsets of {CHECKED} clips that it has not seen: {found}")
