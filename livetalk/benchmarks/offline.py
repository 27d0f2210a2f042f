"""Benchmark of offline generation: time to the first frame, frames a second after it, memory.

Does not judge how the frames look. Knows a performer by its protocol; loading it is the caller's and is timed here.
"""

import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.avatar.blocks import TimedBlock
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.runtime.cpu import cores

Picture = UInt8[np.ndarray, "h w 3"]
Sound = Float32[np.ndarray, " n"]
Figures = dict[str, int | float | str]


class OfflinePerformer(Protocol):
    """A model that generates a video block by block."""

    @property
    def version(self) -> str:
        """Version of the weights."""
        ...

    def perform(self, portrait: Picture, speech: Iterator[Sound], prompt: str) -> Iterator[TimedBlock]:
        """Blocks, as the speech comes in."""
        ...


def measure(
    load: Callable[[], OfflinePerformer],
    portrait: Picture,
    speech: Sequence[Sound],
    prompt: str,
    tell: Callable[[int], None] = lambda frames: None,
) -> Figures:
    """The figures by name; times in seconds, memory in bytes. tell: how many frames have come."""
    began = time.perf_counter()
    performer = load()
    loaded = time.perf_counter() - began
    ends: list[float] = []
    counts: list[int] = []
    began = time.perf_counter()
    for block in performer.perform(portrait, iter(speech), prompt):
        ends.append(time.perf_counter() - began)
        counts.append(len(block.frames))
        tell(len(block.frames))
    later, spent = sum(counts[1:]), ends[-1] - ends[0]
    return {
        "version": performer.version,
        "machine": platform.machine(),
        "cores": cores(),
        "frames": sum(counts),
        "load_seconds": loaded,
        "first_frame_seconds": ends[0],
        "frames_per_second": later / spent,
        "times_real_time": later / spent / FRAME_RATE,
        "slowest_block_seconds": float(max(np.diff(ends))),
        "peak_rss_bytes": peak_rss(),
    }


def looped(sound: Sound, seconds: float) -> list[Sound]:
    """Exactly `seconds` of a recording, from its start again as often as needed, in tenths of a second."""
    return np.array_split(np.resize(sound, round(seconds * SAMPLE_RATE)), max(1, round(10 * seconds)))


def peak_rss() -> int:
    """Most memory this process ever held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
