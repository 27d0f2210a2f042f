"""Clips by the thousand: processes that render into a shared folder while a trainer reads from it.

Which clips a shard holds (shards.py) depends on its number only. Rendering waits while `most` shards lie in the
folder; readers delete what they have used. The folder is best in memory (/dev/shm). Shards hold rendered heads or
puppets (mixture.py). Knows no codec, no model and no sound: of the speech shelf only the manifest is read.
"""

import argparse
import multiprocessing
import os
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
from livetalk.data.clips import CLIP_FRAMES, Renderer, Staged, Timelines, stage
from livetalk.data.mixture import numbers, puppet_processes
from livetalk.data.shards import Shard, read_shards

_WAIT = 0.05  # seconds between two looks at the folder
_DONE = 2**62  # the number of a process that has drawn all its shards


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
    puppets: str | None = None  # the pack of fitted portraits, where some shards hold puppets
    mix: float = 0.0  # share of the shards that hold puppets, the others hold rendered heads
    backgrounds: str | None = None  # folder of pictures to put some puppets before


def head_renderer(device: int) -> Renderer:
    from livetalk.data.heads import HeadRenderer

    return HeadRenderer(device=device)


def puppet_renderer(device: int) -> Renderer:
    from livetalk.data.puppets import PuppetRenderer

    return PuppetRenderer(device=device)


class ClipPool:
    """Owns the rendering processes; a context manager. Readers elsewhere use `read_shards` on the folder.

    make_renderer, make_puppets: EGL device -> renderer of heads, of puppets; functions that can be pickled, one of
    them called once in each process.
    """

    def __init__(
        self,
        config: PoolConfig,
        make_renderer: Callable[[int], Renderer] = head_renderer,
        make_puppets: Callable[[int], Renderer] = puppet_renderer,
    ) -> None:
        if config.most < config.processes:
            raise ValueError(f"most={config.most} shards starve {config.processes} processes: raise it or use fewer")
        Timelines.read(config.speech)  # a missing shelf is told here, not by sixteen processes
        self._makers = (make_renderer, make_puppets)
        self._puppets = puppet_processes(config.processes, config.mix)
        if self._puppets and not (config.puppets and Path(config.puppets).is_file()):
            raise ValueError(
                f"a mix of {config.mix:g} needs a pack of puppets, and there is none at {config.puppets}: "
                "make one with `livetalk data pack`, or set the mix to 0"
            )
        self.config = config
        self.folder = Path(config.folder)
        self._context = multiprocessing.get_context("spawn")
        self._stop = self._context.Event()
        self._turn = self._context.Lock()
        self._at = self._context.Array("q", config.processes, lock=False)  # the number each process is at
        self._workers: list[SpawnProcess] = []
        self._seen: set[str] = set()

    def start(self) -> Self:
        assert not self._workers, "a pool starts once"
        self.folder.mkdir(parents=True, exist_ok=True)
        _clear(self.folder)
        with _single_threaded():
            for place in range(self.config.processes):
                make = self._makers[place < self._puppets]
                arguments = (self.config, make, place, self._stop, self._turn, self._at)
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


def _work(
    config: PoolConfig, make_renderer: Callable[[int], Renderer], place: int, stop: Any, turn: Any, at: Any
) -> None:
    """Render this process's share of the shards in the order of their numbers, until told to stop."""
    folder, parent = Path(config.folder), os.getppid()

    def over() -> bool:
        return stop.is_set() or os.getppid() != parent  # the parent was killed: nobody will stop us

    try:
        scene_of = _stager(config, puppets=place < puppet_processes(config.processes, config.mix))
        renderer = make_renderer(config.devices[place % len(config.devices)])
        for number in numbers(place, config.processes, config.mix, config.first_shard, config.shards):
            at[place] = number
            part = _reserve(config, number, turn, at, over)
            if part is None or not _render_shard(config, number, part, scene_of, renderer, over):
                break
        at[place] = _DONE
        renderer.close()
    except Exception:
        (folder / f"failed_{place}.txt").write_text(traceback.format_exc())
        raise


