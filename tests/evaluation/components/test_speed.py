"""Both ways of making a video are timed on the same frames."""

import numpy as np

from livetalk.evaluation.components import speed
from livetalk.performer.performer import Performer


def test_both_ways_make_all_frames(performer: Performer) -> None:
    portrait, sound = np.full((64, 64, 3), 90, np.uint8), np.full(24_000, 0.1, np.float32)
    rates = speed.frame_rates(performer.networks, portrait, sound, "calm")
    assert list(rates) == ["beside", "after"]
    assert min(rates.values()) > 0
