"""Candidate clip: one person between two cuts of a video, framed as a model wants it, with the sound under it.

What makes candidates, what measures them and what describes them meet here and know nothing else of each other.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int, UInt8

from livetalk.evaluation.metrics.landmarks import FaceTrack


@dataclass(frozen=True)
class CandidateClip:
    """Candidate clip, in memory. t: frames, at a constant `frame_rate`; n: samples at 16 kHz."""

    source: str  # the video's path in its folder
    start: float  # seconds into the video
    frame_rate: float  # Hz
    frames: UInt8[np.ndarray, "t h w 3"]  # RGB, square, the face where the model wants it
    sound: Float32[np.ndarray, " n"]  # mono, in [-1, 1]; silence where the video has none
    track: FaceTrack  # of `frames`
    mesh: Float[np.ndarray, "t 478 2"]  # the face's landmarks in `frames`, pixels (x, y); NaN where none was found
    boxes: Float[np.ndarray, "t 4"]  # where `frames` lie in the video: left, top, right, bottom in its pixels
    others: Int[np.ndarray, " t"]  # faces of other people in the whole picture

    @property
    def name(self) -> str:
        """Name of the clip: its video and second."""
        return f"{self.source}@{self.start:.2f}"

    @property
    def seconds(self) -> float:
        """Length, s."""
        return len(self.frames) / self.frame_rate
