"""`livetalk evaluate dialogue ...`: dialogues of several turns with our own and other systems.

Knows options and files; how dialogues are held is the business of `livetalk.evaluation.dialogue`.
"""

import asyncio
import sys
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_type_hints

import typer
from rich.table import Table

from livetalk.cli.console import avatars, err, progress
from livetalk.cli.console import out as console
from livetalk.cli.options import unwrapped, with_options
from livetalk.conversation.brains.options import BrainName, BrainOptions
from livetalk.media.files import claim
from livetalk.options import Group, Option

if TYPE_CHECKING:
    from livetalk.evaluation.dialogue.runner import DialogueRun, RunForecast
    from livetalk.evaluation.dialogue.scenarios import Scenario

app = typer.Typer(help="Hold dialogues with systems, and judge them.", no_args_is_help=True)

Which = Literal["test", "development", "all"]


@app.callback()
def _dialogue() -> None:
    """Hold dialogues with systems, and judge them."""


@dataclass(frozen=True)
class DialogueChoice:
    """Which dialogues are held."""

    half: Annotated[Which, Option("The half of the dialogues: nothing is tuned on test.")] = "test"
    scenarios: Annotated[int, Option("So many of them, stratified; 0: all.", min=0)] = 0
    dialogues: Annotated[Path | None, Option("A file or folder of dialogues, in place of the bundled.")] = None
    avatar: Annotated[list[str] | None, Option("Bundled faces that dialogues take in turn; else the first.")] = None
    portrait: Annotated[Path | None, Option("A picture in place of a bundled face.")] = None
    patience: Annotated[float, Option("Seconds that visitors of live systems wait for an answer.", min=1)] = 30.0


@dataclass(frozen=True)
class OwnSystem:
    """Options of our own system, as `livetalk serve` takes them."""

    brain: Annotated[BrainName, Option("Who answers for ours.")] = "local"
    preset: Annotated[str, Option("Its model.")] = "tiny"
    weights: Annotated[Path | None, Option("A folder of weights in place of the usual ones.")] = None
    size: Annotated[Literal["256", "512", "auto"], Option("Its frames.")] = "256"
    face: Annotated[Literal["model", "drawn"], Option("Who is seen; drawn: to try without a model.")] = "model"
    answers: Annotated[BrainOptions, Group()] = field(default_factory=BrainOptions)

    def serve(self) -> tuple[str, ...]:
        """Options for `livetalk serve`."""
        return (*_flags(self), *_flags(self.answers))


