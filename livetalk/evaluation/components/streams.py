"""Long stream watched at intervals: the same words are said again and again, so that what differs is its age.

Identity, colour, motion and lips of each time are held against the first. Knows frames and a player; not why faces
drift.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.evaluation.clips import Player
from livetalk.evaluation.metrics import identity
from livetalk.evaluation.metrics.landmarks import FaceTrack, track
from livetalk.evaluation.metrics.lipsync import pearson
from livetalk.evaluation.metrics.video import movement
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE

WATCHED = 5.0  # s of each time that is looked at
EVERY = 30.0  # s between two times: whole blocks, so that joins lie alike
LOOK_EVERY = 4  # frames between two that are asked who they are
STRANGER = 1.0  # distance of a frame without a face

Picture = UInt8[np.ndarray, "h w 3"]
Frames = UInt8[np.ndarray, "t h w 3"]
Sound = Float32[np.ndarray, " n"]


@dataclass(frozen=True)
class StreamPoint:
    """What a stream shows at some age."""

    second: float  # of the stream
    identity: float  # mean distance of dlib's descriptors from the portrait's
    colour: float  # mean grey levels by which red, green and blue differ from the first time's, the largest
    motion: float  # frame-difference energy over the first time's
    lips: float  # r of the lip gap with that of the first time; 0 where it cannot be followed


def watch(
    player: Player,
    portrait: Picture,
    recordings: Sequence[Sound],
    prompt: str,
    seconds: float,
    tell: Callable[[int], None] = lambda frames: None,
) -> list[StreamPoint]:
    """Stream so many seconds and look at the first of every 30. `tell` hears of frames as they come.

    Memory does not grow. Raises ValueError for a stream that is too short to be compared with its beginning.
    """
    if seconds < EVERY + WATCHED:
        raise ValueError(f"{seconds:g} s are over before the words come again: give {EVERY + WATCHED:g} s or more")
    assert any(len(recording) for recording in recordings), "something must be said"
    first: tuple[Frames, FaceTrack] | None = None
    points, own = list[StreamPoint](), identity.describe(portrait[None])[0]
    for second, frames in stretches(player, portrait, programme(recordings, seconds), prompt, tell):
        seen = track(frames)
        first = first or (frames, seen)
        points.append(_point(second, frames, seen, first, own))
    return points


def programme(recordings: Sequence[Sound], seconds: float) -> Sound:
    """Recordings one after the other; each 30 s begin with the words that the first did."""
    wanted, period = round(seconds * SAMPLE_RATE), round(EVERY * SAMPLE_RATE)
    rest = np.zeros(SAMPLE_RATE // 2, np.float32)
    spoken = np.concatenate([np.concatenate([recording, rest]) for recording in recordings])
    words = np.resize(spoken, round(WATCHED * SAMPLE_RATE))
    others = np.resize(spoken[len(words) % len(spoken) :], (period - len(words)) * -(-wanted // period))
    parts = (np.concatenate([words, part]) for part in others.reshape(-1, period - len(words)))
    return np.concatenate(list(parts))[:wanted].astype(np.float32)


def stretches(
    player: Player, portrait: Picture, sound: Sound, prompt: str, tell: Callable[[int], None]
) -> Iterator[tuple[float, Frames]]:
    """Each whole time that is looked at: the second at which it begins, and its frames."""
    kept, shown = list[np.ndarray](), 0
    period, length = round(EVERY * FRAME_RATE), round(WATCHED * FRAME_RATE)
    for block in player.perform(portrait, iter(np.array_split(sound, max(1, len(sound) // SAMPLE_RATE))), prompt):
        for frame in block.frames:
            place = shown % period
            if place < length:
                kept.append(frame)
            if place == length - 1:
                yield (shown - place) / FRAME_RATE, np.stack(kept)
                kept.clear()
            shown += 1
        tell(len(block.frames))


def _point(
    second: float, frames: Frames, seen: FaceTrack, first: tuple[Frames, FaceTrack], own: np.ndarray
) -> StreamPoint:
    far = np.nan_to_num(identity.distances(identity.describe(frames[::LOOK_EVERY]), own), nan=STRANGER)
    colour = np.abs(frames.mean((0, 1, 2)) - first[0].mean((0, 1, 2))).max()
    motion = movement(frames) / max(movement(first[0]), 1e-6)
    lips = float(np.nan_to_num(pearson(seen.gap, first[1].gap, seen.found & first[1].found)))
    return StreamPoint(second, float(far.mean()), float(colour), motion, lips)
