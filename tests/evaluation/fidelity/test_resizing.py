"""Three ways to resize give what their libraries give, and differ from one another."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from livetalk.evaluation.fidelity import resizing


def _random(height: int, width: int) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0)) * 255


def test_tensorflows_places_are_left_edges() -> None:
    ramp = torch.arange(8.0).expand(1, 3, 8, 8)
    assert resizing.tensorflow_bilinear(ramp, 4)[0, 0, 0].tolist() == [0, 2, 4, 6]
    assert resizing.tensorflow_bilinear(ramp, 16)[0, 0, 0].tolist() == [*np.arange(0, 7.5, 0.5), 7]


def test_scales_reach_from_minus_one_to_one() -> None:
    for name, prepare in resizing.PREPROCESSINGS.items():
        assert prepare(torch.zeros(1, 3, 9, 9)).eq(-1).all(), name
        assert prepare(torch.full((1, 3, 9, 9), 255.0)).max() == pytest.approx(1 if name == "pytorchfid" else 127 / 128)


def test_ways_to_resize_differ_on_large_frames_only() -> None:
    large = [prepare(_random(600, 600)) for prepare in resizing.PREPROCESSINGS.values()]
    assert all((one - other).abs().mean() > 0.05 for one, other in pairwise(large))
    same = [prepare(_random(299, 299)) for prepare in resizing.PREPROCESSINGS.values()]
    assert all((one - other).abs().max() < 0.01 for one, other in pairwise(same))


def test_frames_become_planes() -> None:
    frames = np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3)
    assert resizing.planes(frames)[0, :, 1, 2].tolist() == frames[0, 1, 2].tolist()
