"""Report of an evaluation or benchmark: metrics beside their thresholds, as JSON and as a table.

A figure's words and bar stand in its `MetricSpec`; benchmarks bring their own, without them those of the model's
evaluation hold. Knows names, bars and words; measures nothing.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Column, Table

from livetalk.evaluation.last_run import Held

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Threshold:
    """The least or the most that a figure may be."""

    value: float
    most: bool = False
    size: bool = False  # of the figure without its sign

    def met(self, figure: float) -> bool:
        """False for NaN: what could not be measured is not passed."""
        figure = abs(figure) if self.size else figure
        return figure <= self.value if self.most else figure >= self.value

    def __str__(self) -> str:
        return f"{'within ±' if self.size else '≤ ' if self.most else '≥ '}{self.value:g}"


@dataclass(frozen=True)
class MetricSpec:
    """Metric and its meaning. `bar`: the threshold of this version; `aim`: the target of the next."""

    words: str
    bar: Threshold | None = None
    target: Threshold | None = None


Specs = Mapping[str, MetricSpec]


def _most(value: float) -> Threshold:
    return Threshold(value, most=True)


FIGURES: dict[str, MetricSpec] = {
    "lip_r": MetricSpec("Pearson r of lip gap and known opening, inside speech; median over clips"),
    "lip_r_truth": MetricSpec("the same of the rendered truth: the ceiling"),
    "lip_r_share": MetricSpec("lip_r over lip_r_truth", Threshold(0.80), Threshold(0.95)),
    "lip_lag_frames": MetricSpec("lag of the best r, frames; above 0 the picture is late",
                                 Threshold(1, True, True), _most(0)),
    "lip_over_loudness": MetricSpec("lip_r minus the r of a mouth that follows loudness only", Threshold(0.10)),
    "lip_over_swapped": MetricSpec("r minus r against another clip's speech; means", Threshold(0.40)),
    "pause_gap": MetricSpec("lip gap in pauses minus the portrait's, inter-ocular distances", _most(0.03), _most(0.01)),
    "pause_gap_truth": MetricSpec("the same of the rendered truth"),
    "identity_median": MetricSpec("dlib distance to the portrait, median over frames", _most(0.40), _most(0.33)),
    "identity_p95": MetricSpec("the same, 95th percentile", _most(0.60)),
    "identity_truth": MetricSpec("the median for the rendered truth"),
    "identity_rank1": MetricSpec("clips whose own portrait is the nearest of the gallery", Threshold(0.95)),
    "identity_gallery": MetricSpec("held-out portraits in that gallery"),
    "faceless": MetricSpec("share of frames in which no face is found"),
    "prompt_mean": MetricSpec("asked moods, head movements and gazes that are read back; mean",
                              Threshold(0.80), Threshold(0.90)),
    "prompt_min": MetricSpec("the attribute read back worst", Threshold(0.60)),
    "prompt_mean_truth": MetricSpec("prompt_mean of the rendered truth"),
    "prompt_min_truth": MetricSpec("prompt_min of the rendered truth"),
    "sharpness_share": MetricSpec("high-frequency energy in the face box against the truth's",
                                  Threshold(0.85), Threshold(0.95)),
    "flicker": MetricSpec("a still scene: frame-difference energy where the truth is still, over the truth's",
                          _most(1.3)),
    "idle_motion": MetricSpec("that scene in all clips: frame-difference energy of the picture over the truth's"),
    "blink_share": MetricSpec("speaking clips: blinks of all of them over the truth's"),
    "join_share": MetricSpec("speaking clips: frame difference where blocks meet over elsewhere; 95th percentiles",
                             _most(1.25), _most(1.0)),
    "outlines": MetricSpec("speaking clips: frame-difference energy where the truth is still, over the truth's"),
    "black": MetricSpec("black frames", _most(0)),
    "frozen": MetricSpec("frames equal to the one before", _most(0)),
    "minute_drift": MetricSpec("a minute's last 5 s against its first; worst of three", _most(0.15), _most(0.05)),
    "ten_minute_drift": MetricSpec("the same of ten minutes", _most(0.20), _most(0.05)),
    "real_voice_r": MetricSpec("lip gap against what recorded voices ask of a mouth; median",
                               Threshold(0.45), Threshold(0.60)),
    "real_voice_over_loudness": MetricSpec("real_voice_r minus the r of a mouth that follows loudness only"),
    "real_voice_over_swapped": MetricSpec("r minus r against another recording; mean"),
    "real_voice_filmed": MetricSpec("the r that filmed speakers reach: the ceiling"),
    "real_portrait_identity": MetricSpec("dlib distance of talking photographs; median", _most(0.55), _most(0.45)),
    "real_portraits": MetricSpec("photographs that were made to talk"),
    "fps": MetricSpec("frames a second, conditions to pixels", Threshold(32), Threshold(40)),
    "fps_512": MetricSpec("the same of frames of 512 x 512", Threshold(22), Threshold(28)),
    "fps_avx2": MetricSpec("fps with oneDNN held to AVX2", Threshold(18)),
    "first_frame_s": MetricSpec("first frame after load, s", _most(0.5)),
    "rss_gb": MetricSpec("most memory held, GB", _most(2.5)),
    "distill_speedup": MetricSpec("denoising throughput, student over the guided teacher of 48 steps", Threshold(20)),
    "distill_keeps": MetricSpec("student over teacher: least of lips, likeness, prompts",
                                Threshold(0.90), Threshold(0.97)),
}  # fmt: skip
CODEC: dict[str, MetricSpec] = {
    "codec_psnr": MetricSpec("truth through the codec, dB"),
    "codec_mouth_psnr": MetricSpec("the same in the mouth box, dB", Threshold(30.0)),
    "codec_eye_psnr": MetricSpec("the same in the eye boxes, dB"),
    "codec_motion_energy": MetricSpec(
        "motion inside latent frames in the mouth box, over the truth's", Threshold(0.80)
    ),
    "codec_lip_r": MetricSpec("r of lip gaps before and after the codec, mean over clips", Threshold(0.95)),
}
TEACHER = "teacher_"  # before the teacher's own figures
TEACHER_BARS = {"lip_r_share": Threshold(0.85)}


def meaning(name: str, gate: bool = False) -> MetricSpec:
    """Metric of a name. gate: the codec is judged alone, by bars that a whole model is not asked."""
    if name in CODEC:
        return CODEC[name] if gate else MetricSpec(CODEC[name].words)
    if name.startswith(TEACHER):
        of = name.removeprefix(TEACHER)
        return MetricSpec(f"teacher: {FIGURES[of].words}", TEACHER_BARS.get(of))
    return FIGURES[name]


def specs_of(figures: Figures) -> dict[str, MetricSpec]:
    """Specifications of the metrics of a model's evaluation."""
    gate = all(name in CODEC for name in figures)
    return {name: meaning(name, gate) for name in figures}


