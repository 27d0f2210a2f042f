"""From the fields of configurations to the options of a command, and back to configurations.

A command names a frozen dataclass in its signature; `with_options` shows Typer one option for every field that is
annotated with an `Option` (`livetalk.options`) and calls the command with the instance:

    @app.command()
    @with_options
    def teacher(budget: Budget, clips: ClipSource = ClipSource(clips=6000)) -> None: ...

Defaults are those of the instance in the signature, else the dataclass's. Knows no configuration in particular.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from functools import wraps
from typing import Annotated, TypeVar, cast, get_args, get_origin, get_type_hints

import typer

from livetalk.options import Group, Option

T = TypeVar("T")
UNSET = inspect.Parameter.empty


@dataclass(frozen=True)
class Leaf:
    """An option and the field it fills: names of the command's parameter, of groups, of the field."""

    path: tuple[str, ...]
    option: Option
    hint: object  # the field's type
    default: object  # UNSET: must be given
    prefix: str

    @property
    def name(self) -> str:
        """The name of the parameter that Typer sees."""
        return "__".join(self.path)

    @property
    def flags(self) -> str:
        """`--name`, with `/--no-name` for what is on by default."""
        word = (self.option.flag or f"--{self.path[-1].replace('_', '-')}").removeprefix("--")
        word = f"{self.prefix}{word}"
        return f"--{word}/--no-{word}" if self.default is True else f"--{word}"

    def parameter(self) -> inspect.Parameter:
        """The option as Typer reads it out of a signature."""
        o, hint, default = self.option, self.hint, self.default
        if o.if_given:
            hint, default = cast("type", hint) | None, None
        told = str(self.default) if o.if_given else True
        shown = typer.Option(self.flags, help=o.help, min=o.min, max=o.max, show_default=told)
        return inspect.Parameter(
            self.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[hint, shown]
        )


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with each parameter that is a configuration spread into options."""
    hints = get_type_hints(command, include_extras=True)
    plain: list[inspect.Parameter] = []
    spread: dict[str, tuple[type, object]] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        if is_dataclass(hints[name]):
            spread[name] = cast("type", hints[name]), parameter.default
        else:
            plain.append(parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY))
    shown = [leaf for name, (kind, base) in spread.items() for leaf in leaves(kind, base, (name,))]

    @wraps(command)
    def called(**given: object) -> None:
        rest = {parameter.name: given[parameter.name] for parameter in plain}
        command(**rest, **{name: filled(kind, base, (name,), given) for name, (kind, base) in spread.items()})

    parameters = [*(leaf.parameter() for leaf in shown), *plain]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] - what Typer reads
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return called


def leaves(kind: type, base: object, path: tuple[str, ...], prefix: str = "") -> Iterator[Leaf]:
    """The options of a dataclass and of its groups. base: an instance with the defaults; UNSET for the class's."""
    for field, hint, word in _optional_fields(kind):
        default = _default(field, base)
        if isinstance(word, Group):
            yield from leaves(cast("type", hint), default, (*path, field.name), f"{prefix}{_dashed(word.prefix)}")
        else:
            yield Leaf((*path, field.name), word, hint, default, prefix)


def filled(kind: type[T], base: object, path: tuple[str, ...], given: Mapping[str, object]) -> T:
    """The instance that the given options make. Raises what the dataclass raises for values it does not take."""
    changes: dict[str, object] = {}
    for field, hint, word in _optional_fields(kind):
        here = (*path, field.name)
        if isinstance(word, Group):
            changes[field.name] = filled(cast("type", hint), _default(field, base), here, given)
            continue
        value = given["__".join(here)]
        if not (word.if_given and value is None):
            changes[field.name] = value
    return kind(**changes) if base is UNSET else cast("T", replace(base, **changes))  # type: ignore[type-var]


def _optional_fields(kind: type) -> Iterator[tuple[Field[object], object, Option | Group]]:
    """The fields that are options or groups of them, with their types."""
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        hint = hints[field.name]
        if get_origin(hint) is not Annotated:
            continue
        bare, *extras = get_args(hint)
        for word in extras:
            if isinstance(word, Option | Group):
                yield field, bare, word


def _default(field: Field[object], base: object) -> object:
    if base is not UNSET:
        return getattr(base, field.name)
    if field.default is not MISSING:
        return field.default
    return UNSET if field.default_factory is MISSING else field.default_factory()


def _dashed(prefix: str | None) -> str:
    return f"{prefix}-" if prefix else ""
