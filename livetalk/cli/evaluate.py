"""`livetalk evaluate ...`: how good a model is on people, voices and sentences that nobody trained on.

Knows options and files; what is measured is the business of `livetalk.evaluation`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from livetalk.cli.console import SOUNDS, advance, avatars, err, progress
from livetalk.cli.console import out as console
from livetalk.cli.inputs import recordings
from livetalk.cli.model import ModelOptions
from livetalk.cli.options import with_options
from livetalk.cli.outputs import write_text
from livetalk.media.files import claim, written
from livetalk.options import Group, Option

if TYPE_CHECKING:
    from livetalk.evaluation.clips import ClipOrder, Measured
    from livetalk.evaluation.parts import EvaluationPlan
    from livetalk.evaluation.photos.run import Outcome

app = typer.Typer(help="Measure a model on held-out clips.", no_args_is_help=True)

SHOWN = 4  # clips on the sheets


@app.callback()
def _evaluate() -> None:
    """Measure a model on held-out clips."""


@dataclass(frozen=True)
class TinyOptions:
    """Options of `evaluate tiny`: clips, measures and output files."""

    clips: Annotated[int, Option("Clips of 5 s, a held-out person and voice each.", min=1)] = 50
    speech: Annotated[Path | None, Option("A shelf of held-out speech; else the bundled voices.")] = None
    json: Annotated[Path | None, Option("Write figures, bars and misses here.")] = None
    sheets: Annotated[Path | None, Option("A folder for pictures of truth, teacher and student.")] = None
    animation: Annotated[Path | None, Option("A .webp of three people who talk.")] = None
    teacher: Annotated[bool, Option("The teacher's rows, too: minutes.")] = False
    teacher_weights: Annotated[Path | None, Option("Its weights; else checkpoints/teacher.")] = None
    real: Annotated[Path | None, Option("A folder of English recordings and photographs.")] = None
    long: Annotated[bool, Option("A stream of ten minutes, too.")] = False
    streams: Annotated[bool, Option("Streams of a minute.")] = True
    speed: Annotated[bool, Option("Speed and memory.")] = True
    codec_only: Annotated[bool, Option("The codec's gate, without the model.")] = False
    eight_bits: Annotated[bool, Option("Clips in the numbers of the full preset's fast mode, emulated.")] = False
    record: Annotated[bool, Option("Keep these figures as the last full run's.")] = False
    workers: Annotated[int, Option("Processes; 0 takes one a core, four at most.", min=0)] = 0

    @property
    def processes(self) -> int:
        return min(self.workers or min(4, os.cpu_count() or 1), self.clips)

    def claim(self) -> None:
        """Makes sure, before any work, that all files can be written."""
        _claim((self.json, self.animation), (self.sheets,), (self.speech, self.teacher_weights, self.real))
        if self.animation is not None and self.animation.suffix.lower() != ".webp":
            raise ValueError(f"{self.animation} is not a moving picture: give a name that ends in .webp")


@dataclass(frozen=True)
class PhotoOptions:
    """Options of `evaluate tiny` for photographs."""

    photos: Annotated[Path | None, Option("A folder of photographs that are made to talk.")] = None
    photo_clips: Annotated[int, Option("How many of them, three clips each.", min=1, max=100)] = 20
    voices: Annotated[Path | None, Option("English recordings for them; else those of --real.")] = None
    puppets: Annotated[Path | None, Option("A pack of their fits: the truth that they are held to.")] = None
    photo_log: Annotated[Path | None, Option("Keeps what is measured of them: a run goes on there.")] = None
    photo_sheets: Annotated[Path | None, Option("A folder for contact sheets of them.")] = None
    photos_only: Annotated[bool, Option("Nothing but --photos.")] = False
    against: Annotated[Path | None, Option("Weights of another model to show beside, on --photos.")] = None

    def claim(self) -> None:
        """Makes sure, before any work, that all files can be written."""
        read = self.photos, self.voices, self.puppets, self.against
        _claim((self.photo_log,), (self.photo_sheets,), read)
        if self.photos_only and self.photos is None:
            raise ValueError("--photos-only needs photographs: give a folder of them with --photos")


@app.command()
@with_options
def tiny(
    asked: TinyOptions,
    photographs: PhotoOptions,
    model: Annotated[ModelOptions, Group(without=("seed", "loading"))],
) -> None:
    """Measure the tiny model: lips, identity, prompts, pictures, endurance, real voices, speed, distillation."""
    asked.claim()
    photographs.claim()
    from livetalk.evaluation import parts
    from livetalk.presets import PRESETS

    parts.ready()
    if model.preset not in PRESETS:
        raise ValueError(f"there is no preset {model.preset!r}: choose one of {', '.join(PRESETS)}")
    talked = None if photographs.photos is None else _photographs(photographs, asked, model)
    if photographs.photos_only:
        return _tell({}, None, asked, talked)
    _measure(asked, model, talked)


@app.command()
def inputs(
    photos: Annotated[Path | None, typer.Option(help="A folder of portraits with their ATTRIBUTES.csv, too.")] = None,
    count: Annotated[int, typer.Option(help="Examples of each fault; twice as many of none.", min=4)] = 80,
    fixing: Annotated[bool, typer.Option("--fixing", help="The part that thresholds are fixed on.")] = False,
    voices: Annotated[
        Path | None, typer.Option(help="A folder of recordings of speech; else the bundled ones.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """Measure the input checks: faults are planted in portraits and recordings, and looked for."""
    if json is not None:
        claim(json, [photos, voices], "--json")
    from livetalk.data.portrait_parts import PortraitPart
    from livetalk.evaluation.inputs import report, run

    part = PortraitPart.THRESHOLDS if fixing else PortraitPart.FINAL
    spoken = recordings(None if voices is None else sorted(path for path in voices.iterdir() if path.suffix in SOUNDS))
    with progress() as bar:
        speech = run.measure_speech(spoken, count, part, advance(bar, "speech", run.SPEECH_KINDS * count))
        steps = run.PORTRAIT_KINDS * count
        seen = run.look_at_portraits(count, part, photos, advance(bar, "portraits", steps))
    outcome = run.outcome(speech, seen, run.time_speech(spoken))
    console.print(report.markdown(outcome), markup=False)
    write_text(report.as_json(outcome), json)


def _measure(asked: TinyOptions, model: ModelOptions, talked: "Outcome | None") -> None:
    """Everything but photographs: clips, and what `asked` wants besides."""
    from livetalk.conditions.portrait import centred
    from livetalk.evaluation import figures, parts
    from livetalk.evaluation.clips import ClipOrder
    from livetalk.evaluation.metrics import held_out
    from livetalk.media.pictures import open_picture

    taught = _teacher(asked.teacher and not asked.codec_only, asked.teacher_weights)
    shown = min(SHOWN, asked.clips) if asked.sheets is not None else 0
    faces = {name: centred(open_picture(path)) for name, path in avatars().items()}
    with held_out.shelf_folder(asked.speech) as shelf:
        order = ClipOrder(shelf, model.weights, asked.codec_only, model.preset, shown, taught, asked.eight_bits)
        plan = parts.EvaluationPlan(order, faces, asked.long, asked.real, asked.streams, asked.speed)
        beyond = {} if asked.codec_only else _beyond(plan)
        found, strangers = _clips(order, asked.clips, asked.processes)
        result = figures.summarise(found, strangers) | beyond
        if asked.animation is not None and not asked.codec_only:
            _animate(plan, asked.animation)
    _tell(result, plan, asked, talked)
    if asked.sheets is not None:
        _draw(found[:shown], asked.sheets)
    if asked.record:
        _record(result, plan, asked.clips)


def _claim(files: Sequence[Path | None], folders: Sequence[Path | None], inputs: Sequence[Path | None]) -> None:
    for path in files:
        if path is not None:
            claim(path, inputs, "that file")
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
            found |= work(advance(bar, name, steps))
    return found


def _clips(order: "ClipOrder", clips: int, workers: int) -> tuple[list["Measured"], list[np.ndarray]]:
    """Clips in their order, and strangers to tell them from."""
    from livetalk.evaluation import parts
    from livetalk.evaluation.clips import measure

    found: list[Measured] = []
    with progress() as bar:
        tell = advance(bar, "measuring", clips)
        for clip in measure(order, clips, workers):
            found.append(clip)
            tell(1)
        rest = max(0, parts.GALLERY - clips)
        strangers = [] if order.codec_only else parts.gallery(order, clips, workers, advance(bar, "strangers", rest))
    return sorted(found, key=lambda clip: clip.seed), strangers


def _photographs(photographs: PhotoOptions, asked: TinyOptions, model: ModelOptions) -> "Outcome":
    """Photographs that talk, those that the log does not hold yet."""
    from livetalk.evaluation.photos.log import MeasurementLog
    from livetalk.evaluation.photos.run import Plan, Run

    p = photographs
    assert p.photos is not None
    plan = Plan(
        p.photos,
        p.photo_clips,
        p.voices or asked.real,
        model.preset,
        model.weights,
        p.against,
        p.puppets,
        p.photo_sheets,
        asked.processes,
    )
    run = Run(plan, MeasurementLog(p.photo_log))
    for name, steps, work in run.parts():
        with progress() as bar:
            work(advance(bar, f"photographs: {name}", steps))
    for path in run.draw():
        err.print(f"{path}", markup=False)
    return run.outcome()


def _tell(
    result: dict[str, float], plan: "EvaluationPlan | None", asked: TinyOptions, talked: "Outcome | None"
) -> None:
    """The tables, what is missing from them, and the file for machines, which holds this run's figures only."""
    from livetalk.evaluation import last_run, report
    from livetalk.evaluation.photos import report as photo_report

    if plan is not None:
        console.print(report.markdown(result, None if asked.codec_only else last_run.recall()), markup=False)
        for line in () if asked.codec_only else plan.left_out():
            console.print(line, markup=False)
    if talked is not None:
        console.print(photo_report.markdown(talked), markup=False)
    if asked.json is not None:
        photographs = {} if talked is None else photo_report.document(talked)
        write_text(report.as_json(result, photographs), asked.json)


def _draw(found: list["Measured"], sheets: Path) -> None:
    from livetalk.evaluation import sheets as drawn

    with written(sheets):
        drawn.write(found, sheets)


def _animate(plan: "EvaluationPlan", path: Path) -> None:
    from livetalk.evaluation import animation

    with progress() as bar, written(path):
        tell = advance(bar, "animation", animation.PEOPLE)
        size = animation.animate(plan.performer, plan.avatars, recordings(), path, lambda: tell(1))
    err.print(f"{path}: {size / 1e6:.2f} MB", markup=False)


def _record(result: dict[str, float], plan: "EvaluationPlan", clips: int) -> None:
    from livetalk.evaluation import last_run

    last_run.keep(result, plan.performer.version, clips)
