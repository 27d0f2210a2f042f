"""Clips that are rendered beside training: which mixture, where from, and waiting for the first of them.

Knows the pool and folders; not what is trained on the clips.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from livetalk.data.pool import ClipPool, PoolConfig, render_held_out
from livetalk.recipes.distill.held_out import FOLDERS, HEADS, PUPPETS
from livetalk.training.distributed import Distributed


@dataclass(frozen=True)
class Mixture:
    """Rendered heads, and puppets of a pack in a share `mix` of the shards. `held_out`: a pack with held-out ones."""

    puppets: Path | None = None
    mix: float = 0.0
    held_out: Path | None = None

    def __post_init__(self) -> None:
        if self.mix and self.puppets is None:
            raise ValueError(f"--mix {self.mix:g} asks for puppets: give a pack with --puppets PACK")


@contextmanager
def rendering(
    folder: Path, speech: Path | None, processes: int, world: Distributed, mixture: Mixture
) -> Iterator[None]:
    """Inside, `processes` processes render into `folder`. Raises ValueError if there is no speech to render to."""
    if processes == 0:
        yield
        return
    if speech is None:
        raise ValueError("rendering needs phonemes: --speech FOLDER")
    config = PoolConfig(
        str(folder),
        str(speech),
        processes=processes,
        most=3 * processes,
        first_seed=world.rank * 10**7,
        puppets=None if mixture.puppets is None else str(mixture.puppets),
        mix=mixture.mix,
    )
    with ClipPool(config):
        yield


def render_all_held_out(run: Path, speech: Path | None, processes: int, world: Distributed, mixture: Mixture) -> None:
    """Held-out clips of every kind of the mixture into the run's folders, unless they lie there."""
    if not processes or speech is None or not world.is_main:
        return
    render_held_out(run / FOLDERS[HEADS], speech, processes)
    if mixture.held_out is not None:
        render_held_out(run / FOLDERS[PUPPETS], speech, processes, str(mixture.held_out))


def wait_for(filled: Callable[[], int], wanted: int, patience: float = 600.0) -> None:
    """Call `filled` until it says `wanted`. Raises ValueError if that takes longer than `patience` seconds."""
    end = time.monotonic() + patience
    while (have := filled()) < wanted:
        if time.monotonic() > end:
            raise ValueError(f"only {have} of {wanted} clips came: is anything rendering into the shards' folder?")
        time.sleep(0.2)