def _stager(config: PoolConfig, puppets: bool) -> Callable[[int], Staged]:
    """Seed -> the scene it stands for."""
    speech = Timelines.read(config.speech)
    if not puppets:
        return lambda seed: stage(seed, speech, config.frames)
    from livetalk.data.puppets import PuppetStage

    assert config.puppets is not None
    backgrounds = None if config.backgrounds is None else Path(config.backgrounds)
    return PuppetStage.open(config.puppets, speech, config.frames, backgrounds)


def _reserve(config: PoolConfig, number: int, turn: Any, at: Any, over: Callable[[], bool]) -> Path | None:
    """Wait for a free place and take it by creating the shard's unfinished file; None when told to stop.

    Nobody runs ahead of the slowest by more than the folder holds: the mixture keeps its shares.
    """
    folder = Path(config.folder)
    while not over():
        with turn:
            near = number < min(at) + config.most
            if near and sum(1 for _ in folder.glob("*.npy")) < config.most:
                part = folder / f"part_{number:06d}.npy"
                part.touch()
                return part
        time.sleep(_WAIT)
    return None


def _render_shard(
    config: PoolConfig,
    number: int,
    part: Path,
    scene_of: Callable[[int], Staged],
    renderer: Renderer,
    over: Callable[[], bool],
) -> bool:
    """Render one shard and publish it; False when told to stop on the way."""
    frames: np.ndarray | None = None
    known: dict[str, list[Any]] = {}
    first = config.first_seed + number * config.clips
    for place, seed in enumerate(range(first, first + config.clips)):
        if over():
            return False
        scene = scene_of(seed)
        act = scene.performance
        renderer.dress(scene.subject)
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


def render_held_out(folder: Path | str, speech: Path | str, processes: int, puppets: str | None = None) -> None:
    """Up to sixteen held-out clips in shards of four, of `puppets` if a pack is given; returns when they are there."""
    if any(Path(folder).glob("shard_*.npz")):  # a call that failed may have left an empty folder
        return
    shards = min(4, processes)
    config = PoolConfig(
        str(folder),
        str(speech),
        processes=shards,
        clips=4,
        most=4,
        shards=shards,
        first_seed=HELD_OUT_FROM,
        puppets=puppets,
        mix=0.0 if puppets is None else 1.0,
    )
    with ClipPool(config) as pool:
        for _ in pool.shards():
            pass


def _serve(options: argparse.Namespace) -> None:
    """Render clips into RUN/shards, all asked for or until stopped, and beside them held-out ones of each kind."""
    run = Path(options.run)
    there = [int(path.stem.split("_")[1]) for path in (run / "shards").glob("shard_*.npz")]
    config = PoolConfig(
        str(run / "shards"),
        options.features,
        processes=options.processes,
        clips=options.clips,
        most=max(options.most, options.processes),
        first_shard=max(there, default=-1) + 1,
        shards=None if options.shards is None else max(0, options.shards - len(there)),
        devices=tuple(range(options.devices)),
        puppets=options.puppets,
        mix=options.mix,
        backgrounds=options.backgrounds,
    )
    with ClipPool(config) as pool:
        render_held_out(run / "held_out", options.features, options.processes)
        if options.held_out_puppets is not None:
            render_held_out(run / "held_out_puppets", options.features, options.processes, options.held_out_puppets)
        for _ in pool.shards():
            pass


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m livetalk.data.pool", description=_serve.__doc__)
    parser.add_argument("features", help="folder of speech features")
    parser.add_argument("run", help="folder of the run")
    parser.add_argument("processes", type=int)
    parser.add_argument("most", type=int, help="shards in the folder at once")
    parser.add_argument("--clips", type=int, default=PoolConfig.clips, help="in a shard")
    parser.add_argument("--shards", type=int, help="how many there shall be; without it on and on")
    parser.add_argument("--devices", type=int, default=1, help="GPUs to draw on")
    parser.add_argument("--puppets", help="pack of fitted portraits")
    parser.add_argument("--held-out-puppets", help="pack that has held-out ones")
    parser.add_argument("--mix", type=float, default=0.0, help="share of the shards that hold puppets")
    parser.add_argument("--backgrounds", help="folder of pictures to put some puppets before")
    return parser.parse_args()


if __name__ == "__main__":  # python -m livetalk.data.pool FEATURES RUN PROCESSES SHARDS ...
    _serve(_options())
