"""Model options of a command, and loading a performer from them. Imports torch only to load."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from livetalk.cli.console import err, progress
from livetalk.geometry import FrameSize
from livetalk.options import Group, Option
from livetalk.performer.options import LoadOptions

Size = Literal["256", "512", "auto"]
"""Sides of frames that commands offer."""


def frame_size(size: Size) -> FrameSize:
    """The size that was chosen, as the rest of the package takes it."""
    return "auto" if size == "auto" else int(size)


if TYPE_CHECKING:
    from livetalk.performer.performer import Performer
    from livetalk.presets import Preset


@dataclass(frozen=True)
class ModelOptions:
    """A preset with its weights, and how it is loaded."""

    preset: Annotated[str, Option("The model.")] = "tiny"
    weights: Annotated[Path | None, Option("A folder of weights in place of the usual ones.")] = None
    seed: Annotated[int, Option("The same seed gives the same video.", min=0)] = 0
    loading: Annotated[LoadOptions, Group()] = field(default_factory=LoadOptions)

    def load(self) -> "Performer":
        """The performer, made fast if that is wished, with a bar while that takes minutes; imports torch."""
        from livetalk.performer.performer import Performer

        with progress() as bar:
            task = bar.add_task("loading", total=None)

            def tell(words: str) -> None:
                bar.update(task, description=words)

            performer = Performer.load(
                self.preset, seed=self.seed, folder=self.weights, options=self.loading, tell=tell
            )
        for line in performer.log:  # what really runs
            err.print(line, markup=False)
        return performer

    @property
    def is_full(self) -> bool:
        """True for a preset of published files."""
        if self.preset == ModelOptions.preset:  # without torch
            return False
        from livetalk.presets import FULL_PRESETS

        return self.preset in FULL_PRESETS

    def known(self) -> "Preset":
        """The preset. Raises ValueError if there is none of this name."""
        from livetalk.presets import FULL_PRESETS, PRESETS

        presets = PRESETS | FULL_PRESETS
        if self.preset not in presets:
            raise ValueError(f"there is no preset {self.preset!r}: choose one of {', '.join(presets)}")
        return presets[self.preset]
