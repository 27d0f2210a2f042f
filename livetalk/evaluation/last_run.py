"""Metrics of the bundled model from the last full run, shipped with the package and shown where a run leaves some out.

A file of numbers and where each comes from: a full run takes an hour and may be made in parts. Knows neither how they
were measured nor what they should be.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path(__file__).parents[1] / "assets" / "full_run.json"


@dataclass(frozen=True)
class Held:
    """A figure and what it was measured on."""

    value: float
    version: str  # of the model
    clips: int

    @property
    def when(self) -> str:
        """How to mark a figure that comes from here."""
        return f"last full run, version {self.version}, {self.clips} clips"


def recall(path: Path = FILE) -> dict[str, Held]:
    """The figures that were kept, by name; none if there is no file."""
    if not path.is_file():
        return {}
    return {name: Held(**held) for name, held in json.loads(path.read_text(encoding="utf-8")).items()}


def keep(figures: Mapping[str, float], version: str, clips: int, path: Path = FILE) -> None:
    """Put a run's figures beside those that are held.

    A figure replaces an older one of its name, unless that is of the same version and more clips. What could not be
    measured is left out.
    """
    held = recall(path)
    for name, value in figures.items():
        old = held.get(name)
        if math.isfinite(value) and not (old and old.version == version and old.clips > clips):
            held[name] = Held(value, version, clips)
    path.write_text(json.dumps({name: asdict(each) for name, each in held.items()}, indent=1) + "\n", encoding="utf-8")
