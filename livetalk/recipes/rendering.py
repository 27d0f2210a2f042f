"""Rendering beside training: the mixture of clips, their sources, and waiting for the first of them.

Knows the pool and folders; not what is trained on the clips.
"""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from livetalk.data.pool import ClipPool, PoolConfig, render_held_out
from livetalk.recipes.config import ClipSource, StreamedClips
from livetalk.recipes.distill.held_out import FOLDERS, HEADS, PUPPETS
from livetalk.training.distributed import Distributed


@contextmanager
def rendered(run: Path, source: StreamedClips, world: Distributed) -> Generator[Path, None, None]:
    """Held-out clips first; then, inside, clips to train on come into the folder that is given."""
    folder = source.shards or run / "shards"
    _render_held_out(run, source, world)
    with rendering(folder, source, world):
        yield folder


@contextmanager
def rendering(folder: Path, source: ClipSource, world: Distributed) -> Iterator[None]:
    """Inside, the source's processes render into `folder`. Raises ValueError if there is no speech to render to."""
    if source.processes == 0:
        yield
        return
    if source.speech is None:
        raise ValueError("rendering needs phonemes: --speech FOLDER")
    config = PoolConfig(
        str(folder),
        str(source.speech),
        processes=source.processes,
        most=3 * source.processes,
        first_seed=world.rank * 10**7,
        puppets=None if source.puppets is None else str(source.puppets),
        mix=source.mix,
    )
    with ClipPool(config):
        yield


def _render_held_out(run: Path, source: StreamedClips, world: Distributed) -> None:
    """Held-out clips of every kind of the source into the run's folders, unless they lie there."""
    if not source.processes or source.speech is None or not world.is_main:
        return
    render_held_out(run / FOLDERS[HEADS], source.speech, source.processes)
    if source.held_out_puppets is not None:
        render_held_out(run / FOLDERS[PUPPETS], source.speech, source.processes, str(source.held_out_puppets))


def wait_for(filled: Callable[[], int], wanted: int, patience: float = 600.0) -> None:
    """Call `filled` until it says `wanted`. Raises ValueError if that takes longer than `patience` seconds."""
    end = time.monotonic() + patience
    while (have := filled()) < wanted:
        if time.monotonic() > end:
            raise ValueError(f"only {have} of {wanted} clips came: is anything rendering into the shards' folder?")
        time.sleep(0.2)
