"""Evaluation run over photographs: the clips still to be made and measured, the workers, and the outcome.

Makers run one after the other, each in processes of its own, since two renderers cannot share one. Knows makers by
name and the log; what is measured of a clip is takes.py's business.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from livetalk.data.puppets.portraits import open_portraits
from livetalk.evaluation import real
from livetalk.evaluation.metrics.realness import DescriptorSet
from livetalk.evaluation.photos import figures, sheets, takes
from livetalk.evaluation.photos.figures import Faces, Outcome, Scenes
from livetalk.evaluation.photos.log import Key, MeasurementLog, Seen
from livetalk.evaluation.photos.takes import Maker, Take
from livetalk.evaluation.spread import spread, threads_of
from livetalk.presets import TINY

REFERENCE = 100  # photographs that say how real faces look
PERSON, RENDERED = "person", "rendered"  # makers that are neither models nor puppets

Tell = Callable[[int], None]
Start = Callable[[], Maker]


@dataclass(frozen=True)
class Plan:
    """Options of a run.

    voices: a folder of recordings, and of films of real people; None takes the bundled ones. against: weights of
    another model. puppets: a pack of fitted photographs, among which some of the folder's are; without it, rendered
    people are the truth. sheets: a folder for contact sheets.
    """

    folder: Path
    count: int
    voices: Path | None = None
    preset: str = TINY.name
    weights: Path | None = None
    against: Path | None = None
    puppets: Path | None = None
    sheets: Path | None = None
    workers: int = 1


class Run:
    """A plan that is being carried out, its finished clips in a log."""

    def __init__(self, plan: Plan, log: MeasurementLog) -> None:
        self.plan, self.log = plan, log

    def parts(self) -> Iterator[tuple[str, int, Callable[[Tell], None]]]:
        """(name, steps, work) of everything that is not in the log yet."""
        people = [path for path in self._people if Key(PERSON, path.name) not in self.log]
        yield "faces", len(people), partial(self._describe, people)
        for maker, (name, start) in self._makers().items():
            missing = [take for take in self._asked(maker) if self._lacks(maker, take)]
            yield name, len(missing), partial(self._film, maker, start, missing)

    def outcome(self) -> Outcome:
        """The figures, once all parts are done."""
        made, rendered = self._scenes(takes.fingerprint(self.plan.weights)), self._scenes(RENDERED)
        drawn = [clip for clips in rendered.values() for clip in clips]
        faces = Faces(self._real(), figures.shown(drawn))
        truth = rendered if self.plan.puppets is None else self._scenes(self._puppets)
        other = None
        if self.plan.against is not None:
            other = figures.summarise(self._scenes(takes.fingerprint(self.plan.against)), truth, faces)
        return Outcome(
            figures.summarise(made, truth, faces),
            figures.of_truth(truth, None if self.plan.puppets is None else faces),
            other,
            "rendered people" if self.plan.puppets is None else f"puppets, {len(self._asked(self._puppets))} clips",
        )

    @cached_property
    def takes(self) -> list[Take]:
        """All takes of the first photographs in which a face can be framed."""
        usable = [path for path in self._photographs if len(self.log.person(Key(PERSON, path.name)))]
        return takes.takes(usable[: self.plan.count], takes.windows(self.plan.voices))

    @cached_property
    def _photographs(self) -> list[Path]:
        return takes.photographs(self.plan.folder)[: max(REFERENCE, 2 * self.plan.count)]

    @cached_property
    def _people(self) -> list[Path]:
        films = [] if self.plan.voices is None else real.files(self.plan.voices, real.FILMS)
        return [*self._photographs, *films]

    def _real(self) -> DescriptorSet:
        """All photographs and films that show a face."""
        return figures.people([(path.name, self.log.person(Key(PERSON, path.name))) for path in self._people])

    def _makers(self) -> dict[str, tuple[str, Start]]:
        """By the name that the log knows: what a person calls it, and how it is opened."""
        threads = threads_of(self.plan.workers)
        found: dict[str, tuple[str, Start]] = {}
        for name, weights in (("model", self.plan.weights), ("against", self.plan.against)):
            if name == "model" or weights is not None:
                start = partial(takes.open_model, self.plan.preset, weights, threads)
                found.setdefault(takes.fingerprint(weights), (name, start))
        if self.plan.puppets is not None:
            found[self._puppets] = ("puppets", partial(takes.open_puppets, self.plan.puppets))
        return found | {RENDERED: ("rendered people", takes.open_rendered)}

    def _asked(self, maker: str) -> list[Take]:
        """The takes that a maker is to make: of puppets, those whose photograph is in the pack."""
        if maker != self._puppets:
            return self.takes
        found = [take for take in self.takes if take.photo.stem in self._fitted]
        if not found:
            raise ValueError(
                f"{self.plan.puppets} holds none of the photographs: make it of them with `livetalk data pack`"
            )
        return found

    @cached_property
    def _puppets(self) -> str:
        return "" if self.plan.puppets is None else takes.fingerprint_of_pack(self.plan.puppets)

    @cached_property
    def _fitted(self) -> frozenset[str]:
        return frozenset() if self.plan.puppets is None else frozenset(open_portraits(self.plan.puppets).names)

    def _describe(self, people: Sequence[Path], tell: Tell) -> None:
        for path, found in spread(_nothing, _person, [(path,) for path in people], self.plan.workers):
            self.log.add(Key(PERSON, path.name), found)
            tell(1)

    def _film(self, maker: str, start: Start, missing: Sequence[Take], tell: Tell) -> None:
        asked = [(take, self._strip(maker, take)) for take in missing]
        for take, seen in spread(start, _made, asked, self.plan.workers):
            self.log.add(_key(maker, take), seen)
            tell(1)

    def _lacks(self, maker: str, take: Take) -> bool:
        strip = self._strip(maker, take)
        return _key(maker, take) not in self.log or (strip is not None and not strip.exists())

    def _strip(self, maker: str, take: Take) -> Path | None:
        if self.plan.sheets is None or maker == RENDERED:
            return None
        return sheets.strip_of(self.plan.sheets, _key(maker, take))

    def _scenes(self, maker: str) -> Scenes:
        return {
            scene: [self.log.seen(_key(maker, take)) for take in self._asked(maker) if take.scene == scene]
            for scene in takes.SCENES
        }

    def draw(self) -> list[Path]:
        """The contact sheets, if they are asked for."""
        if self.plan.sheets is None:
            return []
        named = {maker: name for maker, (name, _) in self._makers().items() if maker != RENDERED}
        clips: Mapping[str, list[Key]] = {
            scene: [_key(maker, take) for maker in named for take in self._asked(maker) if take.scene == scene]
            for scene in takes.SCENES
        }
        return sheets.assemble(self.plan.sheets, clips, named)


def _key(maker: str, take: Take) -> Key:
    return Key(maker, take.photo.name, take.scene, take.voice)


def _made(maker: Maker, take: Take, strip: Path | None) -> tuple[Take, Seen]:
    portrait, frames = maker.make(take)
    if strip is not None:
        sheets.cut(strip, portrait, frames)
    return take, takes.look(portrait, frames, take)


def _nothing() -> None:
    """Still pictures need no tool."""


def _person(_: Any, path: Path) -> tuple[Path, Float[np.ndarray, "n c"]]:
    return path, takes.person(path)
