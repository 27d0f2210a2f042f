"""Clip views: a generated clip and its truth as every measure sees them, at one rate and of the same first seconds.

Pictures keep the size of their file; `matched` brings the generated ones to the truth's where a measure compares pixel
with pixel. Does not know: what is measured.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import av
import numpy as np
import torch
from einops import rearrange
from jaxtyping import UInt8
from torch.nn.functional import interpolate

from livetalk.evaluation.clip_files import ClipFile, pairs
from livetalk.media.files import ffmpeg_path

ROUNDING = 0.13  # seconds by which a truth may be longer than what was made of it: two frames at 16 a second

Frames = UInt8[np.ndarray, "t h w 3"]


@dataclass(frozen=True)
class ClipView:
    """A generated clip and, where there is one, its truth. native: the generated clip at its own rate."""

    name: str
    generated: Frames
    real: UInt8[np.ndarray, "u i j 3"] | None
    native: UInt8[np.ndarray, "v h w 3"]
    native_rate: float

    @cached_property
    def matched(self) -> UInt8[np.ndarray, "t i j 3"]:
        """Generated frames in the truth's size (bilinear, as OmniAvatar's script resizes); as they are without one."""
        if self.real is None or self.real.shape[1:3] == self.generated.shape[1:3]:
            return self.generated
        height, width = self.real.shape[1:3]
        return np.stack([resized(frame, height, width) for frame in self.generated])

    @property
    def common(self) -> int:
        """Frames that both have; all of the generated ones without a truth."""
        return len(self.generated) if self.real is None else min(len(self.generated), len(self.real))


def resized(frame: UInt8[np.ndarray, "h w 3"], height: int, width: int) -> UInt8[np.ndarray, "i j 3"]:
    """A picture in another size: bilinear between pixels' middles, without antialiasing, as OpenCV's default."""
    planes = rearrange(torch.from_numpy(np.ascontiguousarray(frame)).float(), "h w c -> 1 c h w")
    small = interpolate(planes, (height, width), mode="bilinear", align_corners=False)
    return rearrange(small.round().clamp(0, 255).byte(), "1 c h w -> h w c").numpy()


def paired(real: Sequence[ClipFile] | None, generated: Sequence[ClipFile]) -> list[tuple[ClipFile | None, ClipFile]]:
    """Clips with their truth, by name.

    Raises ValueError where a truth was never generated, and for generated clips without a truth.
    """
    if not generated:
        raise ValueError("there are no generated clips: give a folder of them")
    if real is None:
        return [(None, clip) for clip in generated]
    known = {clip.name for clip in real}
    strange = [clip.name for clip in generated if clip.name not in known]
    if strange:
        raise ValueError(
            f"{len(strange)} generated clips have no real one of their name, {strange[0]} among them: name them alike"
        )
    return [*pairs(real, generated)]


def views(
    clips: Sequence[tuple[ClipFile | None, ClipFile]], frame_rate: int, seconds: float | None
) -> Iterator[ClipView]:
    """Views of the clips, one after the other: no more than one is in memory."""
    for real, generated in clips:
        rate = rate_of(generated.path)
        frames = generated.frames(frame_rate, seconds)
        native = frames if rate == frame_rate else generated.frames(max(1, round(rate)), seconds)
        truth = None if real is None else _as_long(real.frames(frame_rate, seconds), len(frames), frame_rate)
        yield ClipView(generated.name, frames, truth, native, rate)


def _as_long(truth: Frames, frames: int, frame_rate: int) -> UInt8[np.ndarray, "u h w 3"]:
    """The truth, cut to so many frames if it is longer by no more than rounding: rates that differ end differently."""
    return truth[:frames] if len(truth) - frames <= ROUNDING * frame_rate else truth


def rate_of(path: Path) -> float:
    """Frames a second that a video says it has."""
    with av.open(ffmpeg_path(path)) as container:
        rate = container.streams.video[0].average_rate
        return float(rate) if rate else 0.0


def remarks(clips: Sequence[tuple[ClipFile | None, ClipFile]], frame_rate: int) -> list[str]:
    """Sentences on what is not alike: rates that are resampled, sizes that are resized."""
    found: list[str] = []
    rates = sorted({rate_of(clip.path) for pair in clips for clip in pair if clip is not None})
    if rates != [float(frame_rate)]:
        named = ", ".join(f"{rate:g}" for rate in rates)
        found.append(f"frame rates of the files: {named}; the newest picture of every 1/{frame_rate} s is measured")
    uneven = sum(real is not None and size_of(real.path) != size_of(made.path) for real, made in clips)
    if uneven:
        found.append(
            f"{uneven} of {len(clips)} generated clips are resized to their truth (bilinear) where pixels meet"
        )
    return found


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of a video."""
    with av.open(ffmpeg_path(path)) as container:
        stream = container.streams.video[0]
        return stream.width, stream.height
