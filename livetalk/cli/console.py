"""Helpers of all commands: consoles, progress bars, bundled files, and one sentence for each kind of mistake.

Results go to standard output, everything else (progress, errors) to standard error. Knows no model.
"""

import errno
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from livetalk.runtime.process import Notice

out = Console(soft_wrap=True, highlight=False)
err = Console(soft_wrap=True, highlight=False, stderr=True)

ASSETS = Path(__file__).parents[1] / "assets"
SOUNDS = (".wav", ".flac", ".ogg", ".mp3", ".m4a")


def avatars() -> dict[str, Path]:
    """The bundled portraits by name."""
    return {path.stem: path for path in sorted((ASSETS / "avatars").glob("*.jpg"))}


def speeches() -> dict[str, Path]:
    """The bundled recordings by name."""
    return {path.stem: path for path in sorted((ASSETS / "speech").iterdir()) if path.suffix in SOUNDS}


def weights() -> list[Path]:
    """The bundled weights of `tiny`."""
    return sorted((ASSETS / "tiny").glob("*.safetensors"))


def model_version() -> str:
    """The version of the bundled weights of `tiny`, as the bundle's metadata say it."""
    from safetensors import safe_open

    path = ASSETS / "tiny" / "student.safetensors"
    if not path.is_file():
        return "missing"
    with safe_open(path, "np") as file:
        return (file.metadata() or {}).get("version", "unversioned")


def progress() -> Progress:
    """A bar for everything that takes seconds, on a terminal only; it leaves no trace once done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


def advance(bar: Progress, name: str, steps: int | None) -> Callable[[int], None]:
    """A new task of a bar, to be told how many of its steps were done; steps: None where nobody knows."""
    task = bar.add_task(name, total=steps)
    return lambda done: bar.advance(task, done)


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning of ours as one sentence; libraries' own are for developers, who ask for them."""
    if os.environ.get("LIVETALK_TRACEBACK"):
        err.print(warnings.formatwarning(message, category, filename, lineno, line), markup=False)
    elif issubclass(category, Notice):
        err.print(f"livetalk: {message}", markup=False)


def mistake(error: Exception) -> str | None:
    """The sentence to show for an error a person can do something about; None for one of ours."""
    match error:
        case ValueError():
            return str(error)
        case MemoryError():
            return "there is not enough memory: close other programs and try again"
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return "the disk is full: make room and try again"
        case OSError(filename=str(name)):
            return f"{name}: {error.strerror}; check the path and its permissions"
    return None
