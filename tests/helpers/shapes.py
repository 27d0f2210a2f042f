"""Checks the shapes that stand in signatures while the tests run, and nothing else about types.

jaxtyping's import hook hands every function of the package to `check`; what is no array is basedpyright's business.
"""

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any, Union, get_args, get_origin

from jaxtyping import AbstractArray


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, which now raises TypeError when an array it takes or gives has another shape or dtype."""
    signature = inspect.signature(function)
    arrays = {name: hint.annotation for name, hint in signature.parameters.items() if _is_array(hint.annotation)}
    gives = signature.return_annotation if _is_array(signature.return_annotation) else None
    if not arrays and gives is None:
        return function

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs).arguments
        for name, hint in arrays.items():
            if name in given:
                _expect(given[name], hint, f"{function.__qualname__}({name})")
        result = function(*args, **kwargs)
        if gives is not None:
            _expect(result, gives, f"{function.__qualname__} -> ")
        return result

    return checked


def _is_array(hint: Any) -> bool:
    if get_origin(hint) in (Union, types.UnionType):
        return any(_is_array(part) for part in get_args(hint))
    return isinstance(hint, type) and issubclass(hint, AbstractArray)


def _expect(value: Any, hint: Any, where: str) -> None:
    union = get_origin(hint) in (Union, types.UnionType)
    if not any(isinstance(value, get_origin(part) or part) for part in (get_args(hint) if union else (hint,))):
        shape = f"{value.dtype}{list(value.shape)}" if hasattr(value, "shape") else type(value).__name__
        raise TypeError(f"{where} is {shape}, not {hint}")
