"""Frame buffer on the training device: a ring of clips, refilled while training goes on, and crops of them.

Knows pixels and the boxes of eyes and mouth; not how clips were rendered and not what is trained on them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, UInt8
from torch import Tensor

# Half height and half width of what matters, in pixels at 256x256: eyes, then mouth.
EYE_BOX = (13, 20)
MOUTH_BOX = (22, 34)


@dataclass(frozen=True)
class FrameBatch:
    """Pixels in [-1, 1] and a weight a pixel: 1, and more around eyes and mouth.

    boxes: pixel centres (x, y) of left eye, right eye and mouth; NaN where there is no face.
    """

    pixels: Float[Tensor, "b 3 t h w"]
    weight: Float[Tensor, "b 1 t h w"]
    boxes: Float[Tensor, "b t 3 2"]

    def first(self, n: int) -> "FrameBatch":
        return FrameBatch(self.pixels[:n], self.weight[:n], self.boxes[:n])


class FrameBuffer:
    """Ring of up to `capacity` clips of frames and boxes on one device; the oldest leave when it is full."""

    def __init__(self, capacity: int, frames: int, size: int, device: torch.device) -> None:
        self.capacity, self.filled, self.seen = capacity, 0, 0
        self.frames = torch.empty(capacity, frames, size, size, 3, dtype=torch.uint8, device=device)
        self.boxes = torch.empty(capacity, frames, 3, 2, device=device)

    def add(self, frames: UInt8[Tensor, "m t h w 3"], boxes: Float[Tensor, "m t 3 2"]) -> None:
        """Copy in clips; boxes are pixel centres (x, y) of left eye, right eye, mouth."""
        for i in range(len(frames)):
            slot = self.seen % self.capacity
            self.frames[slot].copy_(frames[i], non_blocking=True)
            self.boxes[slot].copy_(boxes[i].float(), non_blocking=True)
            self.seen += 1
            self.filled = min(self.seen, self.capacity)

    def whole(self, batch: int, length: int) -> FrameBatch:
        """`batch` random stretches of `length` frames, full picture."""
        clips, times = self._draw(batch, length)
        return self._taken(clips, times)

    def stretches(self, batch: int, length: int, portrait: float = 0.75) -> FrameBatch:
        """`batch` random stretches of `length` frames, each behind one frame of the same clip that is its portrait.

        portrait: share of clips whose portrait is the clip's first frame, as in serving; any frame for the others.
        """
        device, frames = self.frames.device, self.frames.shape[1]
        clips, times = self._draw(batch, length)
        drawn = torch.rand(batch, 1, device=device) >= portrait
        first = torch.randint(0, frames, (batch, 1), device=device) * drawn
        return self._taken(clips, torch.cat([first, times], 1))

    def _draw(self, batch: int, length: int) -> tuple[Tensor, Tensor]:
        device = self.frames.device
        clips = torch.randint(0, self.filled, (batch,), device=device)
        start = torch.randint(0, self.frames.shape[1] - length + 1, (batch, 1), device=device)
        return clips, start + torch.arange(length, device=device)

    def _taken(self, clips: Tensor, times: Tensor) -> FrameBatch:
        taken, boxes = self.frames[clips[:, None], times], self.boxes[clips[:, None], times]
        pixels, size = rearrange(taken, "b t h w c -> b c t h w").float() / 127.5 - 1, self.frames.shape[2]
        return FrameBatch(pixels, weight_map(boxes, size, scale=size / 256), boxes)


def weight_map(boxes: Float[Tensor, "b t 3 2"], size: int, scale: float = 1.0, cell: int = 1) -> Tensor:
    """[b 1 t h w]: 1, plus 3 inside the mouth box and 2 inside the eye boxes. `cell` pixels make one entry."""
    centre = (torch.arange(size // cell, device=boxes.device) + 0.5) * cell
    total = torch.ones(*boxes.shape[:2], len(centre), len(centre), device=boxes.device)
    for part, (box, gain) in enumerate(((EYE_BOX, 2.0), (EYE_BOX, 2.0), (MOUTH_BOX, 3.0))):
        near_y = (centre - boxes[:, :, part, 1, None]).abs() < box[0] * scale + cell / 2
        near_x = (centre - boxes[:, :, part, 0, None]).abs() < box[1] * scale + cell / 2
        total += gain * (near_y[..., :, None] & near_x[..., None, :])
    return total[:, None]


def recolour(batch: FrameBatch) -> FrameBatch:
    """Flip, mix and shift colours a little, per clip: so that light and cameras vary more than the renderer does."""
    b, device = len(batch.pixels), batch.pixels.device
    mix = torch.eye(3, device=device) + 0.08 * torch.randn(b, 3, 3, device=device)
    gain = torch.exp(0.15 * torch.randn(b, 1, 1, 1, 1, device=device))
    shift = 0.1 * torch.randn(b, 3, 1, 1, 1, device=device)
    pixels = torch.einsum("bij,bjthw->bithw", mix, batch.pixels) * gain + shift
    if torch.rand(()) < 0.5:
        boxes = torch.stack([pixels.shape[-1] - batch.boxes[..., 0], batch.boxes[..., 1]], -1)
        return FrameBatch(pixels.flip(-1).clamp(-1, 1), batch.weight.flip(-1), boxes)
    return FrameBatch(pixels.clamp(-1, 1), batch.weight, batch.boxes)


class Photos:
    """Short pans over still pictures: what keeps the codec honest on textures that no renderer makes."""

    def __init__(self, pictures: Iterable[UInt8[Tensor, "h w 3"]], device: torch.device) -> None:
        self.pictures = [rearrange(p.to(device), "h w c -> 1 c h w").float() / 127.5 - 1 for p in pictures]

    def pan(self, batch: int, length: int, size: int) -> FrameBatch:
        """`batch` pans of `length` frames: each a picture seen through a slowly moving, turning, zooming window."""
        device = self.pictures[0].device
        clips = []
        for _ in range(batch):
            picture = self.pictures[int(torch.randint(0, len(self.pictures), ()))]
            zoom = min(1.0, size / min(picture.shape[-2:])) * float(torch.empty(()).uniform_(0.6, 1.8))
            zoom = min(zoom, 0.95)
            start, drift = (torch.rand(2) * 2 - 1) * (1 - zoom), torch.randn(2) * 0.03
            turn, spin = torch.randn(()) * 0.2, torch.randn(()) * 0.04
            along = torch.linspace(0, 1, length)
            angle = turn + spin * along
            theta = torch.zeros(length, 2, 3)
            theta[:, 0, 0], theta[:, 0, 1] = zoom * angle.cos(), -zoom * angle.sin()
            theta[:, 1, 0], theta[:, 1, 1] = zoom * angle.sin(), zoom * angle.cos()
            theta[:, :, 2] = start + drift * along[:, None]
            grid = F.affine_grid(theta.to(device), [length, 3, size, size], align_corners=False)
            moved = F.grid_sample(
                picture.expand(length, -1, -1, -1), grid, padding_mode="reflection", align_corners=False
            )
            clips.append(rearrange(moved, "t c h w -> c t h w"))
        pixels = torch.stack(clips)
        nowhere = torch.full((batch, length, 3, 2), torch.nan, device=device)
        return FrameBatch(pixels, torch.ones_like(pixels[:, :1]), nowhere)


def join(*batches: FrameBatch) -> FrameBatch:
    pixels, weight, boxes = (torch.cat([getattr(b, n) for b in batches]) for n in ("pixels", "weight", "boxes"))
    return FrameBatch(pixels, weight, boxes)


Refill = Callable[[FrameBuffer], int]
"""Adds newly rendered clips, if there are any, and says how many."""
