"""`livetalk bench`: how fast conditions become pixels here, and how much memory that takes.

Measures what a viewer waits for: the first frame after loading, the frames a second from then on, and the
largest memory the process ever held. It does not judge how the frames look.
"""

import json
import os
import platform
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from jaxtyping import Float32

from livetalk.cli_generate import PROMPT, default_portrait, default_speech, load_performer
from livetalk.cli_support import out, progress
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.media import read_speech


def bench(
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file too.")] = None,
    seconds: Annotated[float, typer.Option(help="Length of the video that is made.", min=1.5)] = 12.0,
    preset: Annotated[str, typer.Option(help="The model.")] = "tiny",
    weights: Annotated[Path | None, typer.Option(help="A folder of weights in place of the bundled ones.")] = None,
) -> None:
    """Measure speed and memory on this machine with the bundled face and voice."""
    figures = measure(preset, seconds, weights)
    for name, value in figures.items():
        out.print(f"{name:<28} {value:.3f}" if isinstance(value, float) else f"{name:<28} {value}", markup=False)
    if json_path is not None:
        json_path.write_text(json.dumps(figures, indent=2) + "\n")


def measure(preset: str, seconds: float, weights: Path | None = None) -> dict[str, Any]:
    """The figures by name; times in seconds, memory in bytes. The preset is loaded anew."""
    began = time.perf_counter()
    performer = load_performer(preset, 0, weights)
    load = time.perf_counter() - began
    speech, portrait = list(_looped(default_speech(), seconds)), default_portrait()
    ends, counts = [], []
    with progress() as bar:
        task = bar.add_task("measuring", total=round(seconds * FRAME_RATE))
        began = time.perf_counter()
        for block in performer.perform(portrait, iter(speech), PROMPT):
            ends.append(time.perf_counter() - began)
            counts.append(len(block))
            bar.advance(task, len(block))
    later, spent = sum(counts[1:]), ends[-1] - ends[0]
    return {
        "preset": preset,
        "version": performer.version,
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "frames": sum(counts),
        "load_seconds": load,
        "first_frame_seconds": ends[0],
        "frames_per_second": later / spent,
        "times_real_time": later / spent / FRAME_RATE,
        "slowest_block_seconds": float(max(np.diff(ends))),
        "peak_rss_bytes": peak_rss(),
    }


def peak_rss() -> int:
    """Most memory this process ever held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _looped(path: Path, seconds: float) -> Iterator[Float32[np.ndarray, " n"]]:
    """Exactly `seconds` of a recording, from its start again as often as needed, in tenths of a second."""
    sound = np.concatenate(list(read_speech(path)))
    sound = np.resize(sound, round(seconds * SAMPLE_RATE))
    yield from np.array_split(sound, max(1, round(10 * seconds)))
