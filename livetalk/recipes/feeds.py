"""Training feeds: frames for the codec and encoded clips for the transformers, read from rendered shards.

Reads shards while processes elsewhere (`data.pool`) still render. Knows files and encoders; no losses.
"""

import queue
import random
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from livetalk.codec.portrait import PortraitCodec
from livetalk.conditions.lids import blinks_of, with_lids
from livetalk.conditions.text_tiny import TextEncoder
from livetalk.data.arkit import INDEX
from livetalk.data.features import FeatureDataset
from livetalk.data.pool import Shard, read_shards
from livetalk.data.puppets.portraits import open_portraits
from livetalk.recipes.codec.frames import FrameBuffer
from livetalk.recipes.distill.clips import ClipBatch, LatentBuffer
from livetalk.recipes.distill.held_out import FOLDERS
from livetalk.recipes.distill.moves import known_moves
from livetalk.recipes.run import encode_clips
from livetalk.training.distributed import Distributed


def dealt(folder: Path, seen: set[str], world: Distributed) -> Iterator[Shard]:
    """New shards of a folder that are this process's, dealt out by their numbers.

    As by chance: dealt in turn, one of two processes would get all puppets, which hold every other number.
    """
    for shard in read_shards(folder, seen):
        if zlib.crc32(shard.path.stem.encode()) % world.size == world.rank:
            yield shard


def frames_from(folder: Path, delete: bool = False, world: Distributed | None = None) -> Callable[[FrameBuffer], int]:
    """A refill of a ring of frames: whatever shards are new. `delete` frees their place in the folder."""
    seen: set[str] = set()

    def refill(ring: FrameBuffer) -> int:
        added = 0
        for shard in dealt(folder, seen, world or Distributed()):
            ring.add(torch.from_numpy(np.array(shard.frames)), torch.from_numpy(shard.boxes.astype(np.float32)))
            added += len(shard)
            if delete:
                shard.delete()
        return added

    return refill


class ReadAhead:
    """Shards of a folder read by a thread into memory that the device can fetch from, up to two ahead of their use."""

    def __init__(self, folder: Path, pinned: bool, world: Distributed) -> None:
        self._folder, self._pinned, self._world = folder, pinned, world
        self._ready: queue.Queue[tuple[Shard, Tensor]] = queue.Queue(maxsize=2)
        threading.Thread(target=self._read, name="shards", daemon=True).start()

    def take(self, most: int) -> Iterator[tuple[Shard, Tensor]]:
        """Shards that are ready now, at most `most`, with their frames; never waits."""
        for _ in range(most):
            try:
                yield self._ready.get_nowait()
            except queue.Empty:
                return

    def _read(self) -> None:
        seen: set[str] = set()
        while True:
            for shard in dealt(self._folder, seen, self._world):
                frames = torch.empty(shard.frames.shape, dtype=torch.uint8, pin_memory=self._pinned)
                frames.numpy()[:] = shard.frames
                self._ready.put((shard, frames))
            time.sleep(0.1)


class ClipEncoder:
    """Frozen encoders that turn a shard into rows of a bank."""

    def __init__(self, codec: PortraitCodec, text: TextEncoder, speech: FeatureDataset, device: torch.device) -> None:
        self.codec = codec.to(device).channels_last().eval()
        self.text, self.speech, self.device = text.to(device).eval(), speech, device

    @torch.no_grad()
    def add(self, bank: LatentBuffer, shard: Shard, frames: Tensor | None = None, recolour: bool = True) -> None:
        """Encode all clips of a shard into the bank; `frames` are the shard's, if they have been read."""
        frames = torch.from_numpy(np.array(shard.frames)) if frames is None else frames
        latents = encode_clips(self.codec, frames, self.device, recolour)
        boxes = torch.from_numpy(shard.boxes.astype(np.float32))
        text, size = self.text.encode(list(shard.prompt)), shard.frames.shape[2]
        puppets = torch.from_numpy(shard.puppet)
        bank.add(latents, self._audio(shard), text, boxes, size, _moves(shard), puppets)

    def _audio(self, shard: Shard) -> Float[Tensor, "m t a"]:
        entry, start = (torch.from_numpy(x.astype(np.int64)) for x in (shard.utterance, shard.start_frame))
        rows = self.speech.gather(entry, start, shard.frames.shape[1])
        return with_lids(rows, _lids(shard))

    def refill_from(
        self, folder: Path, most: int = 4, delete: bool = True, world: Distributed | None = None
    ) -> Callable[[LatentBuffer], int]:
        """A refill of a bank: at most `most` new shards a call, so that training is not held up."""
        ahead = ReadAhead(folder, self.device.type == "cuda", world or Distributed())

        def refill(bank: LatentBuffer) -> int:
            added = 0
            for shard, frames in ahead.take(most):
                self.add(bank, shard, frames)
                added += len(shard)
                if delete:
                    shard.delete()
            return added

        return refill

    def held_out(self, folder: Path, clips: int = 16) -> ClipBatch:
        """The first held-out clips found in a folder of shards, colours as rendered."""
        bank = LatentBuffer(clips, self.device)
        for shard in read_shards(folder):
            self.add(bank, shard, recolour=False)
            if bank.seen >= clips:
                break
        if not bank.filled:
            raise ValueError(f"no held-out shards in {folder}")
        return bank.take(torch.arange(bank.filled))


def _moves(shard: Shard) -> Float[Tensor, "m f o"]:
    pursed = _shapes(shard, "mouthFunnel", "mouthPucker").sum(-1)
    smile = _shapes(shard, "mouthSmileLeft", "mouthSmileRight") - _shapes(shard, "mouthFrownLeft", "mouthFrownRight")
    brows = _shapes(shard, "browInnerUp") - _shapes(shard, "browDownLeft", "browDownRight")
    tracks = shard.opening.astype(np.float32), pursed, _lids(shard), smile.mean(-1), brows.mean(-1)
    return known_moves(*(torch.from_numpy(track) for track in tracks))


def _lids(shard: Shard) -> Float[np.ndarray, "m t"]:
    return blinks_of(_shapes(shard, "eyeBlinkLeft", "eyeBlinkRight"))


def _shapes(shard: Shard, *names: str) -> Float[np.ndarray, "m t o"]:
    return shard.weights[:, :, [INDEX[name] for name in names]].astype(np.float32)


def held_out_frames(run: Path, frames: int, size: int, device: torch.device, clips: int = 16) -> dict[str, FrameBuffer]:
    """The run's held-out clips as they were rendered, by kind; empty if there are none."""
    rings = {}
    for kind, name in FOLDERS.items():
        ring = FrameBuffer(clips, frames, size, device)
        if frames_from(run / name)(ring):
            rings[kind] = ring
    return rings


def load_pictures(source: Path) -> list[Tensor]:
    """Photographs [h w 3] u8 in random order: of a folder, or those of a pack of fitted portraits to be trained on."""
    from PIL import Image

    if source.is_file():
        portraits = [portrait for portrait in open_portraits(source) if not portrait.held_out]
        random.Random(0).shuffle(portraits)
        return [torch.from_numpy(portrait.photograph.copy()) for portrait in portraits]
    paths = sorted(p for p in source.iterdir() if p.suffix.lower() in (".png", ".jpg", ".jpeg"))
    random.Random(0).shuffle(paths)
    return [torch.from_numpy(np.array(Image.open(p).convert("RGB"))) for p in paths]
