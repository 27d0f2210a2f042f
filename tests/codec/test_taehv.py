"""The light decoder: the published layout, streams cut anywhere, first picture alone, a carry that is a value."""

import pytest
import torch

from livetalk.codec.taehv import LightDecoder, LightWan, load_light
from livetalk.codec.wan import WanCodec, WanConfig

WIDTHS = (16, 8, 8, 8)


@pytest.fixture
def codec() -> LightWan:
    torch.manual_seed(0)
    return LightWan(WanCodec(WanConfig(width=8)), LightDecoder(widths=WIDTHS)).eval().requires_grad_(False)


def test_the_layout_is_the_published_one():
    """9,844,611 numbers, and the names of TAEHV's decoder with their shapes."""
    with torch.device("meta"):
        state = LightDecoder().state_dict()
    assert sum(tensor.numel() for tensor in state.values()) == 9_844_611
    assert {name.split(".")[1] for name in state} == {str(i) for i in (1, 3, 4, 5, 7, 8, 9, 10, 11, 13, 14)} | {
        str(i) for i in (15, 16, 17, 19, 20, 22)
    }
    assert tuple(state["decoder.3.conv.0.weight"].shape) == (256, 512, 3, 3)
    assert tuple(state["decoder.13.conv.weight"].shape) == (256, 128, 1, 1)
    assert tuple(state["decoder.22.weight"].shape) == (3, 64, 3, 3)


def test_a_published_file_loads_whatever_its_encoder_is(codec):
    state = {**codec.light.state_dict(), "encoder.0.weight": torch.zeros(3)}
    z = torch.randn(1, 2, 16, 4, 4)
    past = codec.light.start(1, z.device, z.dtype)
    assert torch.equal(load_light(state)(z, past)[0], codec.light(z, past)[0])


@pytest.mark.parametrize("name", ["decoder.1.weight", "decoder.8.weight", "decoder.9.conv.2.bias"])
def test_a_missing_tensor_is_refused(codec, name):
    state = codec.light.state_dict()
    del state[name]
    with pytest.raises(ValueError, match=r"missing"):
        load_light(state)


def test_a_stream_cut_anywhere_gives_the_same_frames(codec):
    z = torch.randn(2, 16, 5, 4, 4)
    whole = codec.decode(z)
    assert whole.shape == (2, 3, 17, 32, 32)
    carry, parts = codec.start(2, z.device, z.dtype), []
    for piece in z.split((1, 1, 3), dim=2):
        pixels, carry = codec.step(piece, carry)
        parts.append(pixels)
    assert torch.equal(torch.cat(parts, 2), whole)


def test_the_future_never_changes_the_past(codec):
    z = torch.randn(1, 16, 4, 4, 4)
    later = z.clone()
    later[:, :, 3] = 9
    assert torch.equal(codec.decode(z)[:, :, :9], codec.decode(later)[:, :, :9])


def test_an_old_carry_can_be_gone_back_to(codec):
    z = torch.randn(1, 16, 3, 4, 4)
    _, carry = codec.step(z[:, :, :1], codec.start(1, z.device, z.dtype))
    first, _ = codec.step(z[:, :, 1:2], carry)
    codec.step(z[:, :, 2:], carry)
    assert torch.equal(codec.step(z[:, :, 1:2], carry)[0], first)
