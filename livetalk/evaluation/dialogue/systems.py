"""System under test: whoever answers a visitor's turns with picture and sound, live or clip by clip.

What all kinds have in common for whoever runs them; knows none of them.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Int16

from livetalk.evaluation.dialogue.records import DialogueRecord
from livetalk.evaluation.dialogue.scenarios import Scenario
from livetalk.geometry import SAMPLE_RATE

Pcm = Int16[np.ndarray, " n"]  # mono, 16 kHz
LETTERS_A_SECOND = 14.0  # that a visitor says, about


class SystemUnavailable(ValueError):
    """The system cannot be used now: its endpoint is away, its key is refused, its quota is used up, ...

    One sentence with what to do. Dialogues that are finished are kept, and the run goes on there the next time.
    """


@dataclass(frozen=True)
class Forecast:
    """What a dialogue will take, about: seconds, and US dollars (None: nobody is paid); pricing: their origin."""

    seconds: float
    price: float | None = None
    pricing: str | None = None


@dataclass(frozen=True)
class DialogueJob:
    """A dialogue to be held. folder: for its files, there already. speech: of each turn, empty where it is silent."""

    scenario: Scenario
    folder: Path
    portrait: Path
    speech: tuple[Pcm, ...]

    @property
    def said(self) -> tuple[str, ...]:
        """Names of the files that hold the visitor's turns."""
        return tuple(f"turn_{number}_visitor.wav" for number, _ in enumerate(self.speech, 1))


class DialogueSystem(Protocol):
    """See the module docstring. name: of its folder. parallel: dialogues that it may hold at once."""

    @property
    def name(self) -> str: ...

    @property
    def parallel(self) -> int: ...

    def forecast(self, scenario: Scenario) -> Forecast:
        """What this dialogue will take."""
        ...

    def check(self) -> None:
        """Raises SystemUnavailable, with what to do, where a key or a program is missing. Costs nothing."""
        ...

    def opened(self) -> AbstractAsyncContextManager[None]:
        """The time in which dialogues are held. Raises SystemUnavailable."""
        ...

    async def hold(self, job: DialogueJob) -> DialogueRecord:
        """Hold one dialogue; its files lie in the job's folder when this returns, its record is the caller's to write.

        What goes wrong with a turn stands in the record. Raises SystemUnavailable where that is no fault of the turn.
        """
        ...


def speaking_seconds(scenario: Scenario) -> float:
    """Seconds for which the visitor of a dialogue speaks or is silent, about."""
    return sum(turn.silent_s + len(turn.says) / LETTERS_A_SECOND for turn in scenario.turns)


def seconds_of(pcm: Pcm) -> float:
    """Length of sound."""
    return len(pcm) / SAMPLE_RATE
