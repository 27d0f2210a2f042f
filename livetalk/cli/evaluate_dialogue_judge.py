"""`livetalk evaluate dialogue judge`: dialogues that were held are judged, after the judge itself was tried."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import livetalk
from livetalk.cli.console import err, progress
from livetalk.cli.console import out as console
from livetalk.cli.options import with_options
from livetalk.evaluation.dialogue.judging.options import ControlOptions, FrameSampling, Half, JudgeOptions, Prices
from livetalk.media.files import claim

if TYPE_CHECKING:
    from livetalk.evaluation.dialogue.judging.endpoint import EndpointClient
    from livetalk.evaluation.dialogue.judging.run import HeldDialogue, JudgingRun
    from livetalk.evaluation.dialogue.scoring.results import Judging

HEARD, ANSWERS, CALIBRATION = "heard.jsonl", "answers.jsonl", "calibration"


@with_options
def judge(
    records: Annotated[Path, typer.Argument(help="A folder of dialogues, as `run` leaves it.")],
    out: Annotated[Path, typer.Option(help="A folder for verdicts; a judging goes on there.")],
    options: JudgeOptions,
    sampling: FrameSampling,
    controls: ControlOptions,
    prices: Prices,
    half: Annotated[Half, typer.Option(help="The half of the scenarios that is judged.")] = "all",
    scenarios: Annotated[Path | None, typer.Option(help="Scenarios in place of the bundled ones.")] = None,
) -> None:
    """Judge dialogues in nine dimensions. `--judge small`, a baseline, knows no language: do not publish by it."""
    options.check()
    held = _held(records, scenarios, half)
    out.mkdir(parents=True, exist_ok=True)
    claim(out / ANSWERS, option="--out")
    _warn(options)
    with _client(options) as (client, name):
        judging = _judged(held, client, name, (options, sampling, controls, prices), out)
    from livetalk.evaluation.dialogue.scoring.results import write_judging

    console.print(f"{write_judging(out, judging)}: {len(judging.dialogues)} dialogues judged", markup=False)
    if missing := judging.missing:
        raise ValueError(f"{len(missing)} verdicts are missing, first {missing[0]}: run the same command again")


def _judged(
    held: "Sequence[HeldDialogue]",
    client: "EndpointClient",
    name: str,
    asked: tuple[JudgeOptions, FrameSampling, ControlOptions, Prices],
    out: Path,
) -> "Judging":
    """All of it, with one bar. What was answered is kept when the judge is lost."""
    from livetalk.evaluation.dialogue.judging.answer_log import AnswerLog
    from livetalk.evaluation.dialogue.judging.calibration import calibration_scenarios
    from livetalk.evaluation.dialogue.judging.endpoint import EndpointError
    from livetalk.evaluation.dialogue.judging.estimate import estimate
    from livetalk.evaluation.dialogue.judging.gathering import Gatherer
    from livetalk.evaluation.dialogue.judging.hearing import AnswerHearing
    from livetalk.evaluation.dialogue.judging.panel import Panel
    from livetalk.evaluation.dialogue.judging.run import JudgingRun

    options, sampling, controls, prices = asked
    tried = [len(one.turns) for one in calibration_scenarios()]
    turns = [len(one.record.turns) for one in held]
    work = estimate(turns, tried, _pairs(held) if controls.pairs else 0, options, controls, sampling, prices)
    err.print(str(work), markup=False)
    log = AnswerLog(out / ANSWERS)
    with progress() as bar:
        task = bar.add_task("judging", total=work.answers)
        panel = Panel(client, log, name, options.at_once, lambda: bar.advance(task))
        with panel:
            run = JudgingRun(panel, Gatherer(sampling, AnswerHearing(out / HEARD)), options.repeats, options.hears)
            try:
                calibration = controls.calibration or out / CALIBRATION
                asked_for = replace(controls, calibration=calibration)
                note = _note(options, sampling, client)
                return _all(run, held, asked_for, note, lambda words: bar.update(task, description=words))
            except EndpointError as error:
                raise EndpointError(f"{error}; {len(log)} answers are kept, the same command goes on") from error


def _all(
    run: "JudgingRun",
    held: "Sequence[HeldDialogue]",
    controls: ControlOptions,
    judging: "Judging",
    say: Callable[[str], None],
) -> "Judging":
    """The judge's own trial, then the systems; `say` is told which of it goes on."""
    from livetalk.evaluation.dialogue.judging import calibration
    from livetalk.evaluation.dialogue.judging.controls import unmeasured
    from livetalk.evaluation.dialogue.judging.faults import Planter
    from livetalk.evaluation.dialogue.judging.run import HeldDialogue

    if controls.faults or controls.ablation:
        assert controls.calibration is not None
        folder, stage, good = controls.calibration, calibration.StudentStage(), list[HeldDialogue]()
        known = {one.name: one for one in calibration.calibration_scenarios()}
        say(f"making calibration dialogue 1 of {len(known)}")
        for i, one in enumerate(calibration.hold(folder, stage), 2):
            good.append(HeldDialogue(folder, one, known[one.scenario]))
            say(f"making calibration dialogue {min(i, len(known))} of {len(known)}")
        say("trying the judge")
        if controls.ablation:
            judging = replace(judging, ablation=tuple(run.ablation(good)))
        if controls.faults:
            faults = tuple(run.faults(good, Planter(folder, folder, stage, run.gatherer.hearing)))
            judging = replace(judging, faults=faults, unmeasured=unmeasured(faults, judging.ablation, run.sound))
    say("judging dialogues")
    judging = replace(judging, dialogues=tuple(run.systems(held)))
    return replace(judging, pairs=tuple(run.compare_systems(held))) if controls.pairs else judging


