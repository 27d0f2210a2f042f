"""`livetalk bench`: speed and memory of offline generation; `live` and `talk`: latency of live sessions and calls.

Measures what a viewer waits for: the first frame after loading, the frames a second from then on, and the
largest memory the process ever held. `bench live` sends simulated viewers to the live engine, `bench talk` a browser
to the server. Knows options and files; what is measured is the business of `livetalk.benchmarks`.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from livetalk.benchmarks import offline
from livetalk.benchmarks.options import FullSizeOptions, TalkBenchOptions
from livetalk.cli.console import avatars, err, out, progress
from livetalk.cli.inputs import default_portrait, default_speech, recordings
from livetalk.cli.model import ModelOptions
from livetalk.cli.options import with_options
from livetalk.cli.outputs import write_text
from livetalk.conditions.prompt import DEFAULT_PROMPT
from livetalk.geometry import FRAME_RATE
from livetalk.media.files import claim
from livetalk.options import Group

if TYPE_CHECKING:
    from livetalk.benchmarks.live import LiveBenchOptions
    from livetalk.performer.performer import Performer

app = typer.Typer(invoke_without_command=True)

HOUR = 3600.0
Json = Annotated[Path | None, typer.Option("--json", help="Write figures, bars and misses here.")]


@app.callback()
@with_options
def bench(
    context: typer.Context,
    model: Annotated[ModelOptions, Group(without=("seed", "as_published"))],
    plan: FullSizeOptions,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file too.")] = None,
    seconds: Annotated[float, typer.Option(help="Length of the video that is made.", min=1.5)] = 12.0,
    size: Annotated[Literal["256", "512"], typer.Option(help="Height and width of the video.")] = "256",
) -> None:
    """Measure speed and memory on this machine with the bundled face and voice.

    --preset 1.3b measures stage by stage, against what the device can do; it needs no files with --random-weights.
    """
    if context.invoked_subcommand is not None:
        return
    if model.is_full:
        measure_full(model, replace(plan, mode=model.loading.mode), json_path)
        return
    if model.loading != ModelOptions().loading:
        raise ValueError("--random-weights, --mode, --device and --decoder are for the full preset: add --preset 1.3b")
    from livetalk.conditions.portrait import centred

    speech = offline.looped(recordings([default_speech()])[0], seconds)
    portrait = centred(default_portrait(), int(size))
    with progress() as bar:
        task = bar.add_task("measuring", total=round(seconds * FRAME_RATE))
        measured = offline.measure(
            model.load, portrait, speech, DEFAULT_PROMPT, lambda frames: bar.advance(task, frames)
        )
    figures = {"preset": model.preset, "size": len(portrait), **measured}
    for name, value in figures.items():
        out.print(f"{name:<28} {value:.3f}" if isinstance(value, float) else f"{name:<28} {value}", markup=False)
    write_text(_text(figures), json_path)


def measure_full(model: ModelOptions, plan: FullSizeOptions, path: Path | None) -> None:
    """The full preset's figures, to the terminal and to a file; the plan's mode is measured, not loaded."""
    if path is not None:
        claim(path)
    from livetalk.benchmarks import full_size
    from livetalk.performer.loading import fast_decoder

    loading = model.loading
    fast = plan.mode == "fast"
    light = fast_decoder(loading.decoder, model.weights, loading.random_weights) if fast else None
    began = time.perf_counter()
    performer = replace(model, loading=replace(loading, mode=None)).load()
    load = time.perf_counter() - began
    with progress() as bar:
        task = bar.add_task("measuring", total=None)
        figures = full_size.measure(
            performer,
            plan,
            light,
            tell=lambda words: bar.update(task, description=words),
            keep=lambda part: write_text(_text(part), path),
        )
    figures["load_seconds"] = load
    out.print(full_size.table(figures))
    write_text(_text(figures), path)


def _text(figures: Mapping[str, object]) -> str:
    return json.dumps(figures, indent=2) + "\n"


@app.command()
@with_options
def live(
    model: Annotated[ModelOptions, Group(without=("loading",))],
    seconds: Annotated[float, typer.Option(help="How long viewers stay; 0 leaves them out.", min=0)] = 60.0,
    sessions: Annotated[int, typer.Option(help="Sessions at once.", min=1)] = 1,
    json_path: Json = None,
    stages: Annotated[bool, typer.Option(help="Batches of streams and overlapping stages, too.")] = True,
    hour: Annotated[bool, typer.Option("--hour", help="A simulated hour as fast as it goes, too.")] = False,
    hour_seconds: Annotated[float, typer.Option(help="Length of that hour.", min=10)] = HOUR,
    hour_keep: Annotated[
        Path | None, typer.Option(help="A file to keep the hour in: a run that was ended goes on from it.")
    ] = None,
) -> None:
    """Let simulated viewers talk to the live engine and interrupt it, in real time."""
    if json_path is not None:
        claim(json_path)
    from livetalk.benchmarks import live_figures
    from livetalk.benchmarks.live import LiveBenchOptions
    from livetalk.conditions.portrait import centred

    faces = [centred(default_portrait(name)) for name in list(avatars())[:sessions]]
    order = LiveBenchOptions(seconds, sessions, faces, recordings(), DEFAULT_PROMPT, model.seed)
    figures = measure_live(model.load(), order, stages, hour_seconds if hour else 0.0, hour_keep)
    out.print(live_figures.table(figures))
    write_text(live_figures.as_json(figures), json_path)


@app.command()
@with_options
def talk(
    plan: TalkBenchOptions,
    voice: Annotated[list[Path] | None, typer.Option(help="What the visitor says; the bundled speech if none.")] = None,
    json_path: Json = None,
) -> None:
    """Let a real browser talk to `livetalk serve`, all on this machine, and measure what its person would notice."""
    if json_path is not None:
        claim(json_path, voice or (), "--json")
    from livetalk.benchmarks import talk_bench

    said = recordings(voice)
    with progress() as bar:
        tasks = {}

        def tell(name: str, gone: float, most: float) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=round(most))
            bar.update(tasks[name], completed=round(gone))

        figures = asyncio.run(talk_bench.measure(plan, said, tell))
    out.print(talk_bench.table(figures))
    write_text(talk_bench.as_json(figures), json_path)


def measure_live(
    performer: "Performer", order: "LiveBenchOptions", stages: bool, hour: float, keep: Path | None = None
) -> dict[str, float]:
    """The figures by name: of viewers, of stages without the engine, of a simulated hour of so many seconds.

    keep: the file that the hour is kept in.
    """
    from livetalk.benchmarks import live, live_figures, live_hour, live_stages

    figures: dict[str, float] = {}
    block, face = performer.preset.geometry.block_seconds, order.portraits[0]
    with progress() as bar:
        if order.seconds:
            task = bar.add_task("watching", total=round(order.seconds))
            stay = live.simulate(performer, order, lambda gone: bar.update(task, completed=round(gone)))
            figures |= live_figures.summarise(stay, order, block)
            try:
                figures |= live_figures.lips(stay.viewers, order.faces)
            except ValueError as error:
                err.print(f"lips are not measured: {error}", markup=False)
        if stages:
            bar.add_task("stages", total=None)
            figures |= live_stages.throughput(performer, face, order.prompt, order.recordings[0])
        if hour:
            task = bar.add_task("an hour", total=int(hour / block))
            said = order.recordings
            figures |= live_hour.hour(
                performer, face, order.prompt, said, hour, lambda done: bar.update(task, completed=done), keep
            )
    return figures
