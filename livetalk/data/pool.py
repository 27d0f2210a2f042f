"""Pool of rendering processes: they write clips into a shared folder while a trainer reads from it.

Which clips a shard holds (shards.py) depends on its number only. Rendering waits while `most` shards lie in the
folder; readers delete what they have used. The folder is best in memory (/dev/shm). Shards hold rendered heads or
puppets (mixture.py). Knows no codec, no model and no sound: of the speech shelf only the manifest is read.
"""

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Self

from livetalk.data.acting.performance import HELD_OUT_FROM
from livetalk.data.clips import Renderer, Timelines
from livetalk.data.mixture import puppet_processes
from livetalk.data.shard_renderer import WAIT, PoolConfig, render_shards
from livetalk.data.shards import Shard, read_shards


def head_renderer(device: int) -> Renderer:
    from livetalk.data.heads import HeadRenderer

    return HeadRenderer(device=device)


def photographed_renderer(assets: str | None, device: int) -> Renderer:
    from livetalk.data.heads import HeadRenderer

    assert assets is not None
    return HeadRenderer(device=device, assets=Path(assets))


def puppet_renderer(device: int) -> Renderer:
    from livetalk.data.puppets import PuppetRenderer

    return PuppetRenderer(device=device)


class ClipPool:
    """Owns the rendering processes; a context manager. Readers elsewhere use `read_shards` on the folder.

    make_renderer, make_puppets, make_photographed: EGL device -> renderer of heads, of puppets, of heads that look
    photographed; functions that can be pickled, each called once at most in a process.
    """

    def __init__(
        self,
        config: PoolConfig,
        make_renderer: Callable[[int], Renderer] = head_renderer,
        make_puppets: Callable[[int], Renderer] = puppet_renderer,
        make_photographed: Callable[[int], Renderer] | None = None,
    ) -> None:
        if config.most < config.processes:
            raise ValueError(f"most={config.most} shards starve {config.processes} processes: raise it or use fewer")
        Timelines.read(config.speech)  # a missing shelf is told here, not by sixteen processes
        self._photographed = make_photographed
        self._makers = (make_renderer, make_puppets)
        self._puppets = puppet_processes(config.processes, config.mix)
        if self._puppets and not (config.puppets and Path(config.puppets).is_file()):
            raise ValueError(
                f"a mix of {config.mix:g} needs a pack of puppets, and there is none at {config.puppets}: "
                "make one with `livetalk data pack`, or set the mix to 0"
            )
        if config.photographed and not (config.assets and Path(config.assets).exists()):
            raise ValueError(
                f"a share of {config.photographed:g} of heads that look photographed needs free assets, and there are "
                f"none at {config.assets}: pack some with `livetalk data pack-assets`, or set the share to 0"
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
                photographed = self._photographed or partial(photographed_renderer, self.config.assets)
                arguments = (self.config, (make, photographed), place, self._stop, self._turn, self._at)
                worker = self._context.Process(target=render_shards, args=arguments, daemon=True, name=f"clips {place}")
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
                time.sleep(WAIT)

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


def render_held_out(folder: Path | str, speech: Path | str, processes: int, puppets: str | None = None) -> None:
    """Render up to sixteen held-out clips in shards of four, of `puppets` if a pack is given, and wait for them."""
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
        assets=options.assets,
        photographed=options.photographed,
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
    parser.add_argument("--assets", help="folder or pack of free assets for heads that look photographed")
    parser.add_argument("--photographed", type=float, default=0.0, help="share of rendered heads that do")
    return parser.parse_args()


if __name__ == "__main__":  # python -m livetalk.data.pool FEATURES RUN PROCESSES SHARDS ...
    _serve(_options())
