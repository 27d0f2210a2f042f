"""`livetalk bench`: how fast conditions become pixels here, and how much memory that takes; `live`: how live it is.

Measures what a viewer waits for: the first frame after loading, the frames a second from then on, and the
largest memory the process ever held. `bench live` sends simulated viewers to the live engine, `bench talk` a browser
to the server. It does not judge how the frames look.
"""

import json
import platform
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import typer
from jaxtyping import Float32

from livetalk.cli.console import avatars, err, out, progress, speeches
from livetalk.cli.generate import PROMPT, Wish, default_portrait, default_speech, load_performer
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.media import read_speech
from livetalk.media.files import claim, written
from livetalk.runtime.cpu import cores

if TYPE_CHECKING:
    from livetalk.benchmarks.live import LiveBenchOptions
    from livetalk.performer.performer import Performer

app = typer.Typer(invoke_without_command=True)

HOUR = 3600.0


@app.callback()
def bench(
    context: typer.Context,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file too.")] = None,
    seconds: Annotated[float, typer.Option(help="Length of the video that is made.", min=1.5)] = 12.0,
    preset: Annotated[str, typer.Option(help="The model.")] = "tiny",
    weights: Annotated[Path | None, typer.Option(help="A folder of weights in place of the usual ones.")] = None,
    random_weights: Annotated[bool, typer.Option("--random-weights", help="1.3b without its files.")] = False,
    mode: Annotated[Literal["exact", "fast"] | None, typer.Option(help="1.3b: how it is made fast.")] = None,
    device: Annotated[
        str | None, typer.Option(help="1.3b: cpu, cuda:1, or cuda:0,cuda:1 to decode on the second.")
    ] = None,
    decoder: Annotated[Path | None, typer.Option(help="1.3b: TAEHV's taew2_1.pth, for the fast mode.")] = None,
    blocks: Annotated[int, typer.Option(help="1.3b: steady blocks.", min=1)] = 20,
    density: Annotated[int, typer.Option(help="1.3b: sessions tried in a batch, then one fewer.", min=0)] = 0,
    density_blocks: Annotated[int, typer.Option(help="1.3b: blocks of each try, all sessions together.", min=1)] = 1000,
) -> None:
    """Measure speed and memory on this machine with the bundled face and voice.

    --preset 1.3b measures stage by stage, against what the device can do; it needs no files with --random-weights.
    """
    if context.invoked_subcommand is not None:
        return
    wish = Wish(preset, 0, weights, False, random_weights, device, None, decoder)
    if wish.full:
        measure_full(wish, mode, blocks, density, density_blocks, json_path)
        return
    if random_weights or mode or device or decoder:
        raise ValueError("--random-weights, --mode, --device and --decoder are for the full preset: add --preset 1.3b")
    figures = measure(preset, seconds, weights)
    for name, value in figures.items():
        out.print(f"{name:<28} {value:.3f}" if isinstance(value, float) else f"{name:<28} {value}", markup=False)
    _write(_text(figures), json_path)


def measure_full(
    wish: Wish, mode: Literal["exact", "fast"] | None, blocks: int, density: int, density_blocks: int, path: Path | None
) -> None:
    """The full preset's figures, to the terminal and to a file."""
    if path is not None:
        claim(path)
    from livetalk.benchmarks import full_size
    from livetalk.performer.loading import fast_decoder

    plan = full_size.FullSizeOptions(mode, blocks, density=density, density_blocks=density_blocks)
    light = fast_decoder(wish.decoder, wish.weights, wish.random_weights) if mode == "fast" else None
    began = time.perf_counter()
    performer = wish.load()
    load = time.perf_counter() - began
    with progress() as bar:
        task = bar.add_task("measuring", total=None)
        figures = full_size.measure(
            performer,
            plan,
            light,
            tell=lambda words: bar.update(task, description=words),
            keep=lambda part: _write(_text(part), path),
        )
    figures["load_seconds"] = load
    out.print(full_size.table(figures))
    _write(_text(figures), path)


def _text(figures: dict[str, Any]) -> str:
    return json.dumps(figures, indent=2) + "\n"


def _write(text: str, path: Path | None) -> None:
    if path is not None:
        with written(path):
            path.write_text(text, encoding="utf-8")