def _note(options: JudgeOptions, sampling: FrameSampling, client: "EndpointClient") -> "Judging":
    from livetalk.evaluation.dialogue.scoring.results import JudgeNote, Judging

    note = JudgeNote(
        client.endpoint.model,
        options.repeats,
        options.temperature,
        options.top_p,
        sampling.frames,
        sampling.frame_size,
        options.hears,
        options.probabilities,
        options.brain,
    )
    return Judging(note, ())


@contextmanager
def _client(options: JudgeOptions) -> "Generator[tuple[EndpointClient, str]]":
    """Whoever judges, and the name its answers are kept under: the small judge's may change with the version."""
    from livetalk.evaluation.dialogue.judging.endpoint import Endpoint, EndpointClient
    from livetalk.evaluation.dialogue.judging.requests import Sampling

    drawn = Sampling(options.temperature, options.top_p)
    asked = Endpoint(
        options.judge,
        options.model or "",
        options.key,
        options.patience,
        probabilities=options.probabilities,
        schema=options.schema,
    )
    if not options.is_small:
        with EndpointClient(asked, drawn) as client:
            yield client, ""
        return
    from livetalk.evaluation.dialogue.small_judge.server import NAME, small_judge

    with small_judge() as url, EndpointClient(replace(asked, url=url, model=NAME, key=None), drawn) as client:
        yield client, f"{NAME} {livetalk.__version__}"


def _held(records: Path, source: Path | None, half: Half) -> "list[HeldDialogue]":
    """The dialogues of a folder that are to be judged, each with its scenario."""
    from livetalk.evaluation.dialogue.judging.run import HeldDialogue
    from livetalk.evaluation.dialogue.records import find_records
    from livetalk.evaluation.dialogue.scenarios import BUNDLED, load_scenarios

    known = {one.name: one for one in load_scenarios(source or BUNDLED)}
    found = find_records(records)
    strange = next((one.scenario for one in found if one.scenario not in known), None)
    if strange is not None:
        raise ValueError(f"{records} holds {strange}, which is no known scenario: give its file with --scenarios")
    below = records.resolve()  # the report may be written from elsewhere
    held = [HeldDialogue(below, one, known[one.scenario]) for one in found]
    held = [one for one in held if half in ("all", one.scenario.half)]
    if not held:
        raise ValueError(f"{records} holds no dialogue of the half {half}: choose another --half")
    return held


def _pairs(held: "Sequence[HeldDialogue]") -> int:
    """Pairs of dialogues of one scenario."""
    counts = [sum(one.scenario.name == name for one in held) for name in {one.scenario.name for one in held}]
    return sum(count * (count - 1) // 2 for count in counts)


def _warn(options: JudgeOptions) -> None:
    from livetalk.evaluation.dialogue.judging.families import self_preference

    if options.model and options.brain and (sentence := self_preference(options.model, options.brain)):
        err.print(f"note: {sentence}", markup=False)
    if options.repeats < 5:
        err.print("note: fewer than 5 repeats tell little about how far a judge agrees with itself")
