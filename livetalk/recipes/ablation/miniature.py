"""Miniature of the ablation: drawn mouths instead of faces, small enough for a processor; what CI runs.

Curated clips are mouths that open with their speech; raw ones are the same, roughened as a crawler finds them: dim,
blurred, and with the sound too early.
"""

from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from livetalk.presets import MINIATURE
from livetalk.recipes.codec.frames import FrameBuffer
from livetalk.recipes.config import Budget, CodecTraining, TeacherTraining
from livetalk.recipes.context import RunContext
from livetalk.recipes.distill.clips import LatentBuffer
from livetalk.recipes.distill.held_out import FILE, HEADS, HeldOut
from livetalk.recipes.distill.moves import MOVES, known_moves
from livetalk.recipes.run import encode_clips, load_codec, train_codec, train_teacher
from livetalk.training.distributed import Distributed

CLIPS, HELD_OUT = 12, 2
LATE = 6  # frames by which the mouths of raw clips come after their sound
CODEC_STEPS, TEACHER_STEPS = 40, 60


def prepare(folder: Path, world: Distributed) -> None:
    """Train codec and teacher on drawn mouths, and encode both kinds of clips, unless they are there."""
    if (folder / FILE).exists():
        return
    size, frames = MINIATURE.geometry.size, MINIATURE.geometry.frames_of(MINIATURE.training_latents)
    torch.manual_seed(0)
    opening = functional.interpolate(torch.rand(CLIPS + HELD_OUT, 1, frames // 4), frames, mode="linear")[:, 0]
    clean = drawn_mouths(opening, size)
    late = torch.cat([opening[:, :1].expand(-1, LATE), opening[:, :-LATE]], 1)
    boxes = torch.tensor([[24.0, 20.0], [40.0, 20.0], [32.0, 40.0]]).expand(len(opening), frames, 3, 2)
    ring = FrameBuffer(CLIPS, frames, size, world.device)
    ring.add(clean[:CLIPS], boxes[:CLIPS])
    train_codec(RunContext(MINIATURE, folder, Budget(steps=CODEC_STEPS), world), ring, CodecTraining(batch=8))
    text = torch.randn(len(opening), MINIATURE.text_tokens, MINIATURE.dit.text_dim)
    codec = load_codec(MINIATURE, folder).to(world.device)

    def encoded(pictures: Tensor, which: slice) -> LatentBuffer:
        bank = LatentBuffer(len(pictures[which]), world.device)
        latents = encode_clips(codec, pictures[which], world.device, recolour=False)
        audio = functional.pad(opening[which][..., None] * 2 - 1, (0, MINIATURE.dit.audio_dim - 1))
        moves = known_moves(opening[which], *(len(MOVES) - 1) * (0 * opening[which],))
        bank.add(latents, audio, text[which], boxes[which], size, moves, torch.zeros(len(latents), dtype=torch.bool))
        return bank

    curated, raw = encoded(clean, slice(CLIPS)), encoded(roughened(drawn_mouths(late, size)), slice(CLIPS))
    curated.save(folder / "bank_curated.pt")
    raw.save(folder / "bank_raw.pt")
    held_out = HeldOut({HEADS: encoded(clean, slice(CLIPS, None)).take(torch.arange(HELD_OUT))}, {})
    context = RunContext(MINIATURE, folder, Budget(steps=TEACHER_STEPS), world, held_out)
    train_teacher(context, curated, TeacherTraining(batch=4, show_steps=2))
    held_out.save(folder / FILE)


def drawn_mouths(opening: Float[Tensor, "n t"], size: int) -> UInt8[Tensor, "n t h w 3"]:
    """Clips of a dark mouth that opens with `opening`, on a ground of one colour each."""
    colours = torch.rand(len(opening), 1, 1, 1, 3) * 120 + 80
    rows, columns = torch.arange(size).view(1, 1, -1, 1, 1), torch.arange(size).view(1, 1, 1, -1, 1)
    height = size / 32 * (1 + 4 * opening[:, :, None, None, None])
    inside = ((rows - 0.625 * size).abs() < height) & ((columns - size / 2).abs() < 0.16 * size)
    return torch.where(inside, torch.tensor(20.0), colours.expand(-1, opening.shape[1], size, size, -1)).byte()


def roughened(clips: UInt8[Tensor, "n t h w 3"]) -> UInt8[Tensor, "n t h w 3"]:
    """The same clips dim, and blurred to a quarter of their resolution."""
    n, t, h, w, _ = clips.shape
    flat = clips.permute(0, 1, 4, 2, 3).reshape(n * t, 3, h, w).float()
    soft = functional.interpolate(functional.avg_pool2d(flat, 4), (h, w), mode="bilinear")
    return (0.5 * soft).reshape(n, t, 3, h, w).permute(0, 1, 3, 4, 2).byte()
