"""Rendered clips on disk, many to a shard, and how to find finished ones.

A shard is two files. `shard_000007.npy`: frames, u8 [m, 81, 256, 256, 3], mapped, not read. `shard_000007.npz`: what
is known of them, renamed into place last, so that a shard is there once its npz is. Knows no renderer and no speech:
an utterance is named by its place on the shelf.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float16, Int8, Int32, Int64, UInt8


@dataclass(frozen=True)
class Shard:
    """A finished shard; axis m is the clip. Frames are mapped: copy what you keep before `delete`."""

    path: Path  # of the npz
    frames: UInt8[np.ndarray, "m t h w 3"]
    boxes: Float16[np.ndarray, "m t 3 2"]  # pixel centres of left eye, right eye, mouth
    weights: Float16[np.ndarray, "m t 52"]
    pose: Float16[np.ndarray, "m t 6"]
    opening: Float16[np.ndarray, "m t"]
    utterance: Int32[np.ndarray, " m"]  # place on the shelf
    start_frame: Int32[np.ndarray, " m"]  # clip frame i is the utterance's frame start_frame + i, or silence past it
    attributes: Int8[np.ndarray, "m 4"]  # codes of mood, head, gaze, energy (prompts.Acting.codes)
    mentioned: Int8[np.ndarray, "m 4"]  # 1 where the prompt names the attribute
    seed: Int64[np.ndarray, " m"]
    puppet: Bool[np.ndarray, " m"]  # a photograph that moves, not a rendered head
    prompt: tuple[str, ...]

    @classmethod
    def open(cls, path: Path) -> "Shard":
        with np.load(path) as truth:
            known = {name: truth[name] for name in truth.files}
        prompts = tuple(str(text) for text in known.pop("prompt"))
        return cls(path=path, frames=np.load(path.with_suffix(".npy"), mmap_mode="r"), prompt=prompts, **known)

    def __len__(self) -> int:
        return len(self.prompt)

    def delete(self) -> None:
        """Free the shard's place; maps that are still open stay readable."""
        self.path.unlink(missing_ok=True)
        self.path.with_suffix(".npy").unlink(missing_ok=True)


def read_shards(folder: Path | str, seen: set[str] | None = None) -> Iterator[Shard]:
    """The finished shards in a folder, oldest number first, but for those named in `seen`, which grows."""
    seen = set() if seen is None else seen
    for path in sorted(Path(folder).glob("shard_*.npz")):
        if path.name not in seen:
            try:
                shard = Shard.open(path)
            except FileNotFoundError:  # another reader has deleted it since
                continue
            seen.add(path.name)
            yield shard
