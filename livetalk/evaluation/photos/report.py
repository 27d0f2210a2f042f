"""Report on photographs: metrics beside the truth's, thresholds and targets, as a Markdown table and JSON.

Knows names, limits and words; measures nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from livetalk.evaluation.photos.figures import Outcome

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Limits:
    """The least and the most that a figure may be; `beyond_truth`: counted from the truth's own."""

    least: float = -math.inf
    most: float = math.inf
    beyond_truth: bool = False

    def met(self, figure: float, truth: float) -> bool:
        """False for NaN: what could not be measured is not passed."""
        least, most = self.ends(truth)
        return least <= figure <= most

    def ends(self, truth: float) -> tuple[float, float]:
        """The least and the most, given the truth's own figure."""
        start = truth if self.beyond_truth else 0.0
        return start + self.least, start + self.most

    def __str__(self) -> str:
        if math.isfinite(self.least) and math.isfinite(self.most):
            return f"{self.least:g} to {self.most:g}"
        limit = f"≤ truth + {self.most:g}" if self.beyond_truth else f"≤ {self.most:g}"
        return limit if math.isfinite(self.most) else f"≥ {self.least:g}"


@dataclass(frozen=True)
class Meaning:
    """Metric of photographs: its meaning, threshold and target."""

    words: str
    bar: Limits | None = None
    goal: Limits | None = None


def _most(value: float) -> Limits:
    return Limits(most=value)


def _least(value: float) -> Limits:
    return Limits(least=value)


def _near(value: float) -> Limits:
    return Limits(most=value, beyond_truth=True)


FIGURES: dict[str, Meaning] = {
    "photo_lost": Meaning("frames that show another or no face (dlib over 0.45) beyond the truth's share, worst prompt",
                          _most(0.02), _most(0.005)),
    "photo_lost_calm": Meaning("such frames, calm"),
    "photo_lost_smile_nod": Meaning("such frames, smile and nod"),
    "photo_lost_shake_surprise": Meaning("such frames, shake and surprise"),
    "photo_identity_median": Meaning("dlib distance to the photograph, median, worst prompt", _near(0.06), _near(0.03)),
    "photo_identity_p98": Meaning("the same, 98th percentile", _near(0.10), _near(0.03)),
    "photo_texture": Meaning("eyes, nose, mouth against the photograph's on the dense mesh: 5th percentile of the "
                             "correlation over the truth's, worst feature and prompt", _least(0.85), _least(0.95)),
    "photo_texture_eyes": Meaning("the worse eye, worst prompt"),
    "photo_texture_nose": Meaning("the nose, worst prompt"),
    "photo_texture_mouth": Meaning("the mouth, worst prompt"),
    "photo_motion_share": Meaning("range of yaw, pitch, smile, jaw over the truth's, the one farthest from 1",
                                  Limits(0.75, 1.25)),
    "photo_motion_yaw": Meaning("yaw, the prompt farthest from 1"),
    "photo_motion_pitch": Meaning("pitch, the prompt farthest from 1"),
    "photo_motion_smile": Meaning("smile, the prompt farthest from 1"),
    "photo_motion_jaw": Meaning("jaw, the prompt farthest from 1"),
    "photo_lip_r": Meaning("lip gap against what the voice asks of a mouth, median r", _least(0.70)),
    "photo_lip_r_share": Meaning("the same over the truth's", _least(0.85), _least(0.95)),
    "photo_pause_gap": Meaning("lip gap in pauses beyond the photograph's, inter-ocular distances", _most(0.03)),
    "photo_prompt_mean": Meaning("asked moods, head movements and gazes that are read back; mean",
                                 _least(0.85), _least(0.95)),
    "photo_prompt_mood": Meaning("moods read back"),
    "photo_prompt_head": Meaning("head movements read back"),
    "photo_prompt_gaze": Meaning("gazes read back"),
    "photo_detail": Meaning("detail of the face over the photograph's, median, the prompt farthest from 1",
                            Limits(0.9, 1.15)),
    "photo_realness": Meaning("kernel distance of face descriptors from real people's, over that of rendered people",
                              _most(0.35), _most(0.20)),
    "photo_realness_vgg": Meaning("the same by VGG16, which sees pictures where dlib sees people",
                                  _most(0.35), _most(0.20)),
    "photo_realness_low": Meaning("the same, 5th percentile over subsets"),
    "photo_realness_high": Meaning("the same, 95th percentile over subsets"),
}  # fmt: skip


def missed(outcome: Outcome) -> list[str]:
    """Names of the figures that are not what their bar asks for."""
    return [name for name, bar in _bars(outcome).items() if not bar.met(outcome.figures[name], _true(outcome, name))]


def document(outcome: Outcome) -> dict[str, Any]:
    """Figures, with the truth's beside them, bars and what is missed, ready for JSON; None for what is not known.

    A bar is the number to reach, or the least and the most.
    """
    truth = {f"{name}_truth": value for name, value in outcome.truth.items()}
    bars = {name: bar.ends(_true(outcome, name)) for name, bar in _bars(outcome).items()}
    found = {
        "figures": _known({**outcome.figures, **truth}),
        "bars": {
            name: ends[0] if len(ends) == 1 else ends for name, limits in bars.items() for ends in [_finite(limits)]
        },
        "missed": missed(outcome),
    }
    return found if outcome.against is None else found | {"against": _known(outcome.against)}


def markdown(outcome: Outcome) -> str:
    """A table of figures, the truth's, bars and goals; misses are marked. Another model's figures are a column more."""
    other, failed = outcome.against, missed(outcome)
    columns = ["figure", "value", *([] if other is None else ["against"]), f"truth ({outcome.drawn_by})", "bar", "goal"]
    lines = [_line([*columns, "what it is"]), "|" + "---|" * (len(columns) + 1)]
    for name, value in outcome.figures.items():
        said = FIGURES[name]
        shown = [f"**{_number(value)} missed**" if name in failed else _number(value)]
        shown += [] if other is None else [_number(other.get(name, math.nan))]
        shown += [_number(outcome.truth[name]) if name in outcome.truth else ""]
        lines.append(_line([f"`{name}`", *shown, *(str(limit or "") for limit in (said.bar, said.goal)), said.words]))
    return "\n".join(lines)


def _bars(outcome: Outcome) -> dict[str, Limits]:
    return {name: bar for name in outcome.figures if (bar := FIGURES[name].bar)}


def _true(outcome: Outcome, name: str) -> float:
    return outcome.truth.get(name, math.nan)


def _finite(ends: tuple[float, float]) -> list[float | None]:
    """The ends that there are; None for one that is not known."""
    return [None if math.isnan(end) else end for end in ends if not math.isinf(end)]


def _known(figures: Figures) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "not measured"
