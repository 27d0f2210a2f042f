"""`livetalk train ...`: the recipe from the command line, on one process or under torchrun.

Renders clips beside training when asked to. Knows options and files; the recipe is `distill.recipe`.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from livetalk.cli.console import out as console
from livetalk.runtime.process import tune_process

if TYPE_CHECKING:
    from livetalk.training.distributed import Distributed
    from livetalk.training.loop import RunReport
    from livetalk.training.optim import OptimConfig

app = typer.Typer(help="Train the model: codec, finish, teacher, ode, dmd.", no_args_is_help=True)

Run = Annotated[Path, typer.Option("--run", help="Folder of the run; stages leave their weights there.")]
PresetName = Annotated[str, typer.Option("--preset", help="tiny, or miniature for a quick try.")]
Seconds = Annotated[float | None, typer.Option(help="Wall-clock budget; goes on counting after a resume.")]
Steps = Annotated[int | None, typer.Option(help="Budget in steps.")]
Shards = Annotated[Path | None, typer.Option(help="Folder of rendered shards; --run/shards by default.")]
Speech = Annotated[Path | None, typer.Option(help="Folder of speech features (or a speech shelf, for the codec).")]
Processes = Annotated[int, typer.Option(help="Rendering processes beside training; 0 reads what is there.")]
Consume = Annotated[bool, typer.Option("--consume", help="Delete shards once read: others render into the folder.")]
Clips = Annotated[int, typer.Option(help="Clips held on the device.")]
Compile = Annotated[bool, typer.Option("--compile", help="Compile the network (CUDA; pays after a few minutes).")]
SampleEvery = Annotated[float, typer.Option(help="Seconds between samples.")]
StopAfter = Annotated[float | None, typer.Option(help="Seconds after which this call leaves a checkpoint and ends.")]
Until = Annotated[float | None, typer.Option(help="Clock (seconds of 1970) by which this call ends, come what may.")]
Batch = Annotated[int | None, typer.Option(help="Clips a step and process.")]
Start = Annotated[Path | None, typer.Option(help="Weights to go on from.")]
Adversary = Annotated[float, typer.Option(help="Pull of a judge of detail, in units of an L1 error's.", min=0)]
DecoderOnly = Annotated[bool, typer.Option("--decoder-only", help="Go on with the decoder; latents stay.")]
Stretches = Annotated[int, typer.Option(help="Short stretches of those clips that are kept as features.", min=1)]
Texture = Annotated[float | None, typer.Option(help="Weight of detail, wherever it lies.", min=0)]
Pace = Annotated[float, typer.Option(help="Weight of how much changes from frame to frame.", min=0)]
CriticWarmup = Annotated[int, typer.Option(help="Steps in which the critic learns alone.", min=0)]
Join = Annotated[float, typer.Option("--join-weight", help="Weight of a block's first latent frame.", min=0)]
Puppets = Annotated[Path | None, typer.Option(help="Pack of fitted portraits to draw puppets from.")]
HeldOutPuppets = Annotated[Path | None, typer.Option(help="Pack with held-out portraits, for held-out figures.")]
Mix = Annotated[float, typer.Option(help="Share of the shards that hold puppets.", min=0, max=1)]
Lr = Annotated[float | None, typer.Option(help="Learning rate in place of the preset's.")]


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
def codec(
    run: Run,
    speech: Speech = None,
    preset: PresetName = "tiny",
    seconds: Seconds = None,
    steps: Steps = None,
    shards: Shards = None,
    processes: Processes = 0,
    clips: Clips = 2400,
    compile: Compile = False,
    sample_every: SampleEvery = 120.0,
    stop_after: StopAfter = None,
    until: Until = None,
    batch: Batch = None,
    photos: Path | None = None,
    first: int = 256,
    consume: Consume = False,
    start: Start = None,
    decoder_only: DecoderOnly = False,
    adversary: Adversary = 0.0,
    texture: Texture = None,
    pace: Pace = 0.0,
    lr: Lr = None,
    puppets: Puppets = None,
    mix: Mix = 0.0,
    held_out_puppets: HeldOutPuppets = None,
) -> None:
    """Stage one: the video codec, on rendered clips (and photographs). Starts when `first` clips are there."""
    from livetalk.recipes import feeds as source
    from livetalk.recipes import run as recipe
    from livetalk.recipes.codec.frames import FrameBuffer, Photos
    from livetalk.recipes.codec.stage import UNSURE, CodecTraining
    from livetalk.recipes.rendering import Mixture, render_all_held_out, rendering, wait_for

    chosen, world = _preset(preset), _join()
    folder, mixture = shards or run / "shards", Mixture(puppets, mix, held_out_puppets)
    render_all_held_out(run, speech, processes, world, mixture)
    with rendering(folder, speech, processes, world, mixture):
        frames, size = chosen.geometry.frames_of(chosen.training_latents), chosen.geometry.size
        ring = FrameBuffer(clips, frames, size, world.device)
        refill = _until_full(source.frames_from(folder, consume or processes > 0, world))
        wait_for(lambda: (refill(ring), ring.filled)[1], min(first, clips))
        held_out = source.held_out_frames(run, frames, size, world.device)
        pictures = Photos(source.load_pictures(photos), world.device) if photos else None
        training = CodecTraining(
            decoder_only=decoder_only,
            adversary=adversary,
            texture=texture or 0.0,
            pace=pace,
            unsure=UNSURE if texture or pace else 0.0,
        )
        training = training if batch is None else replace(training, batch=batch)
        training = replace(training, optim=_at(lr, training.optim))
        budget = _budget(steps, seconds, sample_every, stop_after, until)
        report = recipe.train_codec(
            chosen, run, budget, world, ring, pictures, refill, compile, start, training, held_out
        )
    _tell("codec", report)


@app.command()
def finish(
    run: Run,
    speech: Speech = None,
    preset: PresetName = "tiny",
    seconds: Seconds = None,
    steps: Steps = None,
    shards: Shards = None,
    processes: Processes = 0,
    clips: Clips = 200,
    stretches: Stretches = 400,
    sample_every: SampleEvery = 120.0,
    stop_after: StopAfter = None,
    until: Until = None,
    start: Start = None,
    texture: Texture = None,
    adversary: Adversary = 0.0,
    lr: Lr = None,
    puppets: Puppets = None,
    mix: Mix = 0.0,
) -> None:
    """After stage one: the codec's last layers, for detail. Seven minutes on two CPU cores, once clips are there."""
    from livetalk.recipes import feeds as source
    from livetalk.recipes import run as recipe
    from livetalk.recipes.codec.finish import FinishTraining
    from livetalk.recipes.codec.frames import FrameBuffer
    from livetalk.recipes.rendering import Mixture, rendering, wait_for

    chosen, world = _preset(preset), _join()
    if start is None:
        raise ValueError("--start is missing: give the codec whose last layers are to be trained")
    folder = shards or run / "shards"
    with rendering(folder, speech, processes, world, Mixture(puppets, mix)):
        ring = FrameBuffer(
            clips, chosen.geometry.frames_of(chosen.training_latents), chosen.geometry.size, world.device
        )
        refill = _until_full(source.frames_from(folder, processes > 0, world))
        wait_for(lambda: (refill(ring), ring.filled)[1], clips, patience=3600.0)
    training = FinishTraining(adversary=adversary)
    training = training if texture is None else replace(training, texture=texture)
    training = replace(training, optim=_at(lr, training.optim))
    budget = _budget(steps, seconds, sample_every, stop_after, until)
    _tell("finish", recipe.train_finish(chosen, run, budget, world, ring, start, stretches, training))


