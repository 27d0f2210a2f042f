"""Recipe runs, one function a stage: its inputs, and the files that it leaves for the next one.

A run is a folder: `codec.safetensors`, `teacher.safetensors`, `ode.safetensors`, `student.safetensors`, a folder of
checkpoints, metrics and samples beside each, and `bank.pt`, the encoded clips. Every stage goes on from its last
checkpoint after a kill. Knows presets and files; losses are the stages' business.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import torch
from einops import rearrange
from torch import Tensor, nn

from livetalk.codec.portrait import PortraitCodec
from livetalk.dit.audio import with_lids_unheard
from livetalk.dit.model import DiT
from livetalk.presets import Preset
from livetalk.recipes.codec.finish import FinishBank, FinishStage
from livetalk.recipes.codec.frames import FrameBuffer, Photos, recolour
from livetalk.recipes.codec.losses import to_bytes
from livetalk.recipes.codec.stage import CodecStage
from livetalk.recipes.config import CodecTraining, DmdTraining, FinishTraining, OdeTraining, TeacherTraining
from livetalk.recipes.context import RunContext
from livetalk.recipes.distill.clips import ClipBank, ClipBatch, LatentBuffer
from livetalk.recipes.distill.dmd import DmdStage
from livetalk.recipes.distill.held_out import HeldOut
from livetalk.recipes.distill.moves import MoveReader, fit_move_reader
from livetalk.recipes.distill.ode import OdeStage, make_trajectories
from livetalk.recipes.distill.teacher import TeacherStage
from livetalk.training import rng
from livetalk.training.distributed import Distributed
from livetalk.training.loop import RunReport, run
from livetalk.training.precision import autocast, maybe_compile
from livetalk.training.progress import ProgressLine
from livetalk.training.stage import Preview, Stage
from livetalk.weights import load_mean, save_tensors


class TrainedStage(Stage, Protocol):
    """A stage that leaves weights."""

    def finish(self) -> nn.Module:
        """The network as it is kept."""
        ...


def train_stage(stage: TrainedStage, name: str, context: RunContext, kept: str) -> RunReport:
    """Runs a stage within its budget; checkpoints, metrics and samples lie in folder `name`, weights in file `kept`."""
    report = run(stage, context.budget.loop(name), context.folder / name, context.world)
    if context.world.is_main:
        save_weights(stage.finish(), context.folder / f"{kept}.safetensors")
    return report


def train_codec(
    context: RunContext,
    ring: FrameBuffer,
    training: CodecTraining = CodecTraining(),  # noqa: B008 - frozen, here and below
    *,
    photos: Photos | None = None,
    refill: Callable[[FrameBuffer], int] | None = None,
    start: Path | None = None,
    held_out: Mapping[str, FrameBuffer] | None = None,
) -> RunReport:
    """Leaves `codec.safetensors` with latent statistics measured on the ring. `start`: weights to go on from.

    With `training.decoder_only` the codec of `start` keeps its latents, its decoder is trained on.
    """
    codec = context.preset.build_codec()
    if training.decoder_only and start is None:
        raise ValueError("--decoder-only needs --start: give the codec whose latents are to stay")
    if start is not None:
        codec.load_state_dict(_read(start))
    return train_stage(CodecStage(codec, ring, training, context, photos, refill, held_out), "codec", context, "codec")


def train_finish(
    context: RunContext,
    ring: FrameBuffer,
    start: Path,
    training: FinishTraining = FinishTraining(),  # noqa: B008
) -> RunReport:
    """Leaves `codec.safetensors`: the codec of `start` with new last layers, trained on stretches of the ring."""
    codec, device = context.preset.build_codec(), context.world.device
    codec.load_state_dict(_read(start))
    codec.to(device).channels_last()
    bank = FinishBank(training.stretches, training.length, ring.frames.shape[2], codec.config.mid, device)
    while bank.filled < bank.capacity:
        bank.add(codec, recolour(ring.stretches(2, training.length)), training.noise)
    return train_stage(FinishStage(codec, bank, training, context), "finish", context, "codec")


def train_teacher(
    context: RunContext,
    bank: LatentBuffer,
    training: TeacherTraining = TeacherTraining(),  # noqa: B008
    refill: Callable[[LatentBuffer], int] | None = None,
    start: Path | None = None,
) -> RunReport:
    """Leaves `teacher.safetensors`. `start`: weights to go on from, floats or a bundle."""
    context = with_show(context)
    model = DiT(context.preset.dit) if start is None else load_dit(context.preset, start)
    reader = _move_reader(bank, training.moves, context.world)
    stage = TeacherStage(model, bank, training, context, refill, reader)
    return train_stage(stage, "teacher", context, "teacher")


def train_ode(
    context: RunContext,
    bank: ClipBank,
    training: OdeTraining = OdeTraining(),  # noqa: B008
    start: Path | None = None,
) -> RunReport:
    """Makes trajectories of the run's teacher, then leaves `ode.safetensors`. `start`: a student, not the teacher."""
    preset, folder, world = context.preset, context.folder, context.world
    teacher = load_dit(preset, folder / "teacher.safetensors").to(world.device).eval()
    student = load_dit(preset, start or folder / "teacher.safetensors")
    for block in teacher.blocks:
        maybe_compile(block, context.compiled)
    rng.seed(world.seed(0))  # else every process would walk the same walks
    line = ProgressLine("trajectories", speak=world.is_main)
    trajectories = make_trajectories(teacher, bank, training, preset, line)
    context = with_show(context)
    stage = OdeStage(student, trajectories, training, context, _move_reader(bank, training.moves, world))
    return train_stage(stage, "ode", context, "ode")


