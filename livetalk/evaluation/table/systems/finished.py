"""Finished videos as systems under test: a folder of them, and the truth itself."""

from dataclasses import dataclass
from pathlib import Path

from livetalk.evaluation.clip_files import FILMS
from livetalk.evaluation.table.cases import ClipCase


@dataclass(frozen=True)
class FinishedVideos:
    """Videos that are there already, `SET/CASE.mp4` or `CASE.mp4` in a folder. Nobody can time them."""

    name: str
    folder: Path

    @property
    def described(self) -> str:
        return f"finished videos of {self.folder.name}"

    def require(self) -> None:
        """Raises ValueError for a folder that does not exist."""
        if not self.folder.is_dir():
            raise ValueError(
                f"{self.folder} is no folder: give folder:{self.name}=FOLDER with videos named like the cases"
            )

    def find(self, case: ClipCase) -> Path:
        """The video of a case. Raises ValueError if there is none."""
        for stem in (case.name, case.name.partition("/")[2]):
            for ending in FILMS:
                if (path := self.folder / f"{stem}{ending}").is_file():
                    return path
        raise ValueError(f"{self.folder} holds no video of this case: put it there as {case.name}.mp4")


@dataclass(frozen=True)
class Truth:
    """The films themselves, of data sets that have them: what a perfect system would reach."""

    name: str = "truth"
    described: str = "the films themselves"

    def require(self) -> None:
        """It is there with its cases."""

    def find(self, case: ClipCase) -> Path:
        """The film of a case. Raises ValueError if there is none."""
        if case.truth is None:
            raise ValueError("there is no film of this case")
        return case.truth


Finished = FinishedVideos | Truth
