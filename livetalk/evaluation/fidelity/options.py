"""Options of the measures of fidelity: which clips' seconds, which networks, by which protocol. Knows files only."""

from dataclasses import dataclass
from typing import Annotated

from livetalk.geometry import FRAME_RATE
from livetalk.options import Option


@dataclass(frozen=True)
class FidelityOptions:
    """What is measured, and how. A network that is not given leaves its figures out."""

    frame_rate: Annotated[int, Option("Frames a second that both sides are measured at.", min=1)] = FRAME_RATE
    seconds: Annotated[float, Option("First seconds of each clip that are measured.", min=0.1)] = 15.0
    faces_every: Annotated[int, Option("Frames from one whose face is described to the next.", min=1)] = 8
