"""Outputs of a command: made sure of before the work begins, so that no minute of it is in vain and nothing is lost."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from livetalk.cli.console import err
from livetalk.media.files import claim, written

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Replace a file that is there without asking.")]


def make_sure(
    path: Path, suffix: str, inputs: Iterable[Path | None] = (), yes: bool = False, option: str = "--out"
) -> None:
    """That `path` is a file of that kind that can be written, is none of the inputs, and may replace what is there.

    A person at a terminal is asked before a file is replaced; scripts are not, which would wait for ever. Raises
    ValueError, with what to do.
    """
    if path.expanduser().is_dir():
        raise ValueError(f"{path} is a folder: give {option} a file name")
    if path.suffix.lower() != suffix:
        raise ValueError(f"{path} is not an {suffix[1:]}: give {option} a name that ends in {suffix}")
    claim(path, inputs, option)
    if yes or not path.expanduser().exists() or not (sys.stdin.isatty() and err.is_terminal):
        return
    err.print(f"{path} exists. Replace it? [y/N] ", end="", markup=False)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise ValueError(f"{path} is kept as it was: give another name with {option}")


def write_text(text: str, path: Path | None) -> None:
    """Write figures to the file that was asked for, if one was."""
    if path is not None:
        with written(path):
            path.write_text(text, encoding="utf-8")