@app.command()
@with_options
def run(
    systems: Annotated[list[str], typer.Option(help="Who is talked to; again and again for several.")],
    out: Annotated[Path, typer.Option(help="A folder for the dialogues; a run goes on there.")],
    chosen: DialogueChoice,
    own: OwnSystem,
    price: Annotated[list[str] | None, typer.Option(help="MODEL=DOLLARS of a second of video.")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Hold those again in which a turn failed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Begin without asking, whatever it costs.")] = False,
) -> None:
    """Hold dialogues with systems: ours, NAME@URL of a running `livetalk serve`, veo, sora, command:NAME=PROGRAM."""
    from livetalk.evaluation.dialogue import choice
    from livetalk.evaluation.dialogue.live_dialogue import Patience
    from livetalk.evaluation.dialogue.prices import given_prices
    from livetalk.evaluation.dialogue.runner import DialoguePlan, DialogueRun

    options = choice.SystemOptions(own.serve(), Patience(chosen.patience), given_prices(price or ()))
    made = tuple(choice.make_system(word, options) for word in systems)
    claim(out / "record.json" if out.is_dir() else out)
    held = DialogueRun(DialoguePlan(made, _scenarios(chosen), _portraits(chosen), out, retry))
    for system in made:
        if held.missing(system):
            system.check()
    forecasts = held.forecasts()
    err.print(_table(forecasts))
    _agree(forecasts, yes)
    troubles = _hold(held, forecasts)
    _tell_late(held)
    if troubles:
        raise ValueError("; ".join(troubles))
    console.print(f"{out}: {sum(one.missing for one in forecasts)} dialogues held", markup=False)


def _flags(options: object) -> list[str]:
    """A configuration as options on a command line, what is not set left out."""
    found: list[str] = []
    hints = get_type_hints(type(options), include_extras=True)
    for one in fields(options):  # type: ignore[arg-type]
        value, word = getattr(options, one.name), unwrapped(hints[one.name])[1]
        if isinstance(word, Option) and value is not None:
            found += [word.flag or f"--{one.name.replace('_', '-')}", str(value)]
    return found


def _scenarios(chosen: DialogueChoice) -> "tuple[Scenario, ...]":
    from livetalk.evaluation.dialogue.scenarios import BUNDLED, load_scenarios
    from livetalk.evaluation.dialogue.selection import stratified

    found = [one for one in load_scenarios(chosen.dialogues or BUNDLED) if chosen.half in ("all", one.half)]
    if not found:
        raise ValueError(f"there are no dialogues of the half {chosen.half}: choose another --half")
    return stratified(found, chosen.scenarios) if chosen.scenarios else tuple(found)


def _portraits(chosen: DialogueChoice) -> tuple[Path, ...]:
    from livetalk.media.pictures import open_picture

    if chosen.portrait is not None:
        if chosen.avatar:
            raise ValueError("--portrait and --avatar name different faces: give one of them")
        open_picture(chosen.portrait)
        return (chosen.portrait,)
    known = avatars()
    strange = [name for name in chosen.avatar or [] if name not in known]
    if strange:
        raise ValueError(f"there is no avatar {strange[0]!r}: choose from {', '.join(known)}")
    return tuple(known[name] for name in chosen.avatar or list(known)[:1])


def _table(forecasts: "list[RunForecast]") -> Table:
    """What is to be done, before it is."""
    table = Table(title="To be held")
    for head in ("system", "dialogues", "finished", "turns", "minutes, about", "US dollars, about"):
        table.add_column(head, justify="left" if head == "system" else "right")
    for one in forecasts:
        price = "-" if one.price is None else f"{one.price:.2f} ({one.pricing})"
        counts = (one.missing, one.finished, one.turns, f"{one.seconds / 60:.0f}", price)
        table.add_row(one.system, *map(str, counts))
    return table


def _agree(forecasts: "list[RunForecast]", yes: bool) -> None:
    """Make sure that a person who has to pay wants to. Raises ValueError if they do not."""
    price = sum(one.price or 0.0 for one in forecasts)
    if yes or not price:
        return
    if not (sys.stdin.isatty() and err.is_terminal):
        raise ValueError(f"this costs about {price:.2f} US dollars: add --yes if that is wanted")
    err.print(f"This costs about {price:.2f} US dollars. Begin? [y/N] ", end="", markup=False)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise ValueError("nothing was begun, nothing was paid")


def _tell_late(run: "DialogueRun") -> None:
    """Say which systems were too slow for what they were to do."""
    from livetalk.evaluation.dialogue.live_system import read_pulse
    from livetalk.evaluation.dialogue.records import folder_of

    for system in run.plan.systems:
        folders = [folder_of(run.plan.out, system.name, scenario.name) for scenario in run.plan.scenarios]
        pulses = [pulse for folder in folders if (pulse := read_pulse(folder)) is not None]
        late = sum(not pulse.in_real_time for pulse in pulses)
        if late:
            words = f"{late} of {len(pulses)} dialogues were not in real time, blocks of frames were late"
            err.print(f"{system.name}: {words}: hold them again on a machine with nothing else to do", markup=False)


def _hold(run: "DialogueRun", forecasts: "list[RunForecast]") -> list[str]:
    """Speak the visitor's lines, then hold the dialogues; sentences of those systems that could not go on."""
    wanted = run.to_speak()
    with progress() as bar:
        lines = bar.add_task("visitor's lines", total=len(run.voice.missing(wanted)))
        run.voice.prepare(wanted, lambda count: bar.advance(lines, count))
        tasks = {one.system: bar.add_task(one.system, total=one.missing) for one in forecasts if one.missing}
        return asyncio.run(run.hold(lambda name, count: bar.advance(tasks[name], count)))
