"""`livetalk evaluate ...`: how good a model is on people, voices and sentences that nobody trained on.

Knows options and files; what is measured is the business of `livetalk.evaluation`.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from livetalk.cli.console import avatars, err, progress, speeches
from livetalk.cli.console import out as console
from livetalk.media.files import claim, written

if TYPE_CHECKING:
    from livetalk.evaluation.clips import ClipOrder, Measured
    from livetalk.evaluation.parts import EvaluationPlan
    from livetalk.evaluation.photos.run import Outcome
    from livetalk.evaluation.photos.run import Plan as PhotoPlan

app = typer.Typer(help="Measure a model on held-out clips.", no_args_is_help=True)

SHOWN = 4  # clips on the sheets


@app.callback()
def _evaluate() -> None:
    """Measure a model on held-out clips."""


@app.command()
def tiny(
    clips: Annotated[int, typer.Option(help="Clips of 5 s, a held-out person and voice each.", min=1)] = 50,
    weights: Annotated[Path | None, typer.Option(help="A folder of weights in place of the bundled ones.")] = None,
    speech: Annotated[Path | None, typer.Option(help="A shelf of held-out speech; else the bundled voices.")] = None,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write figures, bars and misses here.")] = None,
    sheets: Annotated[Path | None, typer.Option(help="A folder for pictures of truth, teacher and student.")] = None,
    animation: Annotated[Path | None, typer.Option(help="A .webp of three people who talk.")] = None,
    teacher: Annotated[bool, typer.Option("--teacher", help="The teacher's rows, too: minutes.")] = False,
    teacher_weights: Annotated[Path | None, typer.Option(help="Its weights; else checkpoints/teacher.")] = None,
    real: Annotated[Path | None, typer.Option(help="A folder of English recordings and photographs.")] = None,
    photos: Annotated[Path | None, typer.Option(help="A folder of photographs that are made to talk.")] = None,
    photo_clips: Annotated[int, typer.Option(help="How many of them, three clips each.", min=1, max=100)] = 20,
    voices: Annotated[Path | None, typer.Option(help="English recordings for them; else those of --real.")] = None,
    puppets: Annotated[Path | None, typer.Option(help="A pack of their fits: the truth that they are held to.")] = None,
    photo_log: Annotated[Path | None, typer.Option(help="Keeps what is measured of them: a run goes on there.")] = None,
    photo_sheets: Annotated[Path | None, typer.Option(help="A folder for contact sheets of them.")] = None,
    photos_only: Annotated[bool, typer.Option("--photos-only", help="Nothing but --photos.")] = False,
    against: Annotated[Path | None, typer.Option(help="Weights of another model to show beside, on --photos.")] = None,
    long: Annotated[bool, typer.Option("--long", help="A stream of ten minutes, too.")] = False,
    streams: Annotated[bool, typer.Option(help="Streams of a minute.")] = True,
    speed: Annotated[bool, typer.Option(help="Speed and memory.")] = True,
    codec_only: Annotated[bool, typer.Option("--codec-only", help="The codec's gate, without the model.")] = False,
    eight_bits: Annotated[
        bool, typer.Option("--eight-bits", help="Clips in the numbers of the full preset's fast mode, emulated.")
    ] = False,
    record: Annotated[bool, typer.Option("--record", help="Keep these figures as the last full run's.")] = False,
    preset: Annotated[str, typer.Option(help="The preset that --weights belong to.")] = "tiny",
    workers: Annotated[int, typer.Option(help="Processes; 0 takes one a core, four at most.", min=0)] = 0,
) -> None:
    """Measure the tiny model: lips, identity, prompts, pictures, endurance, real voices, speed, distillation."""
    _claim((json_path, animation, photo_log), (sheets, photo_sheets), animation)
    from livetalk.conditions.portrait import open_picture
    from livetalk.evaluation import figures, parts
    from livetalk.evaluation.clips import ClipOrder
    from livetalk.evaluation.metrics import held_out
    from livetalk.evaluation.photos.run import Plan as PhotoPlan
    from livetalk.presets import PRESETS

    parts.ready()
    talked: Outcome | None = None
    if preset not in PRESETS:
        raise ValueError(f"there is no preset {preset!r}: choose one of {', '.join(PRESETS)}")
    taught = _teacher(teacher and not codec_only, teacher_weights)
    shown = min(SHOWN, clips) if sheets is not None else 0
    workers = min(workers or min(4, os.cpu_count() or 1), clips)
    faces = {name: open_picture(path) for name, path in avatars().items()}
    if photos is not None:
        talked = _photographs(
            PhotoPlan(photos, photo_clips, voices or real, preset, weights, against, puppets, photo_sheets, workers),
            photo_log,
        )
    elif photos_only:
        raise ValueError("--photos-only needs photographs: give a folder of them with --photos")
    if photos_only:
        return _tell({}, None, codec_only, talked, json_path)
    with held_out.shelf_folder(speech) as shelf:
        order = ClipOrder(shelf, weights, codec_only, preset, shown, taught, eight_bits)
        plan = parts.EvaluationPlan(order, faces, long, real, streams, speed)
        beyond = {} if codec_only else _beyond(plan)
        found, strangers = _clips(order, clips, workers)
        result = figures.summarise(found, strangers) | beyond
        if animation is not None and not codec_only:
            _animate(plan, animation)
    _tell(result, plan, codec_only, talked, json_path)
    if sheets is not None:
        _draw(found[:shown], sheets)
    if record:
        _record(result, plan, clips)


def _claim(files: Sequence[Path | None], folders: Sequence[Path | None], animation: Path | None) -> None:
    """Makes sure, before any work, that all files can be written."""
    for path in files:
        if path is not None:
            claim(path)
    if animation is not None and animation.suffix.lower() != ".webp":
        raise ValueError(f"{animation} is no moving picture: give a name that ends in .webp")
    for folder in folders:
        if folder is not None:
            claim(folder / "moments.jpg") if folder.is_dir() else claim(folder)


def _teacher(wanted: bool, weights: Path | None) -> Path | None:
    if not wanted:
        return None
    from livetalk.evaluation.teacher import find_teacher

    return find_teacher(weights)


def _beyond(plan: "EvaluationPlan") -> dict[str, float]:
    """The figures of everything but clips."""
    found: dict[str, float] = {}
    for name, steps, work in plan.parts():
        with progress() as bar:
            found |= work(_advance(bar, name, steps))
    return found


def _clips(order: "ClipOrder", clips: int, workers: int) -> tuple[list["Measured"], list[np.ndarray]]:
    """Clips in their order, and strangers to tell them from."""
    from livetalk.evaluation import parts
    from livetalk.evaluation.clips import measure

    found = []
    with progress() as bar:
        tell = _advance(bar, "measuring", clips)
        for clip in measure(order, clips, workers):
            found.append(clip)
            tell(1)
        rest = max(0, parts.GALLERY - clips)
        strangers = [] if order.codec_only else parts.gallery(order, clips, workers, _advance(bar, "strangers", rest))
    return sorted(found, key=lambda clip: clip.seed), strangers


def _photographs(plan: "PhotoPlan", log: Path | None) -> "Outcome":
    """Photographs that talk, those that the log does not hold yet."""
    from livetalk.evaluation.photos.log import Log
    from livetalk.evaluation.photos.run import Run

    run = Run(plan, Log(log))
    for name, steps, work in run.parts():
        with progress() as bar:
            work(_advance(bar, f"photographs: {name}", steps))
    for path in run.draw():
        err.print(f"{path}", markup=False)
    return run.outcome()


def _tell(
    result: dict[str, float],
    plan: "EvaluationPlan | None",
    codec_only: bool,
    talked: "Outcome | None",
    json_path: Path | None,
) -> None:
    """The tables, what is missing from them, and the file for machines, which holds this run's figures only."""
    from livetalk.evaluation import last_run, report
    from livetalk.evaluation.photos import report as photo_report

    if plan is not None:
        console.print(report.markdown(result, None if codec_only else last_run.recall()), markup=False)
        for line in () if codec_only else plan.left_out():
            console.print(line, markup=False)
    if talked is not None:
        console.print(photo_report.markdown(talked), markup=False)
    if json_path is not None:
        with written(json_path):
            photographs = {} if talked is None else photo_report.document(talked)
            json_path.write_text(report.as_json(result, photographs), encoding="utf-8")


def _draw(found: list["Measured"], sheets: Path) -> None:
    from livetalk.evaluation import sheets as drawn

    with written(sheets):
        drawn.write(found, sheets)


def _animate(plan: "EvaluationPlan", path: Path) -> None:
    from livetalk.evaluation import animation
    from livetalk.media import read_speech

    said = [np.concatenate(list(read_speech(file))) for file in speeches().values()]
    with progress() as bar, written(path):
        tell = _advance(bar, "animation", animation.PEOPLE)
        size = animation.animate(plan.performer, plan.avatars, said, path, lambda: tell(1))
    err.print(f"{path}: {size / 1e6:.2f} MB", markup=False)


def _record(result: dict[str, float], plan: "EvaluationPlan", clips: int) -> None:
    from livetalk.evaluation import last_run

    version = last_run.VERSION if plan.order.weights is None else plan.performer.version
    last_run.keep(result, version, clips)


def _advance(bar, name: str, steps: int) -> Callable[[int], None]:
    task = bar.add_task(name, total=steps)
    return lambda done: bar.advance(task, done)
