"""Options of a pack of portraits. Plain values: importing this loads no library."""

from dataclasses import dataclass
from typing import Annotated

from livetalk.options import Option


@dataclass(frozen=True)
class PackOptions:
    """Which fitted portraits go into a pack.

    held_out: portraits are marked so, and all that could be fitted are taken, because metrics are about all.
    """

    max_mb: Annotated[float, Option("Largest size of the file.", min=0.001)] = 40.0
    held_out: Annotated[bool, Option("Take all of the list instead, marked as held out.", flag="--only-held-out")] = (
        False
    )
    limit: Annotated[int | None, Option("Portraits at most.", min=1)] = None
    broad_smiles: Annotated[float, Option("Share of broad smiles at most.", min=0.0, max=1.0)] = 0.5