@app.command()
def teacher(
    run: Run,
    speech: Speech = None,
    text: Path | None = None,
    preset: PresetName = "tiny",
    seconds: Seconds = None,
    steps: Steps = None,
    shards: Shards = None,
    processes: Processes = 0,
    clips: Clips = 6000,
    compile: Compile = False,
    sample_every: SampleEvery = 120.0,
    stop_after: StopAfter = None,
    until: Until = None,
    batch: Batch = None,
    first: int = 512,
    consume: Consume = False,
    start: Start = None,
    puppets: Puppets = None,
    mix: Mix = 0.0,
    held_out_puppets: HeldOutPuppets = None,
    join_weight: Join = 1.0,
    lr: Lr = None,
) -> None:
    """Stage two: the bidirectional teacher. Encodes clips while they are rendered and leaves them in bank.pt."""
    from livetalk.cli.console import ASSETS
    from livetalk.conditions.text_tiny import load_text_encoder
    from livetalk.data.features import FeatureDataset
    from livetalk.recipes import feeds as source
    from livetalk.recipes import run as recipe
    from livetalk.recipes.distill.clips import LatentBuffer
    from livetalk.recipes.distill.held_out import FILE, HeldOut
    from livetalk.recipes.distill.teacher import TeacherTraining
    from livetalk.recipes.rendering import Mixture, render_all_held_out, rendering, wait_for

    chosen, world = _preset(preset), _join()
    folder, mixture = shards or run / "shards", Mixture(puppets, mix, held_out_puppets)
    if speech is None:
        raise ValueError("speech features are needed: --speech FOLDER, made by `livetalk data features`")
    shelf = FeatureDataset.load(speech, world.device)
    words = load_text_encoder(text or ASSETS / "tiny" / "text.safetensors")
    encoder = source.ClipEncoder(recipe.load_codec(chosen, run), words, shelf, world.device)
    render_all_held_out(run, speech, processes, world, mixture)
    with rendering(folder, speech, processes, world, mixture):
        kept = _bank(run, world)  # of an earlier, interrupted call
        bank = LatentBuffer.load(kept, world.device, clips) if kept.exists() else LatentBuffer(clips, world.device)
        refill = encoder.refill_from(folder, delete=consume or processes > 0, world=world)
        wait_for(lambda: (refill(bank), bank.filled)[1], min(first, clips))
        held_out = HeldOut.encode(run, encoder.held_out)
        block = chosen.geometry.block_latents
        config = TeacherTraining(batch=batch or 64, shift=chosen.shift, join=join_weight, block=block)
        config = replace(config, optim=_at(lr, config.optim))
        report = recipe.train_teacher(
            chosen,
            run,
            _budget(steps, seconds, sample_every, stop_after, until),
            world,
            bank,
            config,
            _until_full(refill),
            held_out,
            compile,
            start,
        )
        bank.save(kept)
        if world.is_main and held_out is not None:
            held_out.save(run / FILE)
    _tell("teacher", report)


