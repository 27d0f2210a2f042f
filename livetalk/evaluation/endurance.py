"""Endurance: a stream of one or ten minutes, run as fast as it goes; compares its end with its beginning.

The same words are said first and last, so that what differs is the stream and not the speech. Likeness, colour and
sharpness are compared and the worst of the three counts; a face that is lost or stands still at the end has drifted
all the way. Knows frames and a player; not why faces drift.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.evaluation.clips import Player
from livetalk.evaluation.metrics import identity
from livetalk.evaluation.metrics.landmarks import track
from livetalk.evaluation.metrics.video import face_box, frozen_frames, sharpness
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE

ENDS = 5.0  # s at either end that are compared
LOOK_EVERY = 4  # frames between two that are asked who they are
LOST = 1.0  # drift of a face that is no longer there, or no longer moves
STILL = 0.5  # share of frozen frames from which on a face no longer moves
HUSHED = 0.5  # s of silence between two recordings
GAP_KEPT = 0.25  # share of the lips' movement at the start below which the end says nothing

Picture = UInt8[np.ndarray, "h w 3"]
Frames = UInt8[np.ndarray, "t h w 3"]
Sound = Float32[np.ndarray, " n"]


@dataclass(frozen=True)
class StreamDrift:
    """Shares by which the last seconds of a stream differ from its first ones; 0 is no drift."""

    identity: float  # growth of the distance to the portrait, over dlib's limit of one person
    colour: float  # largest change of a channel's mean or spread
    sharpness: float  # change of high-frequency energy in the face box, up or down

    @property
    def worst(self) -> float:
        return max(self.identity, self.colour, self.sharpness)


def last_against_first(
    player: Player,
    portrait: Picture,
    recordings: Sequence[Sound],
    prompt: str,
    seconds: float,
    tell: Callable[[int], None] = lambda frames: None,
) -> StreamDrift:
    """Stream so many seconds and compare the ends; `tell` hears of frames as they come. Memory does not grow."""
    frames, kept = round(seconds * FRAME_RATE), round(ENDS * FRAME_RATE)
    first, last, shown = [], deque(maxlen=kept), 0
    sound = programme(recordings, seconds)
    for block in player.perform(portrait, iter(np.array_split(sound, max(1, round(seconds)))), prompt):
        made = block.frames[: frames - shown]
        first += list(made[: kept - len(first)])
        last += list(made)
        shown += len(made)
        tell(len(made))
    return compare(np.stack(first), np.stack(list(last)), portrait)


def programme(recordings: Sequence[Sound], seconds: float) -> Sound:
    """Recordings one after the other, with breaths between them; the last seconds repeat the first ones.

    Raises ValueError if that is too short to have two ends.
    """
    if seconds < 2 * ENDS:
        raise ValueError(f"{seconds:g} s have no two ends of {ENDS:g} s: give {2 * ENDS:g} s or more")
    assert any(len(recording) for recording in recordings), "something must be said"
    wanted, parts, length = round(seconds * SAMPLE_RATE), [], 0
    while length < wanted:
        for recording in recordings:
            parts += [recording, np.zeros(round(HUSHED * SAMPLE_RATE), np.float32)]
            length += len(parts[-2]) + len(parts[-1])
    sound, end = np.concatenate(parts)[:wanted], round(ENDS * SAMPLE_RATE)
    sound[-end:] = sound[:end]
    return sound


def compare(first: Frames, last: Frames, portrait: Picture) -> StreamDrift:
    """Drift between two stretches of one stream."""
    if frozen_frames(last) >= STILL * (len(last) - 1):
        return StreamDrift(LOST, LOST, LOST)
    before, after = track(first), track(last)
    moved, moves = (float(np.nanstd(seen.gap)) if seen.found.any() else 0.0 for seen in (before, after))
    if after.missing > STILL or moves < GAP_KEPT * moved:
        return StreamDrift(LOST, LOST, LOST)
    own = identity.describe(portrait[None])[0]
    near, far = (_distance(frames, own) for frames in (first, last))
    height, width = portrait.shape[:2]
    fine, finer = (
        sharpness(frames, face_box(seen.eyes, seen.mouth, height, width))
        for frames, seen in ((first, before), (last, after))
    )
    grown = max(0.0, far - near) / identity.SAME_PERSON
    return StreamDrift(grown, _recoloured(first, last), abs(finer - fine) / max(fine, 1e-6))


def _distance(frames: Frames, own: np.ndarray) -> float:
    """Mean distance from the portrait; a frame without a face is as far as anybody."""
    return float(np.nan_to_num(identity.distances(identity.describe(frames[::LOOK_EVERY]), own), nan=LOST).mean())


def _recoloured(first: Frames, last: Frames) -> float:
    """Largest relative change of the mean and the spread of red, green and blue over the whole picture."""
    changes = []
    for channel in range(3):
        one, other = first[..., channel].astype(np.float32), last[..., channel].astype(np.float32)
        for size in (np.mean, np.std):
            changes.append(abs(float(size(other)) - float(size(one))) / max(float(size(one)), 1.0))
    return max(changes)
