"""Promises of the easing where blocks meet."""

import torch

from livetalk.codec.block_boundary import FLOW_CHANNELS, smooth_boundary
from livetalk.codec.portrait import PortraitCodec
from livetalk.presets import MINIATURE


def _flows(positions: list[float]) -> torch.Tensor:
    """A latent frame whose whole picture moves by these positions in x, and not in y."""
    z = torch.zeros(1, 12, 4, 4)
    z[:, :FLOW_CHANNELS:2] = torch.tensor(positions).view(1, 4, 1, 1)
    return z


def test_a_steady_motion_passes_untouched() -> None:
    last, first = _flows([0.0, 0.1, 0.2, 0.3]), _flows([0.4, 0.5, 0.6, 0.7])
    torch.testing.assert_close(smooth_boundary(last, first), first)


def test_a_jump_of_the_whole_head_becomes_a_slide() -> None:
    out = smooth_boundary(_flows([0.0] * 4), _flows([1.0] * 4))[0, :FLOW_CHANNELS:2, 0, 0]
    torch.testing.assert_close(out, torch.tensor([0.0, 0.25, 0.5, 0.75]))


def test_what_a_small_place_does_is_mostly_left_alone() -> None:
    first = _flows([0.0] * 4).new_zeros(1, 12, 16, 16)
    first[0, :FLOW_CHANNELS:2, 8, 8] = 1.0
    kept = smooth_boundary(torch.zeros_like(first), first)[0, :FLOW_CHANNELS:2, 8, 8]
    assert kept.min() > 0.9


def test_a_stream_remembers_what_a_block_joins() -> None:
    codec = PortraitCodec(MINIATURE.codec).eval().requires_grad_(False)
    latents = torch.randn(2, 12, 3, 4, 4)
    carry = codec.step(latents, codec.start(2))[1]
    joined = codec.blend_boundary(latents[:, :, -1:], carry)
    # The same again: nothing to ease but motion.
    torch.testing.assert_close(joined[:, FLOW_CHANNELS:], latents[:, FLOW_CHANNELS:, -1:])
    assert joined.shape == latents[:, :, -1:].shape
