"""Held-out clips by kind, rendered heads and puppets: what stages measure themselves and draw samples on.

Kinds are told apart, because a model can be good on one and fail on the other. Knows encoded clips and files; no
losses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from livetalk.data.shards import read_shards
from livetalk.recipes.distill.clips import FIELDS, ClipBatch

HEADS, PUPPETS = "heads", "puppets"
FOLDERS = {HEADS: "held_out", PUPPETS: "held_out_puppets"}  # of shards, in a run's folder
SHOWN = 4  # clips that samples are drawn for
FILE = "held_out.pt"


def named(metric: str, kind: str) -> str:
    """The name under which a kind's figure is logged; rendered heads have the plain one."""
    return metric if kind == HEADS else f"{metric}_{kind}"


@dataclass(frozen=True)
class HeldOut:
    """Encoded clips of each kind, and the first frames in [-1, 1] of those that samples are drawn for."""

    clips: Mapping[str, ClipBatch]
    portraits: Mapping[str, Float[Tensor, "m 3 h w"]]

    def few(self) -> ClipBatch:
        """SHOWN clips, shared out to the kinds."""
        parts = [first_clips(batch, self._share) for batch in self.clips.values()]
        return ClipBatch(*(torch.cat([getattr(part, name) for part in parts]) for name in FIELDS))

    def few_portraits(self) -> Tensor | None:
        """The portraits of `few`, or None if those of a kind are not known."""
        if self.portraits.keys() != self.clips.keys():
            return None
        return torch.cat([self.portraits[kind][: self._share] for kind in self.clips])

    @property
    def _share(self) -> int:
        return max(1, SHOWN // len(self.clips))

    def save(self, path: Path) -> None:
        clips = {kind: {name: getattr(batch, name).cpu() for name in FIELDS} for kind, batch in self.clips.items()}
        torch.save({"clips": clips, "portraits": dict(self.portraits)}, path)

    @classmethod
    def load(cls, path: Path, device: torch.device) -> "HeldOut":
        kept = torch.load(path, map_location=device)
        return cls({kind: ClipBatch(**fields) for kind, fields in kept["clips"].items()}, kept["portraits"])

    @classmethod
    def encode(cls, run: Path, encode: Callable[[Path], ClipBatch]) -> "HeldOut | None":
        """The held-out clips of every kind that the run has shards of; None if it has none."""
        found = {kind: run / folder for kind, folder in FOLDERS.items() if any((run / folder).glob("shard_*.npz"))}
        if not found:
            return None
        clips = {kind: encode(folder) for kind, folder in found.items()}
        return cls(clips, {kind: _portraits(folder) for kind, folder in found.items()})


def first_clips(batch: ClipBatch, n: int) -> ClipBatch:
    return ClipBatch(*(getattr(batch, name)[:n] for name in FIELDS))


def _portraits(folder: Path) -> Float[Tensor, "m 3 h w"]:
    """First frames of the first shard's clips."""
    shard = next(read_shards(folder))
    return rearrange(torch.from_numpy(shard.frames[:, 0].copy()), "m h w c -> m c h w").float() / 127.5 - 1
