"""Clips by the thousand: processes that render into a shared folder while a trainer reads from it.

Which clips a shard holds (shards.py) depends on its number only. Rendering waits while `most` shards lie in the
folder; readers delete what they have used. The folder is best in memory (/dev/shm). Knows no codec, no model and no
sound: of the speech shelf only the manifest is read.
"""

import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Self

import numpy as np

from livetalk.data.acting.performance import HELD_OUT_FROM
from livetalk.data.acting.prompts import ATTRIBUTES
from livetalk.data.clips import CLIP_FRAMES, Renderer, Timelines, stage
from livetalk.data.shards import Shard, read_shards

_WAIT = 0.05  # seconds between two looks at the folder


@dataclass(frozen=True)
class PoolConfig:
    folder: str  # where shards lie
    speech: str  # folder of the shelf; only its manifest is read
    processes: int = 16
    clips: int = 16  # in a shard (16 of 81 frames are 255 MB)
    most: int = 64  # shards in the folder at once, unfinished ones counted
    first_seed: int = 0  # shard n holds the clips of seeds first_seed + n * clips ..
    first_shard: int = 0
    shards: int | None = None  # stop after so many; None: go on until stopped
    frames: int = CLIP_FRAMES
    devices: tuple[int, ...] = (0,)  # EGL devices that the processes take turns on


def head_renderer(device: int) -> Renderer:
    from livetalk.data.heads import HeadRenderer

    return HeadRenderer(device=device)


class ClipPool:
    """Owns the rendering processes; a context manager. Readers elsewhere use `read_shards` on the folder.

    make_renderer: EGL device -> renderer, a function that can be pickled; called once in each process.
    """

    def __init__(self, config: PoolConfig, make_renderer: Callable[[int], Renderer] = head_renderer) -> None:
        if config.most < config.processes:
            raise ValueError(f"most={config.most} shards starve {config.processes} processes: raise it or use fewer")
        Timelines.read(config.speech)  # a missing shelf is told here, not by sixteen processes
        self.config = config
        self.folder = Path(config.folder)
        self._make_renderer = make_renderer
        self._context = multiprocessing.get_context("spawn")
        self._stop = self._context.Event()
        self._turn = self._context.Lock()
        self._workers: list[SpawnProcess] = []
        self._seen: set[str] = set()

    def start(self) -> Self:
        assert not self._workers, "a pool starts once"
        self.folder.mkdir(parents=True, exist_ok=True)
        _clear(self.folder)
        with _single_threaded():
            for place in range(self.config.processes):
                arguments = (self.config, self._make_renderer, place, self._stop, self._turn)
                worker = self._context.Process(target=_work, args=arguments, daemon=True, name=f"clips {place}")
                worker.start()
                self._workers.append(worker)
        return self

    def shards(self, delete: bool = False) -> Iterator[Shard]:
        """Yield shards as they are finished, each once; ends when the processes have made all they were asked for.

        delete: free each shard when the next one is asked for. Raises RuntimeError if a process has failed.
        """
        while True:
            running = any(worker.is_alive() for worker in self._workers)
            fresh = False
            for shard in read_shards(self.folder, self._seen):
                fresh = True
                yield shard
                if delete:
                    shard.delete()
            self._raise_failures()
            if not fresh and not running:
                return
            if not fresh:
                time.sleep(_WAIT)

    def stop(self) -> None:
        """Let the processes finish their clip and go; unfinished shards are removed, finished ones stay."""
        self._stop.set()
        for worker in self._workers:
            worker.join(timeout=20)
            if worker.is_alive():
                worker.terminate()
                worker.join(timeout=5)
        if self._workers:
            _clear(self.folder)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _raise_failures(self) -> None:
        for path in self.folder.glob("failed_*.txt"):
            raise RuntimeError(f"a rendering process failed:\n{path.read_text()}")
        for worker in self._workers:
            if worker.exitcode:
                raise RuntimeError(f"{worker.name} died with exit code {worker.exitcode}")


