"""Measurement of fidelity: every measure that the options ask for, over generated clips and their truth.

One clip is in memory at a time. A measure that fails for want of a server costs its own figures, not the others'.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from livetalk.evaluation.clip_files import ClipFile
from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.fidelity import views
from livetalk.evaluation.fidelity.faults import FaultMeasure
from livetalk.evaluation.fidelity.options import FidelityOptions
from livetalk.evaluation.fidelity.similarity import SimilarityMeasure, dlib_embeddings
from livetalk.runtime.process import Notice

Tell = Callable[[int], None]


class Measure(Protocol):
    """A family of figures that takes in one clip after the other."""

    def look(self, view: views.ClipView) -> None: ...

    def figures(self) -> dict[str, Estimate]: ...

    def remarks(self) -> list[str]: ...


@dataclass(frozen=True)
class Findings:
    """Figures by name, and sentences on how they came about."""

    figures: dict[str, Estimate]
    remarks: list[str]


def measure(
    real: Sequence[ClipFile] | None,
    generated: Sequence[ClipFile],
    options: FidelityOptions,
    tell: Tell = lambda done: None,
) -> dict[str, Estimate]:
    """Figures of generated clips, against real ones of the same names where there are any; remarks are Notices.

    tell: hears of steps that are done, `steps` of them in all. Raises ValueError, with what to do, for clips that
    cannot be read or have no partner, and for networks that do not fit.
    """
    findings = find(real, generated, options, tell)
    for remark in findings.remarks:
        warnings.warn(remark, Notice, stacklevel=2)
    return findings.figures


def find(
    real: Sequence[ClipFile] | None,
    generated: Sequence[ClipFile],
    options: FidelityOptions,
    tell: Tell = lambda done: None,
) -> Findings:
    """`measure` with its remarks."""
    clips, measures = views.paired(real, generated), chosen(options)
    remarks = views.remarks(clips, options.frame_rate)
    for view in views.views(clips, options.frame_rate, options.seconds):
        for each in measures:
            each.look(view)
            tell(1)
    figures: dict[str, Estimate] = {}
    for each in measures:
        figures |= each.figures()
        remarks += each.remarks()
        tell(1)
    return Findings(figures, remarks)


def steps(generated: Sequence[ClipFile], options: FidelityOptions) -> int:
    """Steps that `tell` hears of."""
    return (len(generated) + 1) * len(chosen(options))


def chosen(options: FidelityOptions) -> list[Measure]:
    """The measures that the options ask for, fresh."""
    return [FaultMeasure(), SimilarityMeasure("dlib", dlib_embeddings, options.faces_every)]
