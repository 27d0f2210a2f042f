"""Words that name a data set: `renders`, and `photos`, `hdtf`, `avspeech`, `celebvhq` and `folder` with `:FOLDER`."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from livetalk.conditions.prompt import DEFAULT_PROMPT
from livetalk.evaluation.table.cases import CaseSource
from livetalk.evaluation.table.datasets.films import CutOptions, Framing
from livetalk.evaluation.table.draw import PROTOCOLS
from livetalk.options import Option

FILM_SETS = ("hdtf", "avspeech", "celebvhq", "folder")
KINDS = ("renders", "photos", *FILM_SETS)
OWN_CLIPS, OWN_SIZE = 50, 256  # of renders and photographs, where nothing is asked


@dataclass(frozen=True)
class DataOptions:
    """Options of all data sets. clips, seconds, size: None for what the data set or its protocol has."""

    protocol: Annotated[str, Option("How films are drawn: livetalk (100 of 5 s) or omniavatar (all, 15 s).")] = (
        "livetalk"
    )
    clips: Annotated[int | None, Option("Clips of each data set, in place of its protocol's.", min=1)] = None
    seconds: Annotated[float | None, Option("Seconds of a film's clip, in place of its protocol's.", min=1)] = None
    seed: Annotated[int, Option("Draws films and places.", flag="--draw-seed", min=0)] = 0
    size: Annotated[int | None, Option("Side of frames; 512 for films, 256 for renders and photographs.")] = None
    framing: Annotated[Framing, Option("Films cropped as published, or around the face.")] = "published"
    prompt: Annotated[str, Option("What every system is told about films.")] = DEFAULT_PROMPT
    speech: Annotated[Path | None, Option("A shelf of held-out speech for renders; else the bundled voices.")] = None
    voices: Annotated[Path | None, Option("English recordings for photographs; else the bundled voices.")] = None

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"there is no protocol {self.protocol!r}: choose one of {', '.join(PROTOCOLS)}")
        if self.size is not None and (self.size < 64 or self.size % 16):
            raise ValueError(f"frames of {self.size} pixels a side cannot be: give a multiple of 16 from 64 on")

    def cutting(self) -> CutOptions:
        """How films are cut."""
        draw = replace(PROTOCOLS[self.protocol], seed=self.seed)
        if self.clips is not None:
            draw = replace(draw, clips=self.clips)
        if self.seconds is not None:
            draw = replace(draw, seconds=self.seconds)
        return CutOptions(draw, self.size or CutOptions.size, self.framing, self.prompt)


def data_source(words: str, options: DataOptions) -> CaseSource:
    """The data set that the words name. Raises ValueError for words that name none, and for half a data set."""
    kind, colon, path = words.partition(":")
    if kind not in KINDS:
        raise ValueError(f"there is no data set {kind!r}: give renders, or one of {', '.join(KINDS[1:])} with :FOLDER")
    if kind == "renders":
        if colon:
            raise ValueError("the data set renders comes with the package: leave out what follows it")
        from livetalk.evaluation.table.datasets.renders import RenderSource

        return RenderSource(options.clips or OWN_CLIPS, options.speech)
    folder = Path(path).expanduser()
    if not path or not folder.is_dir():
        raise ValueError(f"{words} names no folder: give {kind}:FOLDER with one that exists")
    if kind == "photos":
        from livetalk.evaluation.table.datasets.photographs import PhotographSource

        return PhotographSource(folder, options.clips or OWN_CLIPS, options.size or OWN_SIZE, options.voices)
    from livetalk.evaluation.table.datasets import avspeech, celebvhq, hdtf
    from livetalk.evaluation.table.datasets import folder as plain

    sources = {"hdtf": hdtf, "avspeech": avspeech, "celebvhq": celebvhq, "folder": plain}
    return sources[kind].source(folder, options.cutting())
