"""`livetalk train ...`: the recipe from the command line, on one process or under torchrun.

Renders clips beside training when asked to. Knows options and files; the recipe is `recipes.run`, whose numbers and
their options stand in `recipes.config`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar

import typer

from livetalk.cli.console import ASSETS
from livetalk.cli.console import out as console
from livetalk.cli.options import with_options
from livetalk.media.files import claim
from livetalk.options import Option
from livetalk.recipes.config import (
    UNSURE,
    Budget,
    ClipSource,
    CodecTraining,
    DmdTraining,
    FinishTraining,
    OdeTraining,
    StreamedClips,
    TeacherTraining,
)
from livetalk.runtime.process import tune_process

if TYPE_CHECKING:
    from livetalk.presets import Preset
    from livetalk.recipes.context import RunContext
    from livetalk.recipes.distill.clips import LatentBuffer
    from livetalk.training.distributed import Distributed
    from livetalk.training.loop import RunReport

app = typer.Typer(help="Train the model: codec, finish, teacher, ode, dmd.", no_args_is_help=True)

CODEC_CLIPS = StreamedClips(clips=2400, first=256)
FINISH_CLIPS = ClipSource(clips=200)
TEACHER_CLIPS = StreamedClips(clips=6000, first=512)

Compiled = Annotated[bool, typer.Option("--compile", help="Compile the network (CUDA; pays after a few minutes).")]


@dataclass(frozen=True)
class RunOptions:
    """Where a run is, of which model, and what it goes on from."""

    run: Annotated[Path, Option("Folder of the run; stages leave their weights there.")]
    preset: Annotated[str, Option("tiny, or miniature for a quick try.")] = "tiny"
    start: Annotated[Path | None, Option("Weights to go on from.")] = None

    def context(self, budget: Budget, compiled: bool = False) -> "RunContext":
        """The run, this process joined to the others. Raises ValueError for an unknown preset and an empty budget."""
        from livetalk.recipes.context import RunContext

        preset = _preset(self.preset)
        if budget.steps is None and budget.seconds is None and budget.until is None:
            raise ValueError("give a budget: --seconds, --steps or --until")
        return RunContext(preset, self.run, budget, _join(), compiled=compiled)


class Buffer(Protocol):
    """A buffer that clips are collected in."""

    capacity: int
    filled: int
    seen: int


B = TypeVar("B", bound=Buffer)


@app.callback(invoke_without_command=True)
def train(
    context: typer.Context,
    plan: Annotated[bool, typer.Option("--plan", help="Print the memory that the full recipe takes.")] = False,
    gpu_memory: Annotated[float, typer.Option(help="GB of one GPU, for the plan.", min=1)] = 80.0,
) -> None:
    """Train the model: codec, finish, teacher, ode, dmd. With --plan: GPUs and bytes of the published sizes."""
    if not plan:
        return
    if context.invoked_subcommand is not None:
        raise ValueError("--plan stands alone: livetalk train --plan")
    from livetalk.presets import FULL, TEACHER_14B
    from livetalk.recipes import memory_plan

    console.print(*map(memory_plan.table, memory_plan.plan(FULL, TEACHER_14B, gpu_memory * 1e9)), sep="\n")
    console.print("One clip a GPU; more GPUs make a larger batch (64 as published) and hold less each.", markup=False)


@app.command()
@with_options
def codec(
    run: RunOptions,
    budget: Budget,
    training: CodecTraining,
    source: StreamedClips = CODEC_CLIPS,
    photos: Annotated[Path | None, typer.Option(help="Photographs: a folder, or a pack of fitted portraits.")] = None,
    compiled: Compiled = False,
) -> None:
    """Stage one: the video codec, on rendered clips (and photographs). Starts when `first` clips are there."""
    from livetalk.recipes import feeds
    from livetalk.recipes import run as recipe
    from livetalk.recipes.codec.frames import FrameBuffer, Photos
    from livetalk.recipes.rendering import rendered, wait_for

    context = run.context(budget, compiled)
    preset, world = context.preset, context.world
    with rendered(run.run, source, world) as folder:
        frames, size = preset.geometry.frames_of(preset.training_latents), preset.geometry.size
        ring = FrameBuffer(source.clips, frames, size, world.device)
        refill = _until_full(feeds.frames_from(folder, source.consume or source.processes > 0, world))
        wait_for(lambda: (refill(ring), ring.filled)[1], min(source.first, source.clips))
        held_out = feeds.held_out_frames(run.run, frames, size, world.device)
        pictures = Photos(feeds.load_pictures(photos), world.device) if photos else None
        training = replace(training, unsure=UNSURE if training.texture or training.pace else training.unsure)
        report = recipe.train_codec(
            context, ring, training, photos=pictures, refill=refill, start=run.start, held_out=held_out
        )
    _tell("codec", context.world, report)


@app.command()
@with_options
def finish(
    run: RunOptions,
    budget: Budget,
    training: FinishTraining,
    source: ClipSource = FINISH_CLIPS,
) -> None:
    """After stage one: the codec's last layers, for detail. Seven minutes on two CPU cores, once clips are there."""
    from livetalk.recipes import feeds
    from livetalk.recipes import run as recipe
    from livetalk.recipes.codec.frames import FrameBuffer
    from livetalk.recipes.rendering import rendering, wait_for

    context = run.context(budget)
    preset, world, folder = context.preset, context.world, source.shards or run.run / "shards"
    if run.start is None:
        raise ValueError("--start is missing: give the codec whose last layers are to be trained")
    with rendering(folder, source, world):
        frames = preset.geometry.frames_of(preset.training_latents)
        ring = FrameBuffer(source.clips, frames, preset.geometry.size, world.device)
        refill = _until_full(feeds.frames_from(folder, source.processes > 0, world))
        wait_for(lambda: (refill(ring), ring.filled)[1], source.clips, patience=3600.0)
    _tell("finish", context.world, recipe.train_finish(context, ring, run.start, training))


