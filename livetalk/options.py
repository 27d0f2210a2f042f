"""Words that make a configuration's field an option of a command. Knows neither commands nor configurations.

    batch: Annotated[int, Option("Clips a step.", min=1)] = 16

The field keeps its type and its default, which stand nowhere else; `cli.options` makes the option of them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """A field as an option: `--its-name`, or `flag`. True by default means that `--no-...` is offered, too.

    if_given: without a default for the command; what is left out leaves the field as the configuration has it.
    """

    help: str | None = None
    flag: str | None = None
    min: float | None = None
    max: float | None = None
    if_given: bool = False


@dataclass(frozen=True)
class Group:
    """A field, or a command's parameter, that is a configuration itself; its options are offered.

    prefix: begins their names, `--PREFIX-...`. without: fields that are not offered, here and in groups within.
    """

    prefix: str | None = None
    without: tuple[str, ...] = ()
