"""The last full run's figures of the bundled model, kept with the package: shown where a run leaves something out.

A file of numbers and where they come from. Knows neither how they were measured nor what they should be.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path(__file__).parents[1] / "assets" / "full_run.json"


@dataclass(frozen=True)
class Run:
    """Figures by name, and what they were measured on."""

    figures: Mapping[str, float]
    version: str  # of the weights
    clips: int

    @property
    def when(self) -> str:
        """How to mark a figure that comes from here."""
        return f"last full run, weights {self.version}, {self.clips} clips"


def recall(path: Path = FILE) -> Run | None:
    """The run that was kept; None if there is none. Figures that could not be measured are left out."""
    if not path.is_file():
        return None
    held = json.loads(path.read_text(encoding="utf-8"))
    return Run(
        {name: value for name, value in held["figures"].items() if value is not None}, held["version"], held["clips"]
    )


def keep(run: Run, path: Path = FILE) -> None:
    """Put a run in the place of the one before."""
    held = asdict(run)
    held["figures"] = {name: value if math.isfinite(value) else None for name, value in run.figures.items()}
    path.write_text(json.dumps(held, indent=2) + "\n", encoding="utf-8")
