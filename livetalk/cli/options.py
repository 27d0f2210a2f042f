"""Options of commands, generated from the fields of configurations; and configurations, filled from options.

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
from functools import update_wrapper
from typing import TYPE_CHECKING, Annotated, cast, get_args, get_origin, get_type_hints

import typer

from livetalk.options import Group, Option

if TYPE_CHECKING:
    from _typeshed import DataclassInstance as Dataclass

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


@dataclass(frozen=True)
class Spread:
    """A configuration in a command's signature or in another one, as far as it is offered."""

    kind: type
    base: object  # an instance with the defaults; UNSET: those of the class
    path: tuple[str, ...]
    prefix: str = ""
    without: frozenset[str] = frozenset()

    def leaves(self) -> Iterator[Leaf]:
        """Its options, those of its groups among them."""
        for _, part in self._parts():
            if isinstance(part, Spread):
                yield from part.leaves()
            else:
                yield part

    def filled(self, given: Mapping[str, object]) -> object:
        """The instance that the given options make. Raises what the dataclass raises for values it does not take."""
        changes: dict[str, object] = {}
        for field, part in self._parts():
            if isinstance(part, Spread):
                changes[field.name] = part.filled(given)
            elif not (part.option.if_given and given[part.name] is None):
                changes[field.name] = given[part.name]
        return self.kind(**changes) if self.base is UNSET else replace(cast("Dataclass", self.base), **changes)

    def _parts(self) -> "Iterator[tuple[Field[object], Spread | Leaf]]":
        """The fields that are offered, and what becomes of each."""
        hints = get_type_hints(self.kind, include_extras=True)
        for field in fields(self.kind):
            hint, word = unwrapped(hints[field.name])
            path, default = (*self.path, field.name), self._default(field)
            if field.name in self.without:
                continue
            if isinstance(word, Group):
                prefix = f"{self.prefix}{word.prefix}-" if word.prefix else self.prefix
                yield field, Spread(cast("type", hint), default, path, prefix, self.without | {*word.without})
            elif word is not None:
                yield field, Leaf(path, word, hint, default, self.prefix)

    def _default(self, field: Field[object]) -> object:
        if self.base is not UNSET:
            return getattr(self.base, field.name)
        if field.default is not MISSING:
            return field.default
        return UNSET if field.default_factory is MISSING else field.default_factory()


class WithOptions:
    """A command whose parameters that are configurations are spread into options; Typer reads its signature."""

    def __init__(self, command: Callable[..., None]) -> None:
        update_wrapper(self, command)
        self._command = command
        self._plain: list[inspect.Parameter] = []
        self._spread: dict[str, Spread] = {}
        hints = get_type_hints(command, include_extras=True)
        for name, parameter in inspect.signature(command).parameters.items():
            hint, word = unwrapped(hints[name])
            if is_dataclass(hint):
                group = word if isinstance(word, Group) else Group()
                prefix = f"{group.prefix}-" if group.prefix else ""
                without = frozenset(group.without)
                self._spread[name] = Spread(cast("type", hint), parameter.default, (name,), prefix, without)
            else:
                self._plain.append(parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY))
        shown = [leaf.parameter() for each in self._spread.values() for leaf in each.leaves()] + self._plain
        self.__signature__ = inspect.Signature(shown)
        self.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}

    def __call__(self, **given: object) -> None:
        plain = {parameter.name: given[parameter.name] for parameter in self._plain}
        self._command(**plain, **{name: each.filled(given) for name, each in self._spread.items()})


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with each parameter that is a configuration spread into options."""
    return WithOptions(command)


def unwrapped(hint: object) -> tuple[object, Option | Group | None]:
    """A type without what is noted beside it, and the option or group that is noted."""
    if get_origin(hint) is not Annotated:
        return hint, None
    bare, *extras = get_args(hint)
    return bare, next((word for word in extras if isinstance(word, Option | Group)), None)