@app.command()
@with_options
def teacher(
    run: RunOptions,
    budget: Budget,
    training: TeacherTraining,
    source: StreamedClips = TEACHER_CLIPS,
    text: Annotated[Path | None, typer.Option(help="Weights of the text encoder; the bundled ones if none.")] = None,
    compiled: Compiled = False,
) -> None:
    """Stage two: the bidirectional teacher. Encodes clips while they are rendered and leaves them in bank.pt."""
    from livetalk.conditions.text_tiny import load_text_encoder
    from livetalk.data.features import FeatureDataset
    from livetalk.recipes import feeds
    from livetalk.recipes import run as recipe
    from livetalk.recipes.distill.clips import LatentBuffer
    from livetalk.recipes.distill.held_out import FILE, HeldOut
    from livetalk.recipes.rendering import rendered, wait_for

    context = run.context(budget, compiled)
    world = context.world
    if source.speech is None:
        raise ValueError("speech features are needed: --speech FOLDER, made by `livetalk data features`")
    shelf = FeatureDataset.load(source.speech, world.device)
    words = load_text_encoder(text or ASSETS / "tiny" / "text.safetensors")
    encoder = feeds.ClipEncoder(recipe.load_codec(context.preset, run.run), words, shelf, world.device)
    with rendered(run.run, source, world) as folder:
        kept = _bank(run.run, world)  # of an earlier, interrupted call
        bank = (
            LatentBuffer.load(kept, world.device, source.clips)
            if kept.exists()
            else LatentBuffer(source.clips, world.device)
        )
        refill = encoder.refill_from(folder, delete=source.consume or source.processes > 0, world=world)
        wait_for(lambda: (refill(bank), bank.filled)[1], min(source.first, source.clips))
        context = replace(context, held_out=HeldOut.encode(run.run, encoder.held_out))
        report = recipe.train_teacher(context, bank, training, _until_full(refill), run.start)
        bank.save(kept)
        if world.is_main and context.held_out is not None:
            context.held_out.save(run.run / FILE)
    _tell("teacher", context.world, report)


