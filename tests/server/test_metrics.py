"""Blocks are counted as they come, and late ones are told apart."""

import numpy as np
import pytest

from livetalk.avatar.blocks import TimedBlock
from livetalk.server.metrics import BlockCounter, Metrics


@pytest.mark.parametrize(
    ("lateness", "late"),
    [
        ([0.0] * 6, 0),
        ([0.0, 0.04, 0.0, 0.0, 0.0, 0.01], 0),  # a few hundredths are covered
        ([0.0, 0.0, 0.0, 0.25, 0.0, 0.0], 1),
        ([0.0, 0.1, 0.2, 0.3, 0.0, 0.1], 2),  # each once
    ],
)
def test_late_blocks_are_counted_once(lateness: list[float], late: int):
    metrics = Metrics()
    count = BlockCounter(metrics)
    frames, sound = np.zeros((4, 2, 2, 3), np.uint8), np.zeros(4000, np.float32)
    for number, seconds in enumerate(lateness):
        count(TimedBlock(number // 3, 4 * number, frames, sound, False, late=seconds))
    text = metrics.text().decode()
    assert f"livetalk_blocks_late_total {float(late)}" in text
    assert "livetalk_blocks_total 2.0" in text
