"""Clips as the transformer sees them: latents, packed speech, prompt tokens and weights, held on the training device.

The bank grows while training goes on. Knows tensors; not how clips were rendered, encoded or will be used.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from jaxtyping import Float
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

    @property
    def portrait(self) -> Float[Tensor, "b c 1 h w"]:
        return self.latents[:, :, :1]

    def given(self) -> Float[Tensor, "b c1 f h w"]:
        """The reference input of a whole clip."""
        return reference_channels(self.portrait, self.latents.shape[2], holds_portrait=True)


class ClipBank(Protocol):
    """Where a stage draws clips from."""

    def draw(self, batch: int) -> ClipBatch:
        """Draw so many random clips."""
        ...


class LatentBuffer:
    """Ring of up to `capacity` clips in half precision; the oldest leave when it is full."""

    def __init__(self, capacity: int, device: torch.device, time_compression: int = 4) -> None:
        self.capacity, self.device, self.time = capacity, device, time_compression
        self.filled = self.seen = 0
        self._held: dict[str, Tensor] = {}

    def add(
        self,
        latents: Float[Tensor, "m c f h w"],
        audio: Float[Tensor, "m t a"],
        text: Float[Tensor, "m s e"],
        boxes: Float[Tensor, "m t 3 2"],
        size: int,
    ) -> None:
        """`audio`: features of t = 4f - 3 video frames. `boxes` in pixels of `size` pictures."""
        packed = pack_audio(audio, self.time)
        rows = {"latents": latents, "audio": packed, "text": text, "weight": self._weights(boxes, latents, size)}
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
        latents, audio, text, weight = (self._held[n][which].float() for n in ("latents", "audio", "text", "weight"))
        return ClipBatch(latents, audio, text, weight)

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
    return ClipBatch(batch.latents, batch.audio * keep_audio, batch.text * keep_text, batch.weight)
