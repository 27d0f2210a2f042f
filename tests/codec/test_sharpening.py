"""A moved picture keeps its detail, be it fine as rendered skin or smooth as a photograph."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.codec.blocks import warp
from livetalk.codec.sharpening import KEPT, STRONGEST, resharpen, sharpening_strength


def picture(blur: int, size: int = 64, seed: int = 0) -> torch.Tensor:
    """Noise through means of `blur` pixels, three times for a photograph's spectrum."""
    torch.manual_seed(seed)
    x = torch.randn(1, 3, size + 24, size + 24)
    for _ in range(3 if blur > 2 else 1):
        x = F.avg_pool2d(x, blur, 1)
    return x[..., :size, :size] / x.std()


def moved(x: torch.Tensor, dx: float, dy: float) -> torch.Tensor:
    flow = torch.tensor([dx, dy]).view(1, 1, 2, 1, 1).expand(1, 1, 2, *x.shape[2:])
    return warp(x, flow, 1, strength=sharpening_strength(x))


def detail(x: torch.Tensor) -> float:
    kernel = torch.tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])[None, None]
    return float(F.conv2d(x.mean(1, keepdim=True)[..., 4:-4, 4:-4], kernel).square().mean())


@settings(deadline=None, max_examples=20)
@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([2, 3, 5]))
def test_a_moved_picture_is_about_as_detailed_as_it_was(x: float, y: float, blur: int) -> None:
    still = picture(blur)
    assert 0.55 < detail(moved(still, x, y)) / detail(still) < 1.35


@pytest.mark.parametrize("seed", [0, 1])
def test_over_all_fractions_of_a_pixel_the_share_is_the_one_that_was_asked_for(seed: int) -> None:
    still, steps = picture(2, seed=seed), [step / 8 for step in range(8)]
    shares = [detail(moved(still, x, y)) / detail(still) for x in steps for y in steps]
    assert sum(shares) / len(shares) == pytest.approx(KEPT, abs=0.05)


def test_finer_pictures_need_more() -> None:
    smooth, fine = (float(sharpening_strength(picture(blur))) for blur in (5, 2))
    assert 0 <= smooth < fine <= STRONGEST


def test_a_picture_of_one_colour_needs_nothing() -> None:
    assert float(sharpening_strength(torch.full((1, 3, 32, 32), 0.5))) == 0


def test_pictures_of_a_batch_do_not_know_each_other() -> None:
    one, other = picture(3), picture(2, seed=1)
    both = sharpening_strength(torch.cat([one, other]))
    torch.testing.assert_close(both, torch.cat([sharpening_strength(one), sharpening_strength(other)]))


def test_what_has_not_moved_is_not_touched() -> None:
    still = torch.rand(2, 1, 16, 16)
    strength = torch.full((2, 1, 1, 1), STRONGEST)
    assert torch.equal(resharpen(still, torch.full((2, 2, 16, 16), -3.0), strength), still)