@app.command()
def ode(
    run: Run,
    preset: PresetName = "tiny",
    seconds: Seconds = None,
    steps: Steps = None,
    compile: Compile = False,
    sample_every: SampleEvery = 120.0,
    stop_after: StopAfter = None,
    until: Until = None,
    batch: Batch = None,
    trajectories: int = 4096,
    text_scale: float = 2.0,
    audio_scale: float = 2.5,
    lr: Lr = None,
    start: Start = None,
    join_weight: Join = 1.0,
) -> None:
    """Stage three: the causal student regresses teacher trajectories."""
    from livetalk.recipes import run as recipe
    from livetalk.recipes.distill.clips import LatentBuffer
    from livetalk.recipes.distill.guidance import Guidance
    from livetalk.recipes.distill.ode import OdeTraining

    chosen, world = _preset(preset), _join()
    bank = LatentBuffer.load(_bank(run, world), world.device)
    config = OdeTraining(
        trajectories=trajectories,
        batch=batch or 64,
        guidance=Guidance(text_scale, audio_scale),
        shift=chosen.shift,
        teacher_steps=chosen.teacher_steps,
        join=join_weight,
    )
    config = replace(config, optim=_at(lr, config.optim))
    budget = _budget(steps, seconds, sample_every, stop_after, until)
    report = recipe.train_ode(
        chosen, run, budget, world, bank, config, _held_out(run, world), compile, min(64, trajectories), start
    )
    _tell("ode", report)


