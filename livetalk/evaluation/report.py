"""The figures of an evaluation beside what they must reach: JSON for machines, a Markdown table for people.

Knows names, bars and words; measures nothing.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Bar:
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
class Meaning:
    """What a figure says. `bar`: what the model must reach; `aim`: what the next version should."""

    words: str
    bar: Bar | None = None
    aim: Bar | None = None


FIGURES: dict[str, Meaning] = {
    "lip_r": Meaning("Pearson r of lip gap and known opening, inside speech; median over clips"),
    "lip_r_truth": Meaning("the same of the rendered truth: the ceiling"),
    "lip_r_share": Meaning("lip_r over lip_r_truth", Bar(0.60), Bar(0.80)),
    "lip_lag_frames": Meaning("lag of the best r, frames; above 0 the picture is late", None, Bar(1, True, True)),
    "lip_over_loudness": Meaning("lip_r minus the r of a mouth that follows loudness only", None, Bar(0.10)),
    "lip_over_swapped": Meaning("r minus r against another clip's speech; means", None, Bar(0.40)),
    "pause_gap": Meaning("lip gap in pauses minus the portrait's, inter-ocular distances", None, Bar(0.03, True)),
    "pause_gap_truth": Meaning("the same of the rendered truth"),
    "identity_median": Meaning("dlib distance to the portrait, median over frames", None, Bar(0.40, True)),
    "identity_p95": Meaning("the same, 95th percentile", None, Bar(0.60, True)),
    "identity_truth": Meaning("the median for the rendered truth"),
    "identity_rank1": Meaning("clips whose own portrait is the nearest of all", None, Bar(0.95)),
    "faceless": Meaning("share of frames in which no face is found"),
    "prompt_mean": Meaning("asked moods, head movements and gazes that can be read back; mean", None, Bar(0.80)),
    "prompt_min": Meaning("the attribute read back worst", None, Bar(0.60)),
    "prompt_mean_truth": Meaning("prompt_mean of the rendered truth"),
    "prompt_min_truth": Meaning("prompt_min of the rendered truth"),
    "sharpness_share": Meaning("high-frequency energy in the face box over the truth's", None, Bar(0.85)),
    "flicker": Meaning("frame-difference energy where the truth is still, over the truth's", None, Bar(1.3, True)),
    "black": Meaning("black frames", Bar(0, True)),
    "frozen": Meaning("frames equal to the one before", Bar(0, True)),
    "codec_psnr": Meaning("truth through the codec, dB"),
    "codec_mouth_psnr": Meaning("the same in the mouth box, dB", Bar(30.0)),
    "codec_eye_psnr": Meaning("the same in the eye boxes, dB"),
    "codec_motion_energy": Meaning("motion inside latent frames in the mouth box, over the truth's", Bar(0.80)),
    "codec_lip_r": Meaning("r of lip gaps before and after the codec, mean over clips", Bar(0.95)),
}


def missed(figures: Figures) -> list[str]:
    """Names of the figures that are not what their bar asks for."""
    return [name for name, value in figures.items() if (bar := FIGURES[name].bar) and not bar.met(value)]


def document(figures: Figures) -> dict[str, Any]:
    """Figures, bars and what is missed, ready for JSON; None for what could not be measured."""
    return {
        "figures": {name: value if math.isfinite(value) else None for name, value in figures.items()},
        "bars": {name: bar.value for name in figures if (bar := FIGURES[name].bar)},
        "missed": missed(figures),
    }


def as_json(figures: Figures) -> str:
    """`document` as text."""
    return json.dumps(document(figures), indent=2) + "\n"


def markdown(figures: Figures) -> str:
    """A table of figures, bars and aims; misses are marked."""
    lines = ["| figure | value | bar | aim | what it is |", "|---|---|---|---|---|"]
    failed = missed(figures)
    for name, value in figures.items():
        meaning = FIGURES[name]
        shown = f"{value:.3g}" if math.isfinite(value) else "not measured"
        shown = f"**{shown} missed**" if name in failed else shown
        bar, aim = (str(limit) if limit else "" for limit in (meaning.bar, meaning.aim))
        lines.append(f"| `{name}` | {shown} | {bar} | {aim} | {meaning.words} |")
    return "\n".join(lines)
