"""Maker of clips from prompts: the contract between a dialogue that is held clip by clip and who makes the clips."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class ClipFailed(Exception):
    """There will be no clip. One sentence says why: the job failed, was refused, took too long, ..."""


class JobLost(ClipFailed):
    """The service does not know the job any more."""


@dataclass(frozen=True)
class ClipRequest:
    """What a clip is made from. first_frame: the last picture of the answer before, else the portrait; speech: what the
    visitor says now; transcript: a text file of all that was said, this turn included; out: the mp4 to be written."""

    prompt: str
    portrait: Path
    first_frame: Path
    speech: Path
    transcript: Path
    out: Path


class ClipMaker(Protocol):
    """See the module docstring. machine: who computes. parallel: jobs at once. wait_seconds: usual time until a clip is
    there; price: of a clip in US dollars, None if free; pricing: in words."""

    @property
    def machine(self) -> str: ...

    @property
    def parallel(self) -> int: ...

    @property
    def wait_seconds(self) -> float: ...

    @property
    def price(self) -> float | None: ...

    @property
    def pricing(self) -> str | None: ...

    def check(self) -> None:
        """Raises SystemUnavailable, with what to do, where a key or a program is missing. Costs nothing."""
        ...

    async def begin(self, order: ClipRequest) -> str:
        """Order a clip; returns the job's name. Raises ClipFailed, SystemUnavailable."""
        ...

    async def finish(self, job: str, order: ClipRequest) -> None:
        """Wait for a job, which another process may have begun, and write its clip. Raises likewise."""
        ...
