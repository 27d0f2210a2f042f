"""Options of the benchmarks of the full size and of conversations. Plain values: importing this loads no torch."""

from dataclasses import dataclass
from typing import Annotated

from livetalk.options import Option
from livetalk.performer.options import Mode


@dataclass(frozen=True)
class FullSizeOptions:
    """Options of the benchmark. mode: None runs as loaded. blocks: steady ones; first: repeats of the first frame.

    density: the most live sessions tried in one batch, density_blocks blocks in all; 0 leaves that out.
    """

    mode: Mode | None = "exact"
    blocks: Annotated[int, Option("1.3b: steady blocks.", min=1)] = 20
    first: int = 5
    density: Annotated[int, Option("1.3b: sessions tried in a batch, then one fewer.", min=0)] = 0
    density_blocks: Annotated[int, Option("1.3b: blocks of each try, all sessions together.", min=1)] = 1000


@dataclass(frozen=True)
class TalkBenchOptions:
    """Length of each part of the benchmark of conversations; 0 leaves a part out."""

    skew: Annotated[float, Option("Seconds of white frames and beeps; 0 leaves them out.", min=0)] = 600.0
    echo: Annotated[float, Option("Seconds of echoes that are interrupted.", min=0)] = 180.0
    local: Annotated[float, Option("Seconds of talk with the local brain.", min=0)] = 300.0
    cycles: Annotated[int, Option("Visits that come and go.", min=0)] = 100
