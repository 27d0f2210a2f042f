"""Measurement of fidelity: every measure that the options ask for, over generated clips and their truth.

One clip is in memory at a time. A measure that fails for want of a server costs its own figures, not the others'.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from livetalk.evaluation.clip_files import ClipFile
from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.fidelity import views
from livetalk.evaluation.fidelity.arcface import load_arcface
from livetalk.evaluation.fidelity.curves import Curves, curves_of, drifts
from livetalk.evaluation.fidelity.distances import ClipDistances, PairedClipDistances, PictureDistances
from livetalk.evaluation.fidelity.expression import ExpressionMeasure
from livetalk.evaluation.fidelity.faults import FaultMeasure
from livetalk.evaluation.fidelity.i3d import ScriptedI3d, load_kinetics_i3d
from livetalk.evaluation.fidelity.inception import load_inception
from livetalk.evaluation.fidelity.options import FidelityOptions
from livetalk.evaluation.fidelity.quality import QualityEndpoint, QualityMeasure, RatingLog
from livetalk.evaluation.fidelity.scene_statistics import SceneMeasure
from livetalk.evaluation.fidelity.similarity import SimilarityMeasure, dlib_embeddings
from livetalk.evaluation.fidelity.weight_files import weight_file
from livetalk.runtime.process import Notice

Tell = Callable[[int], None]


class Measure(Protocol):
    """A family of figures that takes in one clip after the other."""

    def look(self, view: views.ClipView) -> None: ...

    def figures(self) -> dict[str, Estimate]: ...

    def remarks(self) -> list[str]: ...


@dataclass(frozen=True)
class Findings:
    """Figures by name, sentences on how they came about, and curves of long videos."""

    figures: dict[str, Estimate]
    remarks: list[str]
    curves: tuple[Curves, ...] = ()


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
    clips, measures = views.paired(real, generated), [make() for make in chosen(options)]
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
    if not options.long:
        return Findings(figures, remarks)
    curves: list[Curves] = []
    for clip in generated:
        curves.append(curves_of(clip, options.frame_rate, dlib_embeddings))
        tell(1)
    return Findings(figures | drifts(curves), remarks, tuple(curves))


def steps(generated: Sequence[ClipFile], options: FidelityOptions) -> int:
    """Steps that `tell` hears of."""
    return (len(generated) + 1) * len(chosen(options)) + len(generated) * options.long


def chosen(options: FidelityOptions) -> list[Callable[[], Measure]]:
    """Makers of the measures that the options ask for. They raise ValueError for weights that do not fit."""
    makers: list[Callable[[], Measure]] = [
        lambda: FaultMeasure(options.frame_rate),
        lambda: SceneMeasure(options.every),
        lambda: SimilarityMeasure("dlib", dlib_embeddings, options.every),
        ExpressionMeasure,
    ]
    if (face := options.face) is not None:
        makers.append(lambda: _arcface(face, options))
    if (inception := options.inception) is not None:
        makers.append(lambda: _pictures(inception, options))
    if (i3d := options.i3d) is not None:
        makers.append(lambda: _scripted(i3d, options))
        if options.per_pair:
            makers.append(lambda: PairedClipDistances(ScriptedI3d(weight_file(i3d), options.device), options.device))
    if (cdfvd := options.cdfvd) is not None:
        makers.append(lambda: _kinetics(cdfvd, options))
    if options.quality is not None:
        makers.append(lambda: _quality(options))
    return makers


def _quality(options: FidelityOptions) -> Measure:
    endpoint = QualityEndpoint(options.quality or "", options.quality_model)
    return QualityMeasure(endpoint, options.frame_rate, options.quality_seconds, RatingLog(options.quality_log))


def _arcface(weights: str, options: FidelityOptions) -> Measure:
    return SimilarityMeasure("arcface", load_arcface(weight_file(weights), options.device), options.every)


def _pictures(weights: str, options: FidelityOptions) -> Measure:
    return PictureDistances(load_inception(weight_file(weights), options.device), options.device, options.per_pair)


def _scripted(weights: str, options: FidelityOptions) -> Measure:
    script = ScriptedI3d(weight_file(weights), options.device)
    name = "fvd_styleganv_crop" if options.i3d_crop else "fvd_styleganv"
    return ClipDistances(name, partial(script, crop=options.i3d_crop), device=options.device)


def _kinetics(weights: str, options: FidelityOptions) -> Measure:
    return ClipDistances("fvd_cdfvd", load_kinetics_i3d(weight_file(weights), options.device), 0, options.device)
