"""Frames larger than they are coded are as sharp as the portrait, and where it is."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.codec.blocks import by_turns, warp
from livetalk.codec.enlarge import FINER, enlarge, light_table, taller, wider
from livetalk.codec.motion import Decoded
from livetalk.codec.sharpening import light, sharpening_strength


def bare(flow: torch.Tensor, t: int = 1) -> Decoded:
    """Frames of a grey portrait of 32 pixels a side, of which nothing is painted, moved by `flow` [2]."""
    grey, all_of_it = torch.zeros(1, t, 3, 32, 32), torch.ones(1, t, 1, 32, 32)
    return Decoded(grey, grey, all_of_it, flow.view(1, 1, 2, 1, 1).expand(1, t, 2, 32, 32), ())


@pytest.fixture
def picture() -> torch.Tensor:
    torch.manual_seed(0)
    noise = F.avg_pool2d(torch.randn(1, 3, 66, 66), 3, 1)
    return light(noise).expand(-1, 3, -1, -1)


def test_a_table_has_the_picture_on_whole_pixels(picture: torch.Tensor) -> None:
    assert torch.equal(light_table(picture)[..., ::FINER, ::FINER], light(picture))


def test_what_has_not_moved_is_the_picture(picture: torch.Tensor) -> None:
    frames = list(enlarge(bare(torch.zeros(2), 3), light_table(picture)))
    assert len(frames) == 3
    for frame in frames:
        torch.testing.assert_close(frame, picture, atol=1e-3, rtol=0)


@settings(deadline=None, max_examples=20)
@given(st.floats(-3, 3), st.floats(-3, 3))
def test_it_moves_as_far_and_stays_as_detailed_as_by_the_slow_way(x: float, y: float) -> None:
    torch.manual_seed(0)
    noise = light(F.avg_pool2d(torch.randn(1, 3, 66, 66), 3, 1)).expand(-1, 3, -1, -1)
    flow = torch.tensor([x, y])
    (frame,) = enlarge(bare(flow), light_table(noise))
    far = 2 * flow.view(1, 1, 2, 1, 1).expand(1, 1, 2, 64, 64)
    slow = warp(noise, far, 1, strength=sharpening_strength(noise))
    frame, slow = frame[..., 8:-8, 8:-8], slow[..., 8:-8, 8:-8]
    assert (frame - slow).square().mean() < 0.02 * slow.square().mean()
    fine, slowly = (torch.diff(part, n=2).square().mean() for part in (frame, slow))
    assert 0.8 < fine / slowly < 1.35  # 0.83 to 1.31 over all shifts


def test_pictures_are_stretched_as_by_torch() -> None:
    x = torch.rand(2, 3, 5, 7)
    torch.testing.assert_close(wider(taller(x)), F.interpolate(x, scale_factor=2, mode="bilinear"))


def test_two_by_turns_are_the_same_with_and_without_gradients() -> None:
    even, odd = torch.rand(2, 3, 4)
    with torch.no_grad():
        assert torch.equal(by_turns(even, odd), torch.stack([even, odd], -1))
