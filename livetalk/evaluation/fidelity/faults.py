"""Faults of a film: black, frozen and flickering frames, and continuity where one block of frames follows another.

Native block-boundary continuity (NBC) as StreamAV-Bench defines it in its profile `wan_block3_16fps`: 9 frames, then
blocks of 12, at 16 frames a second. Around each boundary whose window of 4 s is whole, frames of width 160 are looked
at 8 times a second, in step with the boundary; the score is 100 less 70 x the share of black frames, 45 x the share of
repeats, 12 x the longest stand-still in seconds and 8 x the number of flashes, not below 0. Knows frames only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image

from livetalk.evaluation.estimates import Estimate, mean
from livetalk.evaluation.fidelity.views import ClipView, Frames
from livetalk.evaluation.metrics import video
from livetalk.geometry import FRAME_RATE

FIRST_BLOCK, BLOCK = 9, 12  # frames
WINDOW = 4  # seconds
LOOKS = 8  # a second
WIDTH = 160  # pixels
DARK, SAME, FLASH = 0.05, 0.01, 0.45  # of full brightness


def native_boundary_continuity(frames: Frames) -> float:
    """Mean score of the boundaries (0 to 100), of frames at 16 a second; NaN for a clip without a whole window."""
    stride, half = FRAME_RATE // LOOKS, FRAME_RATE * WINDOW // 2
    luma = _small_luma(frames)
    scores: list[float] = []
    for boundary in range(FIRST_BLOCK, len(frames), BLOCK):
        if boundary >= half and boundary + half <= len(frames):
            scores.append(boundary_score(luma[boundary - half : boundary + half : stride]))
    return float(np.mean(scores)) if scores else float("nan")


def boundary_score(looks: Float[np.ndarray, "t h w"]) -> float:
    """Score of one boundary's window. looks: grey pictures in [0, 1], 8 a second."""
    brightness = looks.mean(axis=(1, 2))
    repeated = np.abs(np.diff(looks, axis=0)).mean(axis=(1, 2)) < SAME
    flashes = int((np.abs(np.diff(brightness)) > FLASH).sum())
    standstill = max(_runs(repeated), default=0) / LOOKS
    penalty = 70 * (brightness < DARK).mean() + 45 * repeated.mean() + 12 * standstill + 8 * flashes
    return float(np.clip(100 - penalty, 0, 100))


def brightness_flicker(frames: Frames) -> float:
    """Mean deviation of a frame's brightness from the mean of its neighbours', grey levels; 0 below three frames."""
    brightness = video.grey(frames).mean(axis=(1, 2))
    if len(brightness) < 3:
        return 0.0
    return float(np.abs(brightness[1:-1] - (brightness[:-2] + brightness[2:]) / 2).mean())


@dataclass
class FaultMeasure:
    """Shares of black and frozen frames, flicker and NBC of clips, at their own rate; NBC of the truth beside it.

    frame_rate: that truths are seen at.
    """

    frame_rate: int = FRAME_RATE
    _figures: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def look(self, view: ClipView) -> None:
        """Takes in one clip."""
        native = view.native
        self._add("black_share", video.black_frames(native) / len(native))
        self._add("frozen_share", video.frozen_frames(native) / max(1, len(native) - 1))
        self._add("brightness_flicker", brightness_flicker(native))
        own = view.native_rate == FRAME_RATE
        self._add("nbc", native_boundary_continuity(native) if own else float("nan"))
        if view.real is not None:
            calm = native_boundary_continuity(view.real) if self.frame_rate == FRAME_RATE else float("nan")
            self._add("nbc_truth", calm)
            shown = view.common
            self._add("lacking_share", max(0, len(view.real) - len(view.generated)) / len(view.real))
            self._add("flicker_ratio", video.flicker_ratio(view.matched[:shown], view.real[:shown]))

    def figures(self) -> dict[str, Estimate]:
        """Means over clips. A clip without a whole window has no NBC, and is not in its number."""
        return {
            name: mean([value for value in values if value == value] if name.startswith("nbc") else values)
            for name, values in self._figures.items()
        }

    def remarks(self) -> list[str]:
        """Sentences on what could not be measured."""
        unmeasured = sum(value != value for value in self._figures.get("nbc", []))
        if not unmeasured:
            return []
        return [
            f"{unmeasured} clips have no NBC: it needs {FRAME_RATE} frames a second and a boundary with 2 s about it"
        ]

    def _add(self, name: str, value: float) -> None:
        self._figures.setdefault(name, []).append(value)


def _small_luma(frames: Frames) -> Float[np.ndarray, "t i j"]:
    height, width = frames.shape[1:3]
    size = WIDTH, max(1, round(height * WIDTH / width))

    def small(frame: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "i j"]:
        picture = Image.fromarray(np.ascontiguousarray(frame)).convert("L").resize(size, Image.Resampling.BOX)
        return np.asarray(picture, np.float32) / 255.0

    return np.stack([small(frame) for frame in frames])


def _runs(flags: Bool[np.ndarray, " t"]) -> Iterator[int]:
    """Lengths of runs of true flags."""
    length = 0
    for flag in (*flags, False):
        if flag:
            length += 1
        elif length:
            yield length
            length = 0
