"""Rows of the ablation: what each changes of the row before, after the paper's third table (arXiv 2512.23576)."""

from dataclasses import dataclass
from typing import Literal

from livetalk.recipes.config import Guidance

Conditions = Literal["raw", "curated"]

SHORT = 5  # ode to convergence takes so many times the baseline's steps: 20,000 and 4,000 in the paper
LOW, TUNED = Guidance(4 / 3, 2.0), Guidance(2.0, 3.0)  # the teacher's guidance in DMD, as 4 to 6 in the paper


@dataclass(frozen=True)
class AblationRow:
    """Row of the ablation: how a student is distilled.

    conditions: of which clips. converged: ode until its held-out error stands still, else a fifth of those steps.
    rate: learning rates of DMD over the baseline's. window: rollouts of training forget what serving forgets.
    """

    name: str
    conditions: Conditions = "raw"
    converged: bool = False
    rate: float = 1.0
    guidance: Guidance = LOW
    window: bool = True

    @property
    def slug(self) -> str:
        """Name of the row's folder."""
        return "_".join("".join(c if c.isalnum() else " " for c in self.name).split()).lower()

    @property
    def ode(self) -> str:
        """Name of the ode run that the row begins with; rows that differ later share it."""
        return f"ode_{self.conditions}_{'converged' if self.converged else 'short'}"


ROWS = (
    AblationRow("baseline"),
    AblationRow("+ curated conditions", "curated"),
    AblationRow("+ converged ODE", "curated", True),
    AblationRow("+ aggressive learning rate", "curated", True, 2.0),
    AblationRow("+ teacher guidance", "curated", True, 2.0, TUNED),
    AblationRow("without curation", "raw", True, 2.0, TUNED),
)
OPTIONS = (AblationRow("rollouts without the window", "curated", True, 2.0, TUNED, window=False),)


def rows_of(names: list[str]) -> list[AblationRow]:
    """Rows by their folders' names; the paper's six if none is named. Raises ValueError for an unknown one."""
    known = {row.slug: row for row in (*ROWS, *OPTIONS)}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no row {unknown[0]!r}: choose of {', '.join(known)}")
    return [known[name] for name in names] or list(ROWS)
