"""Wan's video VAE keeps to the published one, and streams."""

import copy
import json
import lzma

import pytest
import torch
from torch.utils import _pytree as pytree

from livetalk.codec.wan import WanCodec, WanConfig
from tests.helpers.golden import GOLDEN, golden


@pytest.fixture(scope="module")
def codec() -> WanCodec:
    weights = golden("vae", "weights")
    codec = WanCodec(WanConfig(width=8))
    codec.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, strict=True)
    return codec.requires_grad_(False)


@pytest.fixture(scope="module")
def recorded() -> dict[str, torch.Tensor]:
    return golden("vae")


def error(out: torch.Tensor, expected: torch.Tensor) -> float:
    return ((out - expected).norm() / expected.norm()).item()


def test_it_has_every_tensor_of_the_published_checkpoint_and_no_other():
    published = json.loads(lzma.decompress((GOLDEN / "checkpoint_keys.json.xz").read_bytes()))["wan_vae"]["keys"]
    with torch.device("meta"):
        codec = WanCodec()
    assert {name: list(tensor.shape) for name, tensor in codec.state_dict().items()} == published
    assert sum(p.numel() for p in codec.parameters()) == 126_892_531


def test_it_encodes_as_the_published_model_does(codec, recorded):
    assert error(codec.encode(recorded["pixels"]), recorded["latents"]) < 1e-5


def test_it_decodes_as_the_published_model_does(codec, recorded):
    assert error(codec.decode(recorded["latents"]), recorded["reconstruction"]) < 1e-5


@pytest.mark.parametrize("pieces", [[1, 1, 1, 1], [3, 1], [1, 3]])
def test_decoding_a_stream_in_pieces_gives_the_same_bits(codec, recorded, pieces):
    latents = recorded["latents"][..., :4, :4]
    carry = codec.start(1, latents.device, latents.dtype)
    frames = []
    for piece in latents.split(pieces, dim=2):
        pixels, carry = codec.step(piece, carry)
        frames.append(pixels)
    assert frames[0].shape[2] == 4 * pieces[0] - 3
    assert torch.equal(torch.cat(frames, dim=2), codec.decode(latents))


def test_a_carry_can_be_gone_back_to(codec, recorded):
    latents = recorded["latents"][..., :2, :2]
    _, kept = codec.step(latents[:, :, :2], codec.start(1, latents.device, latents.dtype))
    first, _ = codec.step(latents[:, :, 2:3], kept)
    codec.step(latents[:, :, 3:4], kept)  # another future
    assert torch.equal(codec.step(latents[:, :, 2:3], kept)[0], first)


def test_two_streams_step_in_one_batch(codec, recorded):
    streams = [recorded["latents"][..., :3, :4], recorded["latents"][..., -3:, -4:]]
    carries = [codec.step(s[:, :, :2], codec.start(1, s.device, s.dtype))[1] for s in streams]
    joined = pytree.tree_map(lambda *tensors: torch.cat(tensors), *carries)
    together, _ = codec.step(torch.cat([s[:, :, 2:] for s in streams]), joined)
    for i, (stream, carry) in enumerate(zip(streams, carries, strict=True)):
        alone, _ = codec.step(stream[:, :, 2:], carry)
        torch.testing.assert_close(together[i : i + 1], alone, rtol=1e-4, atol=1e-5)


def test_later_frames_never_change_earlier_latents(codec, recorded):
    pixels = recorded["pixels"][..., :16, :16].clone()
    before = codec.encode(pixels)
    pixels[:, :, 9:] = 0
    assert torch.equal(codec.encode(pixels)[:, :, :3], before[:, :, :3])


def test_a_picture_is_a_clip_of_one_frame(codec, recorded):
    picture = recorded["pixels"][:, :, :1, :16, :16]
    assert torch.equal(codec.encode(picture), codec.encode(recorded["pixels"][..., :16, :16])[:, :, :1])


@pytest.mark.parametrize(("shape", "fix"), [((1, 3, 4, 16, 16), "4n"), ((1, 3, 5, 20, 16), "multiple of 8")])
def test_it_says_which_clips_it_can_encode(codec, shape, fix):
    with pytest.raises(ValueError, match=fix):
        codec.encode(torch.zeros(shape))


def test_it_computes_in_the_dtype_of_its_weights_and_gives_float32(codec, recorded):
    rough = copy.deepcopy(codec).bfloat16()
    latents = recorded["latents"][..., :2, :2]
    pixels, carry = rough.step(latents, rough.start(1, latents.device, latents.dtype))
    assert pixels.dtype == torch.float32
    assert all(past.dtype == torch.bfloat16 for past in pytree.tree_leaves(carry))
    assert error(pixels, codec.decode(latents)) < 0.05
