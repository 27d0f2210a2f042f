"""A configuration's fields are a command's options: names, defaults, limits, and what becomes of what is given."""

import inspect
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer
from typer.testing import CliRunner

from livetalk.cli.options import with_options
from livetalk.options import Group, Option


@dataclass(frozen=True)
class Rate:
    lr: Annotated[float, Option("Learning rate.", if_given=True)]
    decay: float = 0.5


@dataclass(frozen=True)
class Stage:
    folder: Annotated[Path, Option("Where.")]
    batch: Annotated[int, Option("Clips.", min=1, max=9)] = 4
    mode: Annotated[Literal["exact", "fast"] | None, Option()] = None
    quick: Annotated[bool, Option()] = True
    loud: Annotated[bool, Option(flag="--noisy")] = False
    names: Annotated[list[str] | None, Option()] = None
    hidden: int = 7
    first: Annotated[Rate, Group()] = field(default_factory=lambda: Rate(1e-3))
    second: Annotated[Rate, Group("critic")] = field(default_factory=lambda: Rate(2e-3, 0.25))


@dataclass(frozen=True)
class Limits:
    low: Annotated[int, Option()] = 1

    def __post_init__(self) -> None:
        if self.low > 5:
            raise ValueError("too high")


FIVE = Limits(5)


@pytest.fixture
def given():
    """Runs a command with a few configurations -> what it was called with."""
    app, seen = typer.Typer(), {}

    @app.command()
    @with_options
    def command(stage: Stage, limits: Limits = FIVE, plain: Annotated[int, typer.Option()] = 3) -> None:
        """What it does."""
        seen.update(stage=stage, limits=limits, plain=plain)

    def run(*words: object) -> dict:
        result = CliRunner().invoke(app, [*map(str, words)])
        if result.exit_code:
            raise result.exception if isinstance(result.exception, ValueError) else SystemExit(result.output)
        return seen

    return run


def test_defaults_are_those_of_the_configuration(given) -> None:
    seen = given("--folder", "x")
    assert seen == {"stage": Stage(Path("x")), "limits": Limits(5), "plain": 3}


def test_what_is_given_replaces_one_field_each(given) -> None:
    words = ("--batch", 2, "--mode", "fast", "--no-quick", "--noisy", "--names", "a", "--names", "b", "--low", 2)
    seen = given("--folder", "x", *words, "--critic-lr", 1, "--plain", 4)
    stage = Stage(Path("x"), 2, "fast", False, True, ["a", "b"], second=Rate(1.0, 0.25))
    assert seen == {"stage": stage, "limits": Limits(2), "plain": 4}


@pytest.mark.parametrize(
    "words", [(), ("--folder", "x", "--batch", 0), ("--folder", "x", "--hidden", 1), ("--folder", "x", "--no-noisy")]
)
def test_what_is_missing_out_of_range_or_no_option_is_refused(given, words) -> None:
    with pytest.raises(SystemExit):
        given(*words)


def test_what_a_configuration_refuses_is_its_own_sentence(given) -> None:
    with pytest.raises(ValueError, match="too high"):
        given("--folder", "x", "--low", 6)


def test_a_parameter_leaves_out_fields_and_puts_words_before_the_others() -> None:
    def command(stage: Annotated[Stage, Group("a", without=("lr", "mode"))]) -> None: ...

    flags = [p.annotation.__metadata__[0].default for p in inspect.signature(with_options(command)).parameters.values()]
    assert flags == ["--a-folder", "--a-batch", "--a-quick/--no-a-quick", "--a-noisy", "--a-names"]


def test_a_command_keeps_its_name_and_its_help() -> None:
    def command(limits: Limits) -> None:
        """What it does."""

    shown = with_options(command)
    assert (shown.__name__, shown.__doc__) == ("command", "What it does.")
    assert list(inspect.signature(shown).parameters) == ["limits__low"]
