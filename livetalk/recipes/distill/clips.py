"""Clips as the transformer sees them: latents, packed speech, prompt tokens, weights, known moves, on a device.

The bank grows while training goes on. Knows tensors; not how clips were rendered, encoded or will be used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Protocol

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from livetalk.dit.audio import pack_audio
from livetalk.performer.rollout import reference_channels
from livetalk.recipes.codec.frames import weight_map


@dataclass(frozen=True)
class ClipBatch:
    """A batch of clips. The first latent frame is the portrait."""

    latents: Float[Tensor, "b c f h w"]
    audio: Float[Tensor, "b f g"]  # packed, one row a latent frame
    text: Float[Tensor, "b s e"]
    weight: Float[Tensor, "b 1 f h w"]  # of the loss: mean 1, more at mouth and eyes, 0 on the portrait's frame
    moves: Float[Tensor, "b f o"]  # of a face, as the renderer knows them (`moves.known_moves`); never an input

    @property
    def portrait(self) -> Float[Tensor, "b c 1 h w"]:
        return self.latents[:, :, :1]

    def given(self) -> Float[Tensor, "b c1 f h w"]:
        """The reference input of a whole clip."""
        return reference_channels(self.portrait, self.latents.shape[2], holds_portrait=True)


FIELDS = tuple(field.name for field in fields(ClipBatch))


class ClipBank(Protocol):
    """Where a stage draws clips from."""

    def draw(self, batch: int) -> ClipBatch:
        """Draw so many random clips."""
        ...


class LatentBuffer:
    """Ring of up to `capacity` clips in half precision; the oldest leave when it is full."""

    def __init__(
        self,
        capacity: int,
        device: torch.device,
        time_compression: int = 4,
        held: Mapping[str, Tensor] | None = None,
    ) -> None:
        """`held`: clips that fill it, as another buffer holds them."""
        self.capacity, self.device, self.time = capacity, device, time_compression
        self._held: dict[str, Tensor] = dict(held or {})
        self.filled = self.seen = len(held["latents"]) if held else 0

    def add(
        self,
        latents: Float[Tensor, "m c f h w"],
        audio: Float[Tensor, "m t a"],
        text: Float[Tensor, "m s e"],
        boxes: Float[Tensor, "m t 3 2"],
        size: int,
        moves: Float[Tensor, "m f o"],
        puppets: Bool[Tensor, " m"],
    ) -> None:
        """`audio`: features of t = 4f - 3 video frames. `boxes` in pixels of `size` pictures."""
        packed = pack_audio(audio, self.time)
        weight = self._weights(boxes, latents, size)
        rows = {"latents": latents, "audio": packed, "text": text, "weight": weight, "moves": moves}
        rows["puppets"] = puppets
        for name, value in rows.items():
            if name not in self._held:
                kind = torch.float16
                self._held[name] = torch.empty(self.capacity, *value.shape[1:], dtype=kind, device=self.device)
            for i in range(len(value)):
                self._held[name][(self.seen + i) % self.capacity].copy_(value[i])
        self.seen += len(latents)
        self.filled = min(self.seen, self.capacity)

    def draw(self, batch: int) -> ClipBatch:
        return self.take(torch.randint(0, self.filled, (batch,), device=self.device))

    def take(self, which: Tensor) -> ClipBatch:
        return ClipBatch(**{name: self._held[name][which].float() for name in FIELDS})

    def save(self, path: Path) -> None:
        """All clips held now, so that a later stage need not render and encode them again."""
        beside = path.with_suffix(".part")
        torch.save({name: value[: self.filled].cpu() for name, value in self._held.items()}, beside)
        beside.rename(path)

    @classmethod
    def load(cls, path: Path, device: torch.device, capacity: int = 0) -> "LatentBuffer":
        """The clips of a file, with room for more if `capacity` is above their number."""
        if not path.exists():
            raise ValueError(f"{path} is missing: run `livetalk train teacher` first, it encodes the clips")
        held = torch.load(path, map_location="cpu", mmap=True)
        clips = len(held["latents"])
        bank = cls(max(clips, capacity), device)
        for name, value in held.items():
            bank._held[name] = torch.empty(bank.capacity, *value.shape[1:], dtype=value.dtype, device=device)
            bank._held[name][:clips].copy_(value)
        bank.filled = bank.seen = clips
        return bank

    def enough(self, shares: Sequence[float]) -> int:
        """How many clips a bank of each of these shares of puppets can have, the same for all."""
        puppets = int((self._held["puppets"][: self.filled] > 0).sum())
        limits = [puppets / share for share in shares if share > 0]
        limits += [(self.filled - puppets) / (1 - share) for share in shares if share < 1]
        return int(min(limits))

    def mixed(self, share: float, clips: int) -> "LatentBuffer":
        """A bank of `clips` of these, `share` of them puppets, drawn. Raises ValueError if they are too few."""
        kinds = self._held["puppets"][: self.filled] > 0
        wanted = {True: round(share * clips), False: clips - round(share * clips)}
        found = {kind: torch.nonzero(kinds == kind)[:, 0] for kind in wanted}
        for kind, count in wanted.items():
            if len(found[kind]) < count:
                name = "puppets" if kind else "rendered heads"
                raise ValueError(f"{count} {name} are wanted and {len(found[kind])} are there: ask for fewer clips")
        picked = [which[torch.randperm(len(which), device=which.device)[: wanted[k]]] for k, which in found.items()]
        held = {name: value[torch.cat(picked)] for name, value in self._held.items()}
        return LatentBuffer(clips, self.device, self.time, held)

    @classmethod
    def joined(cls, banks: Sequence["LatentBuffer"]) -> "LatentBuffer":
        """One bank of the clips of several."""
        held = {name: torch.cat([each._held[name][: each.filled] for each in banks]) for name in banks[0]._held}
        return cls(len(held["latents"]), banks[0].device, banks[0].time, held)

    def _weights(self, boxes: Tensor, latents: Tensor, size: int) -> Tensor:
        """Loss weights of latent cells at the newest video frame of each latent frame, scaled to mean 1."""
        ends = boxes[:, :: self.time].to(self.device).float()
        weight = weight_map(ends, size, scale=size / 256, cell=size // latents.shape[-1])
        weight[:, :, 0] = 0
        return weight / weight[:, :, 1:].mean(dim=(1, 2, 3, 4), keepdim=True)


def drop_conditions(batch: ClipBatch, text: float, audio: float, both: float) -> ClipBatch:
    """Leave out conditions of some clips, as guidance will: zeros stand for none. Arguments are probabilities."""
    u = torch.rand(len(batch.text), device=batch.text.device)
    no_text = (u < text) | (u > 1 - both)
    no_audio = ((u >= text) & (u < text + audio)) | (u > 1 - both)
    keep_text, keep_audio = (~no_text).float()[:, None, None], (~no_audio).float()[:, None, None]
    return replace(batch, audio=batch.audio * keep_audio, text=batch.text * keep_text)