@app.command()
def dmd(
    run: Run,
    preset: PresetName = "tiny",
    seconds: Seconds = None,
    steps: Steps = None,
    compile: Compile = False,
    sample_every: SampleEvery = 120.0,
    stop_after: StopAfter = None,
    until: Until = None,
    batch: Batch = None,
    text_scale: float = 2.0,
    audio_scale: float = 3.0,
    lr: Lr = None,
    critic_lr: Lr = None,
    critic_warmup: CriticWarmup = 20,
    start: Start = None,
    join_weight: Join = 1.0,
) -> None:
    """Stage four: distribution matching on the student's own rollouts."""
    from livetalk.recipes import run as recipe
    from livetalk.recipes.distill.clips import LatentBuffer
    from livetalk.recipes.distill.dmd import DmdTraining
    from livetalk.recipes.distill.guidance import Guidance

    chosen, world = _preset(preset), _join()
    bank = LatentBuffer.load(_bank(run, world), world.device)
    guidance = Guidance(text_scale, audio_scale)
    config = DmdTraining(
        batch=batch or 32, critic_warmup=critic_warmup, guidance=guidance, shift=chosen.shift, join=join_weight
    )
    config = replace(config, generator=_at(lr, config.generator), critic=_at(critic_lr, config.critic))
    budget = _budget(steps, seconds, sample_every, stop_after, until)
    report = recipe.train_dmd(chosen, run, budget, world, bank, config, _held_out(run, world), compile, start)
    _tell("dmd", report)


@app.command()
def bundle(
    weights: Annotated[list[Path], typer.Argument(help="Weights of one network; of several files the mean.")],
    out: Annotated[Path, typer.Option(help="The bundle to write.")],
    preset: PresetName = "tiny",
    release: Annotated[str, typer.Option(help="The version of LiveTalk that they are for.")] = "unversioned",
) -> None:
    """Weights, or the mean of the weights of several runs, in 8 bits a number: small enough to ship or send."""
    from livetalk.weights import load_mean, save_bundle

    save_bundle(out, load_mean(weights), {"preset": _preset(preset).name, "version": release})
    console.print(f"{out}: {len(weights)} file(s), {out.stat().st_size / 2**20:.1f} MiB", markup=False)


def _at(lr: float | None, optim: "OptimConfig") -> "OptimConfig":
    """The optimiser's settings with another learning rate, if one was asked for."""
    return optim if lr is None else replace(optim, lr=lr)


def _preset(name: str) -> Any:
    from livetalk.presets import PRESETS

    if name not in PRESETS:
        raise ValueError(f"no preset {name!r}: choose one of {', '.join(PRESETS)}")
    return PRESETS[name]


def _join() -> "Distributed":
    import torch

    from livetalk.training.distributed import join

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    return join()


def _budget(
    steps: int | None, seconds: float | None, sample_every: float, stop_after: float | None, until: float | None
) -> Any:
    from livetalk.recipes.run import Budget

    if steps is None and seconds is None and until is None:
        raise ValueError("give a budget: --seconds, --steps or --until")
    return Budget(steps, seconds, sample_every_s=sample_every, stop_after_s=stop_after, until=until)


def _bank(run: Path, world: "Distributed") -> Path:
    """Where this process keeps its clips; one that has none of its own takes those of the first."""
    own = run / (f"bank_{world.rank}.pt" if world.rank else "bank.pt")
    return own if own.exists() or not (run / "bank.pt").exists() else run / "bank.pt"


def _until_full(refill: Callable[[Any], int]) -> Callable[[Any], int]:
    return lambda bank: 0 if bank.seen >= bank.capacity else refill(bank)


def _held_out(run: Path, world: "Distributed") -> Any:
    from livetalk.recipes.distill.held_out import FILE, HeldOut

    return HeldOut.load(run / FILE, world.device) if (run / FILE).exists() else None


def _tell(stage: str, report: "RunReport") -> None:
    numbers = ", ".join(f"{k} {v:.4g}" for k, v in report.metrics.items())
    console.print(f"{stage}: {report.why} after {report.step} steps, {report.seconds:.0f} s; {numbers}")
    if report.why == "interrupted":
        raise typer.Exit(130)


if __name__ == "__main__":  # torchrun -m livetalk.cli.train teacher ...
    tune_process()
    app()