def train_dmd(
    context: RunContext,
    bank: ClipBank,
    training: DmdTraining = DmdTraining(),  # noqa: B008
    start: Path | None = None,
) -> RunReport:
    """Student from `ode.safetensors` or `start`, critic from the teacher; leaves `student.safetensors`."""
    preset, folder = context.preset, context.folder
    student = load_dit(preset, start or folder / "ode.safetensors")
    teacher, critic = (load_dit(preset, folder / "teacher.safetensors") for _ in range(2))
    context = with_show(context)
    reader = _move_reader(bank, training.moves, context.world)
    stage = DmdStage(student, teacher, critic, bank, training, context, reader)
    return train_stage(stage, "dmd", context, "student")


def _move_reader(bank: ClipBank, pull: float, world: Distributed) -> MoveReader | None:
    """A reader for a stage whose moves are pulled; each process's is of its own clips."""
    return fit_move_reader(bank, world.device) if pull else None


def with_show(context: RunContext) -> RunContext:
    """The run with samples drawn by its codec."""
    codec = load_codec(context.preset, context.folder)
    return replace(context, show=shower(codec, context.world, context.held_out))


def save_weights(module: nn.Module, path: Path) -> None:
    """The state of `module`, whole or not at all: a killed run leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_tensors(path, module.state_dict())


def load_dit(preset: Preset, path: Path) -> DiT:
    model = DiT(preset.dit)
    model.load_state_dict(with_lids_unheard(_read(path), preset.dit))
    return model


def load_codec(preset: Preset, out: Path) -> PortraitCodec:
    codec = preset.build_codec()
    codec.load_state_dict(_read(out / "codec.safetensors"))
    return codec.eval().requires_grad_(False)


def _read(path: Path) -> dict[str, Tensor]:
    if not path.exists():
        raise ValueError(f"{path} is missing: run the stage `livetalk train {path.stem}` first")
    return load_mean([path])


def shower(
    codec: PortraitCodec, world: Distributed, held_out: HeldOut | None = None
) -> Callable[[Path, Tensor, ClipBatch], Preview]:
    """Draws made latents under true ones: eight moments a row, truth above, a pair of rows a clip.

    The portraits are those of `held_out`; without them the codec shows the coarse picture that its first latent says.
    """
    codec, portraits = codec.to(world.device), None if held_out is None else held_out.few_portraits()

    def decoded(latents: Tensor) -> Tensor:
        n = len(latents)
        seen = None if portraits is None or len(portraits) != n else portraits.to(world.device)
        return codec.step(latents.to(world.device), codec.start(n, world.device, portrait=seen))[0].float()

    def show(folder: Path, made: Tensor, clips: ClipBatch) -> Preview:
        from PIL import Image

        with torch.no_grad(), autocast(world.device):
            pixels, truth = decoded(made), decoded(clips.latents)
        moments = torch.linspace(0, pixels.shape[2] - 1, 8).long()
        sheet = rearrange(torch.stack([truth, pixels])[:, :, :, moments], "k b c t h w -> (b k h) (t w) c")
        Image.fromarray(to_bytes(sheet)).save(folder / "made.jpg", quality=90)
        return Preview({}, to_bytes(rearrange(pixels, "b c t h w -> b t h w c")))

    return show


@torch.no_grad()
def encode_clips(codec: PortraitCodec, frames: Tensor, device: torch.device, recolour: bool = True) -> Tensor:
    """u8 frames [m t h w 3] -> normalised latents [m c f h w]; half of the clips in other light and colours."""
    pixels = frames.to(device, non_blocking=True)
    pixels = rearrange(pixels, "m t h w c -> m c t h w").float() / 127.5 - 1
    if recolour:
        m = len(pixels)
        chosen = (torch.rand(m, device=device) < 0.5).float().view(m, 1, 1, 1, 1)
        mix = torch.eye(3, device=device) + 0.06 * torch.randn(m, 3, 3, device=device)
        gain = torch.exp(0.15 * torch.randn(m, 1, 1, 1, 1, device=device))
        moved = torch.einsum("bij,bjthw->bithw", mix, pixels) * gain
        moved = moved + 0.08 * torch.randn(m, 3, 1, 1, 1, device=device)
        pixels = torch.lerp(pixels, moved, chosen).clamp(-1, 1)
    with autocast(device):
        return torch.cat([codec.encode(part) for part in pixels.split(4)]).float()
