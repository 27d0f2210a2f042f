"""Rooms of measures that a table asks: fidelity and sync, each with its own options. They are loaded when asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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

    return TableMeasure("fidelity", repr(options), measured, lambda clips: fidelity.steps(clips, options))


def _sync(options: SyncOptions) -> "TableMeasure":
    from livetalk.evaluation.sync import measure as sync
    from livetalk.evaluation.table.measures import TableMeasure

    def measured(real: Sequence[ClipFile] | None, generated: Sequence[ClipFile], tell: Tell) -> Mapping[str, Estimate]:
        return sync.measure(generated, options, lambda: tell(1))

    return TableMeasure("sync", repr(options), measured)
