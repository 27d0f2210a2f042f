"""Seeing: what landmarks, face descriptors and loudness tell of an answer, from the pictures and sound of a request.

Each turn is measured once: the same pictures come again for other dimensions and repeats. Needs the `eval` extra.
"""

import hashlib
import io
import threading
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from livetalk.evaluation.dialogue.judging.evidence import TimedFrame, TurnEvidence
from livetalk.evaluation.metrics import identity
from livetalk.evaluation.metrics.landmarks import FaceTrack, track

SIDE = 320  # pixels: larger pictures tell the measures nothing more
LOOKS = 4  # pictures of a turn that are asked who they show
STILL = 0.3  # grey levels of mean difference, below which a picture stands still
EAR = 0.08  # seconds around a picture whose loudness is heard with it
FAINT = 1e-3  # of full scale: what is softer is silence
READABLE = 32  # pictures that reading of moods takes

T = TypeVar("T")
Pictures = UInt8[np.ndarray, "t h w 3"]


@dataclass(frozen=True)
class SeenIdentity:
    """Who the pictures of a turn show. descriptor: median, NaN without a face; faceless: share of those looked at."""

    descriptor: Float[np.ndarray, " 128"]
    faceless: float


class FaceMeter:
    """Measures turns with pictures, each once, one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faces: dict[str, FaceTrack] = {}
        self._looks: dict[str, SeenIdentity] = {}
        self._still: dict[str, float] = {}

    def face(self, turn: TurnEvidence) -> FaceTrack:
        """Landmarks of all pictures."""
        return self._once(self._faces, turn, lambda: track(pictures(turn.frames)))

    def looks(self, turn: TurnEvidence) -> SeenIdentity:
        return self._once(self._looks, turn, lambda: _looks(turn.frames))

    def longest_still(self, turn: TurnEvidence) -> float:
        """Seconds of the longest stretch in which the picture stands still."""
        return self._once(self._still, turn, lambda: _longest_still(turn.frames))

    def _once(self, known: dict[str, T], turn: TurnEvidence, measure: Callable[[], T]) -> T:
        key = hashlib.sha256(b"".join(frame.jpeg for frame in turn.frames)).hexdigest()
        with self._lock:
            if key not in known:
                known[key] = measure()
            return known[key]


def pictures(frames: Sequence[TimedFrame]) -> Pictures:
    """Pictures of one size, at most `SIDE` wide."""
    found: list[UInt8[np.ndarray, "h w 3"]] = []
    for frame in frames:
        image = Image.open(io.BytesIO(frame.jpeg)).convert("RGB")
        image.thumbnail((SIDE, SIDE))
        found.append(np.asarray(image))
    return np.stack(found)


def readable(face: FaceTrack) -> FaceTrack:
    """A track of enough frames for moods to be read, each as often as needed: what is read are means."""
    count = len(face.gap)
    if count >= READABLE:
        return face
    rows = np.repeat(np.arange(count), -(-READABLE // count))
    values = {field.name: getattr(face, field.name)[rows] for field in fields(face) if field.name != "names"}
    return replace(face, **values)


def loudness(sound: bytes, times: Sequence[float]) -> Float[np.ndarray, " t"]:
    """Logarithm of the sound's level around some moments, in seconds."""
    with wave.open(io.BytesIO(sound)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    power = np.concatenate([[0.0], np.cumsum(np.square(samples))])
    levels: list[float] = []
    for time in times:
        begin, end = (min(max(0, round((time + side * EAR / 2) * rate)), len(samples)) for side in (-1, 1))
        levels.append(float(power[end] - power[begin]) / max(1, end - begin))
    return np.log(np.sqrt(np.array(levels)) + FAINT)


def _looks(frames: Sequence[TimedFrame]) -> SeenIdentity:
    rows = np.linspace(0, len(frames) - 1, min(LOOKS, len(frames))).round().astype(int)
    found = identity.describe(pictures([frames[int(row)] for row in rows]))
    seen = np.isfinite(found).all(1)
    descriptor = np.median(found[seen], 0) if seen.any() else np.full(128, np.nan)
    return SeenIdentity(descriptor, float(1 - seen.mean()))


def _longest_still(frames: Sequence[TimedFrame]) -> float:
    if len(frames) < 2:
        return float("inf")
    shown, longest, run = pictures(frames).astype(np.int16), 0.0, 0.0
    for i in range(1, len(shown)):
        move = np.abs(shown[i] - shown[i - 1]).mean()
        run = run + frames[i].time_s - frames[i - 1].time_s if move < STILL else 0.0
        longest = max(longest, run)
    return longest
