"""The whole recipe, stage by stage: what each needs, where it leaves what the next one needs.

A run is a folder: `codec.safetensors`, `teacher.safetensors`, `ode.safetensors`, `student.safetensors`, a folder of
checkpoints, metrics and samples beside each, and `bank.pt`, the encoded clips. Every stage goes on from its last
checkpoint after a kill. Knows presets and files; losses are the stages' business.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from einops import rearrange
from torch import Tensor, nn

from livetalk.codec.portrait import PortraitCodec
from livetalk.dit.model import DiT
from livetalk.flow.schedule import ladder
from livetalk.performer.rollout import DenoisingSteps, denoising_steps
from livetalk.presets import Preset
from livetalk.recipes.codec.finish import FinishBank, FinishStage, FinishTraining
from livetalk.recipes.codec.frames import FrameBuffer, Photos, recolour
from livetalk.recipes.codec.losses import to_bytes
from livetalk.recipes.codec.stage import CodecStage, CodecTraining
from livetalk.recipes.distill.clips import ClipBatch, LatentBuffer
from livetalk.recipes.distill.dmd import DmdStage, DmdTraining
from livetalk.recipes.distill.held_out import HeldOut
from livetalk.recipes.distill.ode import OdeStage, OdeTraining, make_trajectories
from livetalk.recipes.distill.teacher import TeacherStage, TeacherTraining
from livetalk.training import rng
from livetalk.training.distributed import Distributed
from livetalk.training.loop import RunReport, run
from livetalk.training.precision import autocast, maybe_compile
from livetalk.training.stage import LoopConfig, Preview
from livetalk.weights import load_mean, save_tensors


@dataclass(frozen=True)
class Budget:
    """When a stage ends: steps, seconds, or whichever comes first."""

    steps: int | None = None
    seconds: float | None = None
    checkpoint_every_s: float = 120.0
    sample_every_s: float = 300.0
    stop_after_s: float | None = None  # of this call, which ends with a checkpoint to go on from
    until: float | None = None  # time.time() by which this call ends; the budget itself if there is no other

    def loop(self, title: str) -> LoopConfig:
        """The loop's settings, from now on: what went before, such as waiting for clips, is off the clock."""
        seconds, stop_after = self.seconds, self.stop_after_s
        if self.until is not None:
            left = max(1.0, self.until - time.time())
            if self.steps is None and seconds is None:
                seconds = left
            else:
                stop_after = left if stop_after is None else min(stop_after, left)
        return LoopConfig(
            title=title,
            steps=self.steps,
            seconds=seconds,
            checkpoint_every_s=self.checkpoint_every_s,
            sample_every_s=self.sample_every_s,
            stop_after_s=stop_after,
            tensorboard=_has_tensorboard(),
        )


def train_codec(
    preset: Preset,
    out: Path,
    budget: Budget,
    world: Distributed,
    ring: FrameBuffer,
    photos: Photos | None = None,
    refill: Callable[[FrameBuffer], int] | None = None,
    compiled: bool = False,
    start: Path | None = None,
    training: CodecTraining | None = None,
    held_out: Mapping[str, FrameBuffer] | None = None,
) -> RunReport:
    """Leaves `codec.safetensors` with latent statistics measured on the ring. `start`: weights to go on from.

    With `training.decoder_only` the codec of `start` keeps its latents, its decoder is trained on.
    """
    training = training or CodecTraining()
    codec = preset.build_codec()
    if training.decoder_only and start is None:
        raise ValueError("--decoder-only needs --start: give the codec whose latents are to stay")
    if start is not None:
        codec.load_state_dict(_read(start))
    stage = CodecStage(codec, ring, training, world, photos, refill, compiled, held_out)
    report = run(stage, budget.loop("codec"), out / "codec", world)
    if world.is_main:
        save_weights(stage.finish(), out / "codec.safetensors")
    return report


