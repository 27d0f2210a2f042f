"""Case of a table: what every system is given (portrait, speech, prompt), and the film of the truth, if there is one.

Cases are prepared once, in a folder each, complete when its `case.json` is there; a run that was stopped goes on. The
list of a set (`set.json`) holds protocol, seed and names, so that others can draw the same. Knows files; neither data
sets nor systems.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from livetalk.media.files import part_of, written

PORTRAIT, SPEECH, TRUTH, DONE, LIST = "portrait.png", "speech.wav", "truth.mp4", "case.json", "set.json"
SHOWN_NAMES = 3  # of clips in an error

Tell = Callable[[int], None]


@dataclass(frozen=True)
class ClipCase:
    """One clip that is asked of every system. name: of its set and itself, `hdtf/RD_Radio34_003`."""

    name: str
    portrait: Path
    speech: Path
    prompt: str
    seconds: float
    truth: Path | None = None


@dataclass(frozen=True)
class CaseFacts:
    """Facts of a case that its files do not tell."""

    prompt: str
    seconds: float


@dataclass(frozen=True)
class CaseSet:
    """Cases of one data set. protocol: how they were drawn and cut, in a sentence.

    shows_people: the pictures are of real people, and belong into no publication without their leave. skipped: clips
    that were drawn and could not be used, and why.
    """

    name: str
    title: str
    protocol: str
    cases: tuple[ClipCase, ...]
    shows_people: bool = False
    skipped: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def has_truth(self) -> bool:
        return all(case.truth is not None for case in self.cases)


class CaseSource(Protocol):
    """A data set that cases are drawn from."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def protocol(self) -> str: ...
    @property
    def shows_people(self) -> bool: ...
    @property
    def wanted(self) -> int | None:
        """Cases that are drawn; None for all that can be used."""
        ...

    def drawn(self) -> Sequence[str]:
        """Names of clips in the order in which they are drawn, those behind `wanted` as substitutes.

        Raises ValueError, with what is missing, for half a data set.
        """
        ...

    def write(self, name: str, folder: Path) -> CaseFacts:
        """Write portrait, speech and truth into `folder`. Raises ValueError for a clip that cannot be used."""
        ...


def prepare(source: CaseSource, folder: Path, tell: Tell = lambda done: None) -> CaseSet:
    """The cases of a data set, prepared in `folder`, as far as they are not there yet.

    A drawn clip that cannot be used is skipped, with its reason, and the next one takes its place. Raises ValueError
    for half a data set, and for a folder with cases of another protocol.
    """
    names = source.drawn()
    _same_protocol(source, folder)
    cases, skipped = list[ClipCase](), dict[str, str]()
    for name in names:
        if len(cases) == source.wanted:
            break
        try:
            cases.append(_case(source, name, folder / name))
            tell(1)
        except ValueError as error:
            skipped[name] = str(error)
    if len(cases) < (source.wanted or 1):
        raise ValueError(_too_few(source, len(cases), skipped))
    listed = {"title": source.title, "protocol": source.protocol, "clips": [case.name for case in cases]}
    write_json(folder / LIST, listed | {"skipped": skipped})
    return CaseSet(source.name, source.title, source.protocol, tuple(cases), source.shows_people, skipped)


def write_json(path: Path, value: object) -> None:
    """Write a document that is there whole or not at all."""
    with written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part_of(path).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        part_of(path).replace(path)


def write_picture(path: Path, picture: UInt8[np.ndarray, "h w 3"]) -> None:
    """Write a portrait without loss."""
    with written(path):
        Image.fromarray(picture).save(path)


def _case(source: CaseSource, name: str, folder: Path) -> ClipCase:
    """A prepared case, made now if it is not there."""
    if not (folder / DONE).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / DONE, asdict(source.write(name, folder)))
    facts = CaseFacts(**json.loads((folder / DONE).read_text(encoding="utf-8")))
    truth = folder / TRUTH
    return ClipCase(
        f"{source.name}/{name}",
        folder / PORTRAIT,
        folder / SPEECH,
        facts.prompt,
        facts.seconds,
        truth if truth.is_file() else None,
    )


def _same_protocol(source: CaseSource, folder: Path) -> None:
    path = folder / LIST
    if not path.is_file():
        write_json(path, {"title": source.title, "protocol": source.protocol})
        return
    before = json.loads(path.read_text(encoding="utf-8"))["protocol"]
    if before != source.protocol:
        raise ValueError(
            f"{folder} holds cases of another protocol ({before}): give another --out, or the options of that run"
        )


def _too_few(source: CaseSource, found: int, skipped: Mapping[str, str]) -> str:
    some = "; ".join(f"{name}: {why}" for name, why in list(skipped.items())[:SHOWN_NAMES])
    asked = "the" if source.wanted is None else source.wanted
    return f"{found} of {asked} clips of {source.title} can be used ({some}): get the others, or give --clips"
