"""Checks the shapes that stand in signatures while the tests run, and nothing else about types.

An import hook wraps functions of the package whose signatures hold arrays, when their module has been
loaded. jaxtyping's own hook wraps every function, and binds its arguments three times a call.
"""

import functools
import importlib.abc
import importlib.machinery
import inspect
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any, Union, get_args, get_origin

from jaxtyping import AbstractArray, jaxtyped


def check_shapes_in(package: str) -> None:
    """Check calls of all functions of `package` from now on. None of its modules with arrays may be loaded yet."""
    sys.meta_path.insert(0, _Finder(package))


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None) -> Any:
        if name.partition(".")[0] != self.package:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module: types.ModuleType) -> None:
        super().exec_module(module)
        _wrap_all(module, module.__name__)


def _wrap_all(owner: Any, module: str) -> None:
    """Functions of a module, and those of its classes, replaced by ones that check."""
    for name, value in list(vars(owner).items()):
        if isinstance(value, type):
            if value.__module__ == module:
                _wrap_all(value, module)
            continue
        kind = type(value) if isinstance(value, staticmethod | classmethod | property) else None
        function = getattr(value, "fget" if kind is property else "__func__", None) if kind else value
        if inspect.isfunction(function) and (function.__module__ == module or name == "__init__"):
            checked = check(function)
            if checked is not function:
                setattr(owner, name, kind(checked) if kind else checked)


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, which now raises TypeError when it accepts or gives an array of another shape or dtype."""
    body_runs_later = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    if body_runs_later or not any(map(_is_array, inspect.get_annotations(function).values())):
        return function
    signature = inspect.signature(function)
    arrays = [(i, p.name, p.annotation) for i, p in enumerate(signature.parameters.values()) if _is_array(p.annotation)]
    gives = signature.return_annotation if _is_array(signature.return_annotation) else None

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        with jaxtyped("context"):
            wrong = ""
            for i, name, hint in arrays:
                if i < len(args):
                    wrong = wrong or _differs(args[i], hint, name)
                elif name in kwargs:
                    wrong = wrong or _differs(kwargs[name], hint, name)
            result = function(*args, **kwargs)  # may refuse an array itself, by a ValueError
            if gives is not None:
                wrong = wrong or _differs(result, gives, "return")
        if wrong:
            raise TypeError(f"{function.__module__}.{function.__qualname__}: {wrong}")
        return result

    return checked


def _is_array(hint: Any) -> bool:
    if get_origin(hint) in (Union, types.UnionType):
        return any(_is_array(part) for part in get_args(hint))
    return isinstance(hint, type) and issubclass(hint, AbstractArray)


def _differs(value: Any, hint: Any, name: str) -> str:
    """How a value differs from its annotation; empty if it does not."""
    union = get_origin(hint) in (Union, types.UnionType)
    if any(isinstance(value, get_origin(part) or part) for part in (get_args(hint) if union else (hint,))):
        return ""
    shape = f"{value.dtype}{list(value.shape)}" if hasattr(value, "shape") else type(value).__name__
    return f"{name} is {shape}, not {hint}"
