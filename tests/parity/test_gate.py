"""The small model in the numbers of the full one's fast mode: nearly the same pictures."""

import numpy as np
import pytest
import torch

from livetalk.cli.console import avatars
from livetalk.media.pictures import open_picture
from livetalk.parity.gate import in_eight_bits
from livetalk.performer.performer import Performer


@pytest.mark.slow
def test_eight_bits_show_nearly_the_same():
    face = open_picture(next(iter(avatars().values())))
    shown = []
    for coded in (False, True):
        performer = Performer.load("tiny", dtype=torch.float32)
        if coded:
            performer = Performer(in_eight_bits(performer.networks))
        speech = 0.1 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
        blocks = performer.perform(face, [speech], "a person")
        shown.append(np.concatenate([block.frames for block in blocks]).astype(int))
    difference = np.abs(shown[0] - shown[1])
    assert difference.any()
    assert difference.mean() < 2
