"""Promises of the codec that keeps the portrait."""

from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.codec.base import Carry
from livetalk.codec.blocks import unfolded, warp, warp_features
from livetalk.codec.portrait import PortraitCodec, with_strength
from livetalk.presets import MINIATURE, TINY


@pytest.fixture(scope="module")
def codec() -> PortraitCodec:
    torch.manual_seed(0)
    return PortraitCodec(MINIATURE.codec).eval().requires_grad_(False)


@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.sampled_from([0, 1, 2]))
def test_streaming_equals_offline_however_it_is_cut(pieces: list[int], scale: int) -> None:
    torch.manual_seed(0)
    codec = PortraitCodec(MINIATURE.codec).eval().requires_grad_(False).double()  # hardly anything lies on an edge
    latents = torch.randn(1, 12, sum(pieces), 2, 2).double()
    portrait = torch.rand(1, 3, 32 * scale, 32 * scale).double() * 2 - 1 if scale else None
    begin = codec.start(portrait=portrait, scale=scale)
    carry, made, at = begin, [], 0
    for n in pieces:
        pixels, carry = codec.step(latents[:, :, at : at + n], carry)
        made.append(pixels)
        at += n
    difference = (torch.cat(made, 2) - codec.step(latents, begin)[0]).abs() * 127.5
    assert difference.max() < 1.01, "a level at most"
    assert (difference > 0.01).float().mean() < 1e-3, "and only where a value lies on the edge between two"


def test_a_clip_of_4n_minus_3_frames_is_n_latent_frames(codec: PortraitCodec) -> None:
    latents = codec.encode(torch.zeros(2, 3, 9, 32, 32))
    assert latents.shape == (2, 12, 3, 2, 2)
    assert codec.decode(latents).shape == (2, 3, 9, 32, 32)
    with pytest.raises(ValueError, match="4n"):
        codec.encode(torch.zeros(1, 3, 8, 32, 32))


def test_the_future_never_changes_the_past(codec: PortraitCodec) -> None:
    torch.manual_seed(1)
    latents = torch.randn(1, 12, 4, 2, 2)
    before = codec.decode(latents)
    latents[:, :, 3] = 9.0
    torch.testing.assert_close(codec.decode(latents)[:, :, :9], before[:, :, :9])


def test_a_stream_begins_with_its_portrait_to_the_bit(codec: PortraitCodec) -> None:
    portrait = torch.randint(256, (2, 3, 32, 32)) / 127.5 - 1
    pixels, _ = codec.step(torch.randn(2, 12, 2, 2, 2), codec.start(portrait=portrait))
    assert torch.equal(pixels[:, :, 0], portrait)


def test_larger_frames_begin_with_the_larger_portrait_to_the_bit(codec: PortraitCodec) -> None:
    large = torch.randint(0, 256, (2, 3, 64, 64)) / 127.5 - 1
    pixels, _ = codec.step(torch.randn(2, 12, 2, 2, 2), codec.start(portrait=large, scale=2))
    assert pixels.shape == (2, 3, 5, 64, 64)
    assert torch.allclose(pixels[:, :, 0], large, atol=1e-6)


def test_larger_frames_show_what_the_coded_ones_show(codec: PortraitCodec) -> None:
    torch.manual_seed(0)
    codec = deepcopy(codec)
    codec.decoder.leave.weight.zero_()  # untrained paint is noise, which stretching would soften
    large = F.interpolate(torch.rand(1, 3, 3, 3) * 2 - 1, size=64, mode="bicubic").clamp(-0.9, 0.9)
    latents = 0.3 * torch.randn(1, 12, 3, 2, 2)
    wide, _ = codec.step(latents, codec.start(portrait=large, scale=2))
    small, _ = codec.step(latents, codec.start(portrait=F.avg_pool2d(large, 2)))
    assert (small[:, :, 1:] - small[:, :, :1]).abs().max() > 0.1, "something moves"
    apart = (F.avg_pool3d(wide, (1, 2, 2)) - small)[..., 2:-2, 2:-2].abs()
    assert apart.mean() < 0.01
    assert apart.max() < 0.1


