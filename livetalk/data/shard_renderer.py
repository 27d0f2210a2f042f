"""A rendering process: shards of clips, one after the other, into a folder that others read from.

Waits while the folder is full, and publishes a shard when it is whole. Started by `data.pool`; knows no other process
but the number that each is at.
"""

import os
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from livetalk.data.acting.prompts import ATTRIBUTES
from livetalk.data.clips import CLIP_FRAMES, Renderer, Staged, Timelines, stage
from livetalk.data.mixture import holds_puppets, looks_photographed, numbers, puppet_processes

WAIT = 0.05  # seconds between two looks at the folder
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
    assets: str | None = None  # folder or pack of free assets, where some heads look photographed
    photographed: float = 0.0  # share of the shards of rendered heads whose heads do


def render_shards(
    config: PoolConfig,
    makers: tuple[Callable[[int], Renderer], Callable[[int], Renderer]],
    place: int,
    stop: Any,
    turn: Any,
    at: Any,
) -> None:
    """Render this process's share of the shards in the order of their numbers, until told to stop.

    makers: EGL device -> renderer; of this process's own kind, and of heads that look photographed.
    """
    folder, parent = Path(config.folder), os.getppid()

    def over() -> bool:
        return stop.is_set() or os.getppid() != parent  # the parent was killed: nobody will stop us

    try:
        puppets = place < puppet_processes(config.processes, config.mix)
        scene_of = _stager(config, puppets)
        device, renderers = config.devices[place % len(config.devices)], dict[bool, Renderer]()
        for number in numbers(place, config.processes, config.mix, config.first_shard, config.shards):
            at[place] = number
            part = _reserve(config, number, turn, at, over)
            photographed = not puppets and looks_photographed(number, config.mix, config.photographed)
            if photographed not in renderers:
                renderers[photographed] = makers[photographed](device)
            if part is None or not _render_shard(config, number, part, scene_of, renderers[photographed], over):
                break
        at[place] = _DONE
        for renderer in renderers.values():
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
        time.sleep(WAIT)
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
            "puppet": np.bool_(holds_puppets(number, config.mix)),
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
