"""Rooms of measures that a table asks: fidelity and sync, each with its own options. They are loaded when asked."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from livetalk.evaluation.clip_files import ClipFile
from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.fidelity.options import FidelityOptions
from livetalk.evaluation.sync.options import SyncOptions
from livetalk.evaluation.table.cases import Tell
from livetalk.options import Group

if TYPE_CHECKING:
    from livetalk.evaluation.table.measures import TableMeasure


@dataclass(frozen=True)
class RoomOptions:
    """Options of all rooms of measures, as their own commands have them."""

    fidelity: Annotated[FidelityOptions, Group(prefix="fidelity")] = field(default_factory=FidelityOptions)
    sync: Annotated[SyncOptions, Group(prefix="sync")] = field(default_factory=SyncOptions)

    def rooms(self) -> "list[TableMeasure]":
        """The rooms, ready to be asked."""
        return [_fidelity(self.fidelity), _sync(self.sync)]


def _fidelity(options: FidelityOptions) -> "TableMeasure":
    from livetalk.evaluation.fidelity import measure as fidelity  # its libraries are large
    from livetalk.evaluation.table.measures import TableMeasure

    def measured(real: Sequence[ClipFile] | None, generated: Sequence[ClipFile], tell: Tell) -> Mapping[str, Estimate]:
        return fidelity.measure(real, generated, options, tell)

    return TableMeasure(
        "fidelity", f"{options!r} {_code('fidelity')}", measured, lambda clips: fidelity.steps(clips, options)
    )


def _sync(options: SyncOptions) -> "TableMeasure":
    from livetalk.evaluation.sync import measure as sync
    from livetalk.evaluation.table.measures import TableMeasure

    def measured(real: Sequence[ClipFile] | None, generated: Sequence[ClipFile], tell: Tell) -> Mapping[str, Estimate]:
        return sync.measure(generated, options, lambda: tell(1))

    return TableMeasure("sync", f"{options!r} {_code('sync')}", measured)


def _code(room: str) -> str:
    """A word for the code of a room and what it leans on: figures of other code are not taken for its own."""
    evaluation, made = Path(__file__).parents[1], hashlib.sha256()
    sources = [path for name in (room, "metrics") for path in sorted((evaluation / name).rglob("*.py"))]
    for path in (*sources, *sorted((evaluation.parent / "assets" / "checks").glob("*.safetensors"))):
        made.update(path.read_bytes())
    return made.hexdigest()[:12]
