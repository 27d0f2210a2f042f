"""Alarms: one clear line when a run goes wrong, and on request an end to it.

Watches for what destroyed runs of this recipe before: NaN, a collapse to black, flicker, and a critic that loses the
generator (LiveTalk, section 4: raw conditions collapse to black after several hundred DMD iterations). Knows numbers
and finished frames, not models.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from statistics import median

import numpy as np
from jaxtyping import UInt8


@dataclass(frozen=True)
class Alarm:
    step: int
    kind: str  # "nan", "black", "flicker" or "divergence"
    message: str
    stop: bool


@dataclass(frozen=True)
class AlarmConfig:
    """When to ring. Levels are grey levels of 0..255."""

    stop_on: frozenset[str] = frozenset({"nan"})
    black_level: float = 6.0  # a frame whose mean is below this is black
    flicker_level: float = 6.0  # mean |x[t+1] - 2 x[t] + x[t-1]| allowed in the stillest quarter of the picture
    diverging: tuple[str, ...] = ("critic_loss",)  # metrics that must not run away
    divergence_ratio: float = 4.0  # recent over usual value at which they have
    history: int = 50  # logged values the usual one is the median of
    recent: int = 3  # logged values that must all be high
    quiet: frozenset[str] = field(default_factory=frozenset)  # metrics that may be NaN (a measure without a face)


class Alarms:
    """Checks metrics and sample videos; each trouble is reported when it begins, not at every look."""

    def __init__(self, config: AlarmConfig | None = None) -> None:
        self.config = config or AlarmConfig()
        self._history: dict[str, deque[float]] = {}
        self._ringing: set[str] = set()

    def metrics(self, step: int, metrics: Mapping[str, float]) -> list[Alarm]:
        """Look at logged metrics: NaN or infinity in any, and runaway of those named in `diverging`."""
        bad = sorted(n for n, v in metrics.items() if not isfinite(v) and n not in self.config.quiet)
        found = self._edge(step, "nan", "", f"{', '.join(bad)} is not finite" if bad else None)
        for name in self.config.diverging:
            if isfinite(metrics.get(name, float("nan"))):
                found += self._runaway(step, name, metrics[name])
        return found

    def frames(self, step: int, videos: UInt8[np.ndarray, "n t h w 3"]) -> list[Alarm]:
        """Look at sample videos: black frames and flicker."""
        black = black_share(videos, self.config.black_level)
        jump = max(flicker(video) for video in videos)
        found = self._edge(step, "black", "", f"{black:.0%} of the sampled frames are black" if black > 0 else None)
        limit = self.config.flicker_level
        text = f"the stillest quarter of a sample jumps by {jump:.1f} grey levels a frame (allowed {limit:g})"
        return found + self._edge(step, "flicker", "", text if jump > limit else None)

    def _runaway(self, step: int, name: str, value: float) -> list[Alarm]:
        past = self._history.setdefault(name, deque(maxlen=self.config.history + self.config.recent))
        past.append(value)
        older = list(past)[: -self.config.recent]
        if len(older) < 10:
            return []
        usual, lowest = median(older), min(list(past)[-self.config.recent :])
        text = f"{name} is {lowest:.3g} and more, {self.config.divergence_ratio:g} times its usual {usual:.3g}"
        away = usual > 0 and lowest > self.config.divergence_ratio * usual
        return self._edge(step, "divergence", name, text if away else None)

    def _edge(self, step: int, kind: str, what: str, message: str | None) -> list[Alarm]:
        key = kind + what
        if message is None:
            self._ringing.discard(key)
            return []
        if key in self._ringing:
            return []
        self._ringing.add(key)
        return [Alarm(step, kind, f"step {step}: {kind}: {message}", kind in self.config.stop_on)]


def black_share(videos: UInt8[np.ndarray, "n t h w 3"], level: float) -> float:
    """Share of frames whose mean grey level is below `level`."""
    return float((videos.mean(axis=(2, 3, 4)) < level).mean())


def flicker(video: UInt8[np.ndarray, "t h w 3"]) -> float:
    """Mean absolute second difference over time, in grey levels, of the stillest quarter of the pixels.

    Real motion leaves a quarter of a portrait video (its background) alone; flicker does not. 0 below 3 frames.
    """
    if len(video) < 3:
        return 0.0
    grey = video.astype(np.float32).mean(axis=3)
    jumps = np.abs(grey[2:] - 2.0 * grey[1:-1] + grey[:-2]).mean(axis=0).ravel()
    return float(np.sort(jumps)[: max(1, len(jumps) // 4)].mean())
