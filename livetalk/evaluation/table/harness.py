"""Harness that makes and times clips, the same for every system: from files in to a video file out.

The clock runs from the call with portrait, speech and prompt on disk until the video is complete on disk; the first
frame counts when the system says that it can be looked at, or, for a program that says nothing, when its video is
complete. A system is warmed up with the first second of a case, which nobody times. What came out is looked at: a video
without sound, or much shorter than its speech, is a failure.
"""

import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

from livetalk.evaluation.table.cases import ClipCase
from livetalk.evaluation.table.machine import load
from livetalk.evaluation.table.store import ClipRecord
from livetalk.evaluation.table.systems.base import LoadedSystem
from livetalk.geometry import SAMPLE_RATE
from livetalk.media import read_speech
from livetalk.media.files import ffmpeg_path, understood
from livetalk.media.wav import write_wav

WARM_UP = 1.0  # s of speech
SHORTEST = 0.8  # of the speech that a video must last


def made(maker: LoadedSystem, case: ClipCase, out: Path, device: str, alone: bool) -> ClipRecord:
    """Make a clip and look at it. A system that fails at it has failed in one sentence; nothing is raised."""
    first: list[float] = []
    out.parent.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()

    def seen(frames: int) -> None:
        if frames and not first:
            first.append(time.perf_counter() - began)

    try:
        maker.make(case, out, seen)
        spent = time.perf_counter() - began
        frames, seconds = _looked_at(out, case)
    except Exception as error:  # whatever a system stumbles over is its failure, and the others go on
        return ClipRecord(alone=alone, device=device, failed=_sentence(error))
    return ClipRecord(frames, seconds, spent, first[0] if first else spent, alone, device, load())


def warm_up(maker: LoadedSystem, case: ClipCase) -> None:
    """Make a second of a case for nothing. What goes wrong will go wrong again, where it counts."""
    with TemporaryDirectory(prefix="livetalk-") as folder:
        sound = np.concatenate(list(read_speech(case.speech)))[: round(WARM_UP * SAMPLE_RATE)]
        write_wav(Path(folder) / "speech.wav", sound)
        short = replace(case, speech=Path(folder) / "speech.wav", seconds=WARM_UP)
        made(maker, short, Path(folder) / "clip.mp4", "", alone=False)


def _looked_at(path: Path, case: ClipCase) -> tuple[int, float]:
    """Frames and seconds of a video. Raises ValueError for one that cannot be what was asked for."""
    with understood(path, "video"), av.open(ffmpeg_path(path)) as container:
        if not container.streams.video or not container.streams.audio:
            what = "sound" if container.streams.video else "pictures"
            raise ValueError(f"its video has no {what}: let it write both into one file")
        stream = container.streams.video[0]
        frames = sum(packet.pts is not None for packet in container.demux(stream))
        rate = float(stream.average_rate or stream.guessed_rate or 0)
    seconds = frames / rate if rate else 0.0
    if seconds < SHORTEST * case.seconds:
        raise ValueError(f"its video lasts {seconds:.1f} s of the {case.seconds:.1f} s that are spoken")
    return frames, seconds


def _sentence(error: Exception) -> str:
    words = " ".join(str(error).split())
    return words if isinstance(error, ValueError) and words else f"{type(error).__name__}: {words or 'without a word'}"
