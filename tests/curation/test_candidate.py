"""Candidates are named by where they lie."""

import numpy as np

from livetalk.curation.candidate import CandidateClip
from livetalk.evaluation.metrics.landmarks import FaceTrack


def test_a_candidate_is_known_by_its_video_and_second() -> None:
    t, no = 32, np.full(32, np.nan)
    track = FaceTrack(no, no, np.zeros((t, 3)), no, np.zeros((t, 2)), np.zeros((t, 2, 2)), np.zeros((t, 52)), ())
    frames, boxes = np.zeros((t, 8, 8, 3), np.uint8), np.zeros((t, 4))
    sound, mesh, others = np.zeros(2 * 16_000, np.float32), np.zeros((t, 478, 2)), np.zeros(t, int)
    clip = CandidateClip("day/talk.mp4", 12.5, 16, frames, sound, track, mesh, boxes, others)
    assert clip.name == "day/talk.mp4@12.50"
    assert clip.seconds == 2
