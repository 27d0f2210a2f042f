"""Plans say how much they will make."""

from pathlib import Path

import numpy as np

from livetalk.evaluation.components.run import ComponentPlan


def test_steps_are_clips_of_three_variants_and_seconds_of_four_streams() -> None:
    faces = [np.zeros((256, 256, 3), np.uint8)] * 2
    assert ComponentPlan(None, Path(), faces, 5, 60.0, True, 1).steps == 15 + 480
    assert ComponentPlan(None, Path(), faces, 0, 0.0, True, 1).steps == 0