def _clear(folder: Path) -> None:
    for pattern in ("part_*", "failed_*.txt"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


@contextmanager
def _single_threaded() -> Iterator[None]:
    """One thread for each process started inside: sixteen processes of sixteen threads stand in each other's way."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _work(config: PoolConfig, make_renderer: Callable[[int], Renderer], place: int, stop: Any, turn: Any) -> None:
    """Render every `processes`-th shard, beginning with number `place`, until told to stop."""
    folder, parent = Path(config.folder), os.getppid()

    def over() -> bool:
        return stop.is_set() or os.getppid() != parent  # the parent was killed: nobody will stop us

    try:
        renderer = make_renderer(config.devices[place % len(config.devices)])
        speech = Timelines.read(config.speech)
        numbers = range(place, config.shards, config.processes) if config.shards is not None else None
        for number in numbers if numbers is not None else _count(place, config.processes):
            part = _reserve(config, config.first_shard + number, turn, over)
            if part is None or not _render_shard(config, number, part, speech, renderer, over):
                break
        renderer.close()
    except Exception:
        (folder / f"failed_{place}.txt").write_text(traceback.format_exc())
        raise


def _count(start: int, step: int) -> Iterator[int]:
    while True:
        yield start
        start += step


def _reserve(config: PoolConfig, number: int, turn: Any, over: Callable[[], bool]) -> Path | None:
    """Wait for a free place and take it by creating the shard's unfinished file; None when told to stop."""
    folder = Path(config.folder)
    while not over():
        with turn:
            if sum(1 for _ in folder.glob("*.npy")) < config.most:
                part = folder / f"part_{number:06d}.npy"
                part.touch()
                return part
        time.sleep(_WAIT)
    return None


def _render_shard(
    config: PoolConfig, number: int, part: Path, speech: Timelines, renderer: Renderer, over: Callable[[], bool]
) -> bool:
    """Render one shard and publish it; False when told to stop on the way."""
    frames: np.ndarray | None = None
    known: dict[str, list[Any]] = {}
    first = config.first_seed + (config.first_shard + number) * config.clips
    for place, seed in enumerate(range(first, first + config.clips)):
        if over():
            return False
        scene = stage(seed, speech, config.frames)
        act = scene.performance
        renderer.dress(scene.look)
        pixels = renderer.render(act.weights, act.pose)
        if frames is None:
            frames = np.lib.format.open_memmap(part, "w+", np.uint8, (config.clips, *pixels.shape))
        frames[place] = pixels
        row = {
            "boxes": renderer.boxes(act.weights, act.pose).astype(np.float16),
            "weights": act.weights.astype(np.float16),
            "pose": act.pose.astype(np.float16),
            "opening": renderer.opening(act.weights).astype(np.float16),
            "utterance": np.int32(scene.utterance),
            "start_frame": np.int32(scene.start_frame),
            "attributes": np.array(act.acting.codes(), np.int8),
            "mentioned": np.array([name in act.acting.mentioned for name in ATTRIBUTES], np.int8),
            "seed": np.int64(seed),
            "prompt": act.prompt,
        }
        for name, value in row.items():
            known.setdefault(name, []).append(value)
    assert frames is not None
    frames.flush()
    _publish(part, known)
    return True


def _publish(part: Path, known: dict[str, list[Any]]) -> None:
    """Give a rendered shard its name: the frames first, what is known of them last."""
    name = part.name.replace("part_", "shard_")
    truth = part.with_suffix(".npz")
    columns: dict[str, Any] = {key: np.array(values) for key, values in known.items()}
    np.savez(truth, allow_pickle=False, **columns)
    part.rename(part.with_name(name))
    truth.rename(part.with_name(name).with_suffix(".npz"))


def render_held_out(folder: Path | str, speech: Path | str, processes: int) -> None:
    """Up to sixteen held-out clips in shards of four; returns when they are there."""
    shards = min(4, processes)
    config = PoolConfig(
        str(folder), str(speech), processes=shards, clips=4, most=4, shards=shards, first_seed=HELD_OUT_FROM
    )
    with ClipPool(config) as pool:
        for _ in pool.shards():
            pass


def _serve(features: str, run: str, processes: int, most: int) -> None:
    """Render held-out clips into RUN/held_out, then training clips into RUN/shards until told to stop."""
    if not any(Path(run, "held_out").glob("shard_*.npz")):  # a call that failed may have left an empty folder
        render_held_out(Path(run, "held_out"), features, processes)
    shards = Path(run, "shards")
    there = [int(path.stem.split("_")[1]) for path in shards.glob("shard_*.npz")]
    config = PoolConfig(
        str(shards), features, processes=processes, most=max(most, processes), first_shard=max(there, default=-1) + 1
    )
    with ClipPool(config):
        while True:
            time.sleep(1)


if __name__ == "__main__":  # python -m livetalk.data.pool FEATURES RUN PROCESSES SHARDS
    _serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