@app.command()
def live(
    seconds: Annotated[float, typer.Option(help="How long viewers stay; 0 leaves them out.", min=0)] = 60.0,
    sessions: Annotated[int, typer.Option(help="Sessions at once.", min=1)] = 1,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write figures, bars and misses here.")] = None,
    stages: Annotated[bool, typer.Option(help="Batches of streams and overlapping stages, too.")] = True,
    hour: Annotated[bool, typer.Option("--hour", help="A simulated hour as fast as it goes, too.")] = False,
    hour_seconds: Annotated[float, typer.Option(help="Length of that hour.", min=10)] = HOUR,
    hour_keep: Annotated[
        Path | None, typer.Option(help="A file to keep the hour in: a run that was ended goes on from it.")
    ] = None,
    preset: Annotated[str, typer.Option(help="The model.")] = "tiny",
    weights: Annotated[Path | None, typer.Option(help="A folder of weights in place of the bundled ones.")] = None,
    seed: Annotated[int, typer.Option(help="Of faces, voices and moments.", min=0)] = 0,
) -> None:
    """Let simulated viewers talk to the live engine and interrupt it, in real time."""
    if json_path is not None:
        claim(json_path)
    from livetalk.benchmarks import live_figures
    from livetalk.benchmarks.live import LiveBenchOptions

    recordings = [np.concatenate(list(read_speech(path))) for path in speeches().values()]
    faces = [default_portrait(name) for name in list(avatars())[:sessions]]
    order = LiveBenchOptions(seconds, sessions, faces, recordings, PROMPT, seed)
    figures = measure_live(
        load_performer(preset, seed, weights), order, stages, hour_seconds if hour else 0.0, hour_keep
    )
    out.print(live_figures.table(figures))
    _write(live_figures.as_json(figures), json_path)


@app.command()
def talk(
    skew: Annotated[float, typer.Option(help="Seconds of white frames and beeps; 0 leaves them out.", min=0)] = 600.0,
    echo: Annotated[float, typer.Option(help="Seconds of echoes that are interrupted.", min=0)] = 180.0,
    local: Annotated[float, typer.Option(help="Seconds of talk with the local brain.", min=0)] = 300.0,
    cycles: Annotated[int, typer.Option(help="Visits that come and go.", min=0)] = 100,
    voice: Annotated[list[Path] | None, typer.Option(help="What the visitor says; the bundled speech if none.")] = None,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write figures, bars and misses here.")] = None,
) -> None:
    """Let a real browser talk to `livetalk serve`, all on this machine, and measure what its person would notice."""
    if json_path is not None:
        claim(json_path)
    from livetalk.benchmarks import talk_bench

    recordings = [np.concatenate(list(read_speech(path))) for path in voice or speeches().values()]
    plan = talk_bench.TalkBenchOptions(skew, echo, local, cycles, recordings)
    with progress() as bar:
        tasks = {}

        def tell(name: str, gone: float, most: float) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=round(most))
            bar.update(tasks[name], completed=round(gone))

        figures = talk_bench.run(plan, tell)
    out.print(talk_bench.table(figures))
    _write(talk_bench.as_json(figures), json_path)


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


def measure(preset: str, seconds: float, weights: Path | None = None) -> dict[str, Any]:
    """The figures by name; times in seconds, memory in bytes. The preset is loaded anew."""
    began = time.perf_counter()
    performer = load_performer(preset, 0, weights)
    load = time.perf_counter() - began
    speech, portrait = list(_looped(default_speech(), seconds)), default_portrait()
    ends, counts = [], []
    with progress() as bar:
        task = bar.add_task("measuring", total=round(seconds * FRAME_RATE))
        began = time.perf_counter()
        for block in performer.perform(portrait, iter(speech), PROMPT):
            ends.append(time.perf_counter() - began)
            counts.append(len(block.frames))
            bar.advance(task, len(block.frames))
    later, spent = sum(counts[1:]), ends[-1] - ends[0]
    return {
        "preset": preset,
        "version": performer.version,
        "machine": platform.machine(),
        "cores": cores(),
        "frames": sum(counts),
        "load_seconds": load,
        "first_frame_seconds": ends[0],
        "frames_per_second": later / spent,
        "times_real_time": later / spent / FRAME_RATE,
        "slowest_block_seconds": float(max(np.diff(ends))),
        "peak_rss_bytes": peak_rss(),
    }


def peak_rss() -> int:
    """Most memory this process ever held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _looped(path: Path, seconds: float) -> Iterator[Float32[np.ndarray, " n"]]:
    """Exactly `seconds` of a recording, from its start again as often as needed, in tenths of a second."""
    sound = np.concatenate(list(read_speech(path)))
    sound = np.resize(sound, round(seconds * SAMPLE_RATE))
    yield from np.array_split(sound, max(1, round(10 * seconds)))
