"""Options of a judging: which judge, how often and how it is asked, and what it is tried on first. Plain values."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from livetalk.options import Option

SMALL = "small"
Half = Literal["test", "development", "all"]


@dataclass(frozen=True)
class JudgeOptions:
    """Who judges, and how it is asked; the defaults of sampling are the paper's."""

    judge: Annotated[str, Option("`small`, or the address of a vision-language model, as far as /v1.")] = SMALL
    model: Annotated[str | None, Option("Its name there.")] = None
    key_variable: Annotated[str | None, Option("The environment variable that holds its key.")] = None
    repeats: Annotated[int, Option("Times that everything is judged.", min=1)] = 5
    temperature: Annotated[float, Option("Of its sampling.", min=0)] = 0.1
    top_p: Annotated[float, Option("Of its sampling.", min=0, max=1)] = 0.9
    sound: Annotated[bool, Option("It hears: send the answers' sound with pictures.")] = False
    probabilities: Annotated[bool, Option("Ask for token probabilities, and score by them.")] = True
    schema: Annotated[bool, Option("Have the endpoint enforce the answer's JSON.")] = True
    at_once: Annotated[int, Option("Requests on their way at the same time.", min=1)] = 4
    patience: Annotated[float, Option("Seconds that one answer may take.", min=1)] = 300.0
    brain: Annotated[str | None, Option("The model that answered, to warn of a judge of its family.")] = None

    @property
    def is_small(self) -> bool:
        return self.judge == SMALL

    @property
    def hears(self) -> bool:
        """The small judge does."""
        return self.sound or self.is_small

    @property
    def key(self) -> str | None:
        return os.environ.get(self.key_variable) or None if self.key_variable else None

    def check(self) -> None:
        """Raises ValueError, with what to do, for options that do not go together."""
        if not self.is_small and not self.judge.startswith(("http://", "https://")):
            raise ValueError(
                f"--judge {self.judge} is neither `small` nor an address: give one like http://host:8000/v1"
            )
        if not self.is_small and not self.model:
            raise ValueError("--judge names a server: say with --model which of its models judges")
        if self.key_variable and self.key is None:
            raise ValueError(f"the environment has no {self.key_variable}: set it to the judge's key")


@dataclass(frozen=True)
class FrameSampling:
    """How many pictures of an answer a judge sees, and how large; the defaults are the paper's."""

    frames: Annotated[int, Option("Pictures of each answer, at most.", min=1, max=256)] = 32
    frame_size: Annotated[int, Option("Longer side of each, pixels.", min=64, max=2048)] = 784


@dataclass(frozen=True)
class ControlOptions:
    """What a judge must see before it is believed."""

    faults: Annotated[bool, Option("Try the judge on planted faults.")] = True
    ablation: Annotated[bool, Option("Try it on one kind of evidence at a time.")] = True
    pairs: Annotated[bool, Option("Compare systems in pairs, in both orders, too.")] = False
    calibration: Annotated[Path | None, Option("A folder for calibration dialogues; else one in --out.")] = None


@dataclass(frozen=True)
class Prices:
    """What a judge costs."""

    price_in: Annotated[float | None, Option("US dollars for a million tokens it reads.", min=0)] = None
    price_out: Annotated[float | None, Option("US dollars for a million tokens it writes.", min=0)] = None