@app.command()
@with_options
def ode(run: RunOptions, budget: Budget, training: OdeTraining, compiled: Compiled = False) -> None:
    """Stage three: the causal student regresses teacher trajectories."""
    from livetalk.recipes import run as recipe

    context, bank = _encoded(run, budget, compiled)
    _tell("ode", context.world, recipe.train_ode(context, bank, training, run.start))


@app.command()
@with_options
def dmd(run: RunOptions, budget: Budget, training: DmdTraining, compiled: Compiled = False) -> None:
    """Stage four: distribution matching on the student's own rollouts."""
    from livetalk.recipes import run as recipe

    context, bank = _encoded(run, budget, compiled)
    _tell("dmd", context.world, recipe.train_dmd(context, bank, training, run.start))


@app.command()
def bundle(
    weights: Annotated[list[Path], typer.Argument(help="Weights of one network; of several files the mean.")],
    out: Annotated[Path, typer.Option(help="The bundle to write.")],
    preset: Annotated[str, typer.Option(help="The model that they are of.")] = RunOptions.preset,
    release: Annotated[str, typer.Option(help="The version of LiveTalk that they are for.")] = "unversioned",
    stage: Annotated[str, typer.Option(help="The stage that made them.  [default: the first file's name]")] = "",
) -> None:
    """Weights, or the mean of the weights of several runs, in 8 bits a number: small enough to ship or send."""
    from livetalk.weights import load_mean, save_bundle

    claim(out, weights)
    save_bundle(
        out, load_mean(weights), {"preset": _preset(preset).name, "stage": stage or weights[0].stem, "version": release}
    )
    console.print(f"{out}: {len(weights)} file(s), {out.stat().st_size / 2**20:.1f} MiB", markup=False)


def _preset(name: str) -> "Preset":
    from livetalk.presets import PRESETS

    if name not in PRESETS:
        raise ValueError(f"no preset {name!r}: choose one of {', '.join(PRESETS)}")
    return PRESETS[name]


def _join() -> "Distributed":
    import torch

    from livetalk.training.distributed import join

    torch.set_float32_matmul_precision("high")  # TF32; convolutions have it already
    torch.backends.cudnn.benchmark = True
    return join()


def _encoded(run: RunOptions, budget: Budget, compiled: bool) -> "tuple[RunContext, LatentBuffer]":
    """The run and the clips that the teacher left in it, held-out ones as well."""
    from livetalk.recipes.distill.clips import LatentBuffer
    from livetalk.recipes.distill.held_out import FILE, HeldOut

    context = run.context(budget, compiled)
    world, kept = context.world, run.run / FILE
    bank = LatentBuffer.load(_bank(run.run, world), world.device)
    return replace(context, held_out=HeldOut.load(kept, world.device) if kept.exists() else None), bank


def _bank(run: Path, world: "Distributed") -> Path:
    """Where this process keeps its clips; one that has none of its own takes those of the first."""
    own = run / (f"bank_{world.rank}.pt" if world.rank else "bank.pt")
    return own if own.exists() or not (run / "bank.pt").exists() else run / "bank.pt"


def _until_full(refill: Callable[[B], int]) -> Callable[[B], int]:
    return lambda bank: 0 if bank.seen >= bank.capacity else refill(bank)


def _tell(stage: str, world: "Distributed", report: "RunReport") -> None:
    """Says how a stage ended, and leaves the other processes."""
    world.close()
    numbers = ", ".join(f"{k} {v:.4g}" for k, v in report.metrics.items())
    console.print(f"{stage}: {report.why} after {report.step} steps, {report.seconds:.0f} s; {numbers}")
    if report.why == "interrupted":
        raise typer.Exit(130)


if __name__ == "__main__":  # torchrun -m livetalk.cli.train teacher ...
    tune_process()
    app()
