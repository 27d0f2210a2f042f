"""Interface of a system under test: a value that can be sent to a process, opened there once, and asked for clips."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from livetalk.evaluation.table.cases import ClipCase

Seen = Callable[[int], None]
"""Told how many frames can be looked at, as they come: the first call is the first frame."""


class LoadedSystem(Protocol):
    """A system that is loaded, ready to make clips."""

    def make(self, case: ClipCase, out: Path, seen: Seen) -> None:
        """Write a case's video to `out`, which is there whole or not at all. Raises ValueError, saying why not."""
        ...


class SystemUnderTest(Protocol):
    """A system as it is asked for. name: in tables and folders, letters of file names only."""

    @property
    def name(self) -> str: ...
    @property
    def described(self) -> str:
        """What it is, for the report."""
        ...

    @property
    def fingerprint(self) -> str:
        """Tells its clips from those of another system of the same name."""
        ...

    def require(self) -> None:
        """Raises ValueError, with what to do, where it cannot be opened; looks at files only."""
        ...

    def open(self, device: str | None, threads: int) -> LoadedSystem:
        """Load it, on `device` where it can choose."""
        ...