def thresholds(figures: Figures, specs: Specs | None = None) -> dict[str, Threshold]:
    """Thresholds of these metrics."""
    known = specs_of(figures) if specs is None else specs
    return {name: bar for name in figures if name in known and (bar := known[name].bar)}


def missed(figures: Figures, specs: Specs | None = None) -> list[str]:
    """Names of the figures that are not what their bar asks for."""
    return [name for name, bar in thresholds(figures, specs).items() if not bar.met(figures[name])]


def document(figures: Figures, specs: Specs | None = None) -> dict[str, Any]:
    """Figures, bars and what is missed, ready for JSON; None for what could not be measured."""
    return {
        "figures": {name: value if math.isfinite(value) else None for name, value in figures.items()},
        "bars": {name: bar.value for name, bar in thresholds(figures, specs).items()},
        "missed": missed(figures, specs),
    }


def as_json(figures: Figures, photographs: Mapping[str, Any] | None = None) -> str:
    """`document` as text, that of photographs joined to it."""
    held = document(figures)
    for part, more in (photographs or {}).items():
        held[part] = [*held[part], *more] if isinstance(more, list) else {**held.get(part, {}), **more}
    return json.dumps(held, indent=2) + "\n"


def table(figures: Figures, specs: Specs) -> Table:
    """Figures beside their bars, for a terminal; misses are marked."""
    made = Table(Column("figure", no_wrap=True, overflow="fold"), Column("value", no_wrap=True), "bar", "what it is")
    failed, bars = missed(figures, specs), thresholds(figures, specs)
    for name, value in figures.items():
        shown = f"{value:.4g}" if math.isfinite(value) else "not measured"
        words = specs[name].words if name in specs else ""
        style = "bold red" if name in failed else None
        made.add_row(name, f"{shown} missed" if name in failed else shown, str(bars.get(name, "")), words, style=style)
    return made


def markdown(figures: Figures, earlier: Mapping[str, Held] | None = None) -> str:
    """A table of figures, bars and aims; misses are marked.

    earlier: figures of full runs at another time; those that this run lacks are shown, marked with where they are from.
    """
    lines = ["| figure | value | bar | aim | what it is |", "|---|---|---|---|---|"]
    failed, gate = missed(figures), all(name in CODEC for name in figures)
    older = {name: held for name, held in (earlier or {}).items() if name not in figures}
    for name, value in {**figures, **{name: held.value for name, held in older.items()}}.items():
        said = meaning(name, gate)
        shown = f"{value:.3g}" if math.isfinite(value) else "not measured"
        shown = f"**{shown} missed**" if name in failed else shown
        shown += f" ({older[name].when})" if name in older else ""
        bar, aim = (str(limit) if limit else "" for limit in (said.bar, said.target))
        lines.append(f"| `{name}` | {shown} | {bar} | {aim} | {said.words} |")
    return "\n".join(lines)
