"""Promises of the light codec."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.codec.light import LightCodec
from livetalk.presets import MINIATURE, TINY


@pytest.fixture(scope="module")
def codec() -> LightCodec:
    torch.manual_seed(0)
    return LightCodec(MINIATURE.codec).eval().requires_grad_(False)


@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_streaming_equals_offline_however_it_is_cut(pieces: list[int]) -> None:
    torch.manual_seed(0)
    codec = LightCodec(MINIATURE.codec).eval().requires_grad_(False)
    latents = torch.randn(1, 8, sum(pieces), 4, 4)
    carry, made, at = codec.start(), [], 0
    for n in pieces:
        pixels, carry = codec.step(latents[:, :, at : at + n], carry)
        made.append(pixels)
        at += n
    torch.testing.assert_close(torch.cat(made, 2), codec.decode(latents), rtol=1e-4, atol=1e-5)


def test_a_clip_of_4n_minus_3_frames_is_n_latent_frames(codec: LightCodec) -> None:
    latents = codec.encode(torch.zeros(2, 3, 9, 32, 32))
    assert latents.shape == (2, 8, 3, 4, 4)
    assert codec.decode(latents).shape == (2, 3, 9, 32, 32)
    with pytest.raises(ValueError, match="4n"):
        codec.encode(torch.zeros(1, 3, 8, 32, 32))


def test_the_future_never_changes_the_past(codec: LightCodec) -> None:
    torch.manual_seed(1)
    latents = torch.randn(1, 8, 4, 4, 4)
    before = codec.decode(latents)
    latents[:, :, 3] = 9.0
    torch.testing.assert_close(codec.decode(latents)[:, :, :9], before[:, :, :9])


def test_motion_inside_a_latent_frame_passes_before_any_training() -> None:
    torch.manual_seed(0)
    codec = LightCodec(TINY.codec).eval().requires_grad_(False)
    ramp = torch.linspace(-1, 1, 8).view(1, 1, 1, 8)
    patches = torch.stack([(ramp * a).expand(4, 3, 8, 8) * torch.tensor([0.0, b, 2 * b, 3 * b]).view(4, 1, 1, 1)
                           for a in torch.linspace(-1, 1, 20) for b in torch.linspace(-0.3, 0.3, 20)])  # fmt: skip
    codec.init_linear(patches.reshape(len(patches), -1))
    pixels = patches[37].movedim(0, 1).repeat(1, 1, 4, 4)[None]
    clip = torch.cat([pixels[:, :, :1], pixels], 2)
    z = codec.encoder.linear(clip[:, :, 1:].movedim(2, 1).reshape(1, 4, 3, 4, 8, 4, 8).permute(0, 1, 2, 4, 6, 3, 5)
                             .reshape(1, 768, 4, 4))  # fmt: skip
    back = codec.decoder.linear(z).view(1, 4, 3, 8, 8, 4, 4).permute(0, 2, 1, 5, 3, 6, 4).reshape(1, 3, 4, 32, 32)
    torch.testing.assert_close(back, pixels, rtol=1e-3, atol=1e-3)


def test_the_codec_stays_small() -> None:
    codec = LightCodec(TINY.codec)
    assert sum(p.numel() for p in codec.parameters()) < 6.5e6
