"""Excerpt of a film: pictures and sound between two times of it, on the film's own clock.

Pictures are found by seeking, so that five seconds of an hour do not take an hour; sound is decoded from the start,
which is a hundred times faster than real time and exact. Where a film's sound begins later or earlier than its
pictures, as its time stamps say, the excerpt keeps that. Knows files only.
"""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from jaxtyping import Float32, UInt8

from livetalk.geometry import SAMPLE_RATE
from livetalk.media.files import existing, ffmpeg_path, understood
from livetalk.media.sound import read_speech
from livetalk.media.video import EXACT

LEEWAY = 1e-6  # seconds
LATE = 0.1  # seconds that a film may end early: headers round


def film_seconds(path: Path) -> float:
    """Length of a film's pictures, as its header tells it. Raises ValueError for what is no film with pictures."""
    path = existing(path, "video")
    with understood(path, "video"), av.open(ffmpeg_path(path)) as container:
        stream = _pictures(container, path)
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        return 0.0 if container.duration is None else container.duration / av.time_base


def film_size(path: Path) -> tuple[int, int]:
    """Height and width of a film's pictures. Raises ValueError for what is no film with pictures."""
    path = existing(path, "video")
    with understood(path, "video"), av.open(ffmpeg_path(path)) as container:
        stream = _pictures(container, path)
        return stream.codec_context.height, stream.codec_context.width


def frames_between(path: Path, start: float, seconds: float, frame_rate: int) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """`seconds * frame_rate` pictures from `start` on: at each time the newest one. `start`: from the first picture.

    Raises ValueError for a film that is damaged, or ends before.
    """
    path, wanted, shown = existing(path, "video"), round(seconds * frame_rate), 0
    last, time = None, 0.0
    with understood(path, "video"), av.open(ffmpeg_path(path)) as container:
        _pictures(container, path)
        zero = next((frame.time for frame in container.decode(video=0)), None) or 0.0
        container.seek(int((zero + start) * av.time_base))
        for frame in container.decode(video=0):
            time = (frame.time or 0.0) - zero
            while last is not None and shown < wanted and start + shown / frame_rate < time - LEEWAY:
                yield _rgb(last)
                shown += 1
            if shown == wanted:
                return
            last = frame
        while last is not None and shown < wanted and start + shown / frame_rate < time + LATE:
            yield _rgb(last)
            shown += 1
    if shown < wanted:
        raise ValueError(f"{path} ends before {start + seconds:g} s: give the whole film, or fewer seconds of it")


def sound_between(path: Path, start: float, seconds: float) -> Float32[np.ndarray, " n"]:
    """The sound from `start` on (from the first picture), mono, 16 kHz, in [-1, 1]; silence where there is none.

    Raises ValueError for a film without sound.
    """
    first, count = round((start - _sound_lag(path)) * SAMPLE_RATE), round(seconds * SAMPLE_RATE)
    made, place = np.zeros(count, np.float32), 0
    for piece in read_speech(path):
        begin, end = max(place, first), min(place + len(piece), first + count)
        if begin < end:
            made[begin - first : end - first] = piece[begin - place : end - place]
        place += len(piece)
        if place >= first + count:
            break
    return made


def _sound_lag(path: Path) -> float:
    """Seconds by which the first sound comes after the first picture."""
    path = existing(path, "video")
    with understood(path, "video"):
        with av.open(ffmpeg_path(path)) as container:
            picture = next(container.decode(video=0), None) if container.streams.video else None
        with av.open(ffmpeg_path(path)) as container:
            sound = next(container.decode(audio=0), None) if container.streams.audio else None
    if picture is None or sound is None:
        return 0.0
    return (sound.time or 0.0) - (picture.time or 0.0)


def _pictures(container: InputContainer, path: Path) -> av.VideoStream:
    if not container.streams.video:
        raise ValueError(f"{path} has no pictures in it: give a video")
    return container.streams.video[0]


def _rgb(frame: av.VideoFrame) -> UInt8[np.ndarray, "h w 3"]:
    return frame.reformat(format="rgb24", interpolation=EXACT).to_ndarray()