def train_finish(
    preset: Preset,
    out: Path,
    budget: Budget,
    world: Distributed,
    ring: FrameBuffer,
    start: Path,
    stretches: int = 400,
    training: FinishTraining | None = None,
) -> RunReport:
    """Leaves `codec.safetensors`: the codec of `start` with new last layers, from so many stretches of the ring."""
    training = training or FinishTraining()
    codec = preset.build_codec()
    codec.load_state_dict(_read(start))
    codec.to(world.device).channels_last()
    size, width = ring.frames.shape[2], preset.codec.mid
    bank = FinishBank(stretches, training.length, size, width, world.device)
    while bank.filled < bank.capacity:
        bank.add(codec, recolour(ring.stretches(2, training.length)), training.noise)
    stage = FinishStage(codec, bank, training, world)
    report = run(stage, budget.loop("finish"), out / "finish", world)
    if world.is_main:
        save_weights(stage.finish(), out / "codec.safetensors")
    return report


def train_teacher(
    preset: Preset,
    out: Path,
    budget: Budget,
    world: Distributed,
    bank: LatentBuffer,
    config: TeacherTraining | None = None,
    refill: Callable[[LatentBuffer], int] | None = None,
    held_out: HeldOut | None = None,
    compiled: bool = False,
    start: Path | None = None,
) -> RunReport:
    """Leaves `teacher.safetensors`. `start`: weights to go on from, floats or a bundle."""
    config = config or replace(TeacherTraining(), shift=preset.shift)
    show = shower(load_codec(preset, out), world, held_out)
    model = DiT(preset.dit) if start is None else load_dit(preset, start)
    stage = TeacherStage(model, bank, config, world, refill, show, held_out, compiled)
    report = run(stage, budget.loop("teacher"), out / "teacher", world)
    if world.is_main:
        save_weights(stage.finish(), out / "teacher.safetensors")
    return report


def train_ode(
    preset: Preset,
    out: Path,
    budget: Budget,
    world: Distributed,
    bank: LatentBuffer,
    config: OdeTraining | None = None,
    held_out: HeldOut | None = None,
    compiled: bool = False,
    batch: int = 64,
    start: Path | None = None,
) -> RunReport:
    """Makes trajectories of the run's teacher, then leaves `ode.safetensors`. `start`: a student, not the teacher."""
    config = config or replace(OdeTraining(), shift=preset.shift, teacher_steps=preset.teacher_steps)
    steps = student_ladder(preset)
    teacher = load_dit(preset, out / "teacher.safetensors").to(world.device).eval()
    student = load_dit(preset, start or out / "teacher.safetensors")
    for block in teacher.blocks:
        maybe_compile(block, compiled)
    rng.seed(world.seed(0))  # else every process would walk the same walks
    trajectories = make_trajectories(teacher, bank, config, steps, batch)
    show = shower(load_codec(preset, out), world, held_out)
    stage = OdeStage(student, trajectories, preset.geometry, steps, config, world, show, held_out, compiled)
    report = run(stage, budget.loop("ode"), out / "ode", world)
    if world.is_main:
        save_weights(stage.finish(), out / "ode.safetensors")
    return report


def train_dmd(
    preset: Preset,
    out: Path,
    budget: Budget,
    world: Distributed,
    bank: LatentBuffer,
    config: DmdTraining | None = None,
    held_out: HeldOut | None = None,
    compiled: bool = False,
    start: Path | None = None,
) -> RunReport:
    """Student from `ode.safetensors` or `start`, critic from the teacher; leaves `student.safetensors`."""
    config = config or replace(DmdTraining(), shift=preset.shift)
    student = load_dit(preset, start or out / "ode.safetensors")
    teacher, critic = (load_dit(preset, out / "teacher.safetensors") for _ in range(2))
    show = shower(load_codec(preset, out), world, held_out)
    stage = DmdStage(
        student, teacher, critic, bank, preset.geometry, student_ladder(preset), config, world, show, held_out, compiled
    )
    report = run(stage, budget.loop("dmd"), out / "dmd", world)
    if world.is_main:
        save_weights(stage.finish(), out / "student.safetensors")
    return report


def student_ladder(preset: Preset) -> DenoisingSteps:
    return denoising_steps(ladder(preset.steps, preset.shift))


def save_weights(module: nn.Module, path: Path) -> None:
    """The state of `module`, whole or not at all: a killed run leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_tensors(path, module.state_dict())


def load_dit(preset: Preset, path: Path) -> DiT:
    model = DiT(preset.dit)
    model.load_state_dict(_read(path))
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


def _has_tensorboard() -> bool:
    import importlib.util

    return importlib.util.find_spec("tensorboard") is not None