def test_before_any_training_no_change_leaves_the_portrait() -> None:
    torch.manual_seed(0)
    codec = PortraitCodec(MINIATURE.codec).eval().requires_grad_(False)
    portrait = torch.nn.functional.interpolate(torch.rand(1, 3, 4, 4), size=32, mode="bilinear") * 2 - 1
    pixels, _ = codec.step(torch.zeros(1, 12, 2, 2, 2), codec.start(portrait=portrait))
    assert (pixels - portrait[:, :, None]).abs().mean() < 0.25


def test_motion_passes_before_any_training() -> None:
    """A picture that has moved is found, said and moved by networks that have learned nothing."""
    torch.manual_seed(0)
    codec = PortraitCodec(TINY.codec).eval().requires_grad_(False)
    wide = torch.nn.functional.interpolate(torch.rand(1, 3, 18, 18), size=288, mode="bicubic") * 2 - 1
    portrait, later = wide[..., 8:264, 8:264], wide[..., 8:264, 16:272]
    made = codec.encode_motion(codec.encode_portrait(portrait), later[:, :, None].expand(-1, -1, 4, -1, -1))
    assert 4 < float(8 * made.flow[:, :, 0].mean()) < 12


def test_a_picture_is_moved_by_whole_pixels_exactly() -> None:
    picture = torch.rand(1, 3, 16, 16)
    flow = torch.zeros(1, 2, 2, 16, 16)
    flow[:, 1, 0] = 3.0  # the second frame looks three pixels to the right
    first, second = warp(picture, flow, 1)
    torch.testing.assert_close(first, picture[0])
    torch.testing.assert_close(second[:, :, :13], picture[0, :, :, 3:])


def test_features_are_moved_as_pictures_are() -> None:
    torch.manual_seed(0)
    features, flow = torch.randn(2, 6, 8, 8).bfloat16(), 40 * torch.randn(2, 3, 2, 8, 8)  # many look beyond the border
    with torch.no_grad():
        quick = warp_features(features, flow, 4)
    torch.testing.assert_close(quick.float(), warp(features, flow, 4), rtol=0.01, atol=0.01)
    assert quick.is_contiguous(memory_format=torch.channels_last)


def test_channels_become_pixels_in_their_order() -> None:
    conv, x = torch.nn.Conv2d(5, 24, 1), torch.rand(2, 5, 3, 3)
    torch.testing.assert_close(unfolded(conv, x), F.pixel_shuffle(conv(x), 2))
    first, second = F.pixel_shuffle(conv(x), 2).chunk(2, 1)
    torch.testing.assert_close(unfolded(conv, x, frames=2), torch.stack([first, second], 1).flatten(0, 1))


def test_streams_in_a_batch_do_not_see_each_other(codec: PortraitCodec) -> None:
    torch.manual_seed(2)
    codec = deepcopy(codec).double()  # hardly anything lies on an edge
    portraits, latents = torch.rand(2, 3, 32, 32).double() * 2 - 1, torch.randn(2, 12, 3, 2, 2).double()
    both, _ = codec.step(latents, codec.start(portrait=portraits))
    one, _ = codec.step(latents[1:], codec.start(portrait=portraits[1:]))
    torch.testing.assert_close(both[1:], one, rtol=1e-4, atol=1e-5)


def test_the_codec_stays_small() -> None:
    codec = PortraitCodec(TINY.codec)
    assert sum(p.numel() for p in codec.parameters()) < 8.5e6


@pytest.mark.parametrize("scale", [1, 2])
def test_a_stream_kept_before_portraits_had_their_own_strength_goes_on(codec: PortraitCodec, scale: int) -> None:
    torch.manual_seed(0)
    carry = codec.start(portrait=torch.rand(1, 3, 64 * scale, 64 * scale) * 2 - 1, scale=scale)
    latents = torch.randn(1, codec.latent_channels, 2, 4, 4)
    carry = codec.step(latents[:, :, :1], carry)[1]
    old = with_strength(Carry(tuple(part for part in carry.past if part.shape[1:] != (1, 1, 1))))
    assert old.shapes == carry.shapes
    assert codec.step(latents[:, :, 1:], old)[0].isfinite().all()
