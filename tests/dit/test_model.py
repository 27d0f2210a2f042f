"""Promises of the transformer beyond parity (tests/golden holds that)."""

from copy import deepcopy

import pytest
import torch

from livetalk.dit.audio import pack_audio
from livetalk.dit.config import DiTConfig, published_audio_blocks
from livetalk.dit.masks import block_causal, blocks_of_frames
from livetalk.dit.model import DiT, sinusoids
from livetalk.presets import MINIATURE, TINY


def _inputs(batch: int, frames: int = 6):
    torch.manual_seed(1)
    cfg = MINIATURE.dit
    x = torch.randn(batch, 12, frames, 4, 4)
    reference = torch.randn(batch, 13, frames, 4, 4)
    text, audio = torch.randn(batch, 24, cfg.text_dim), torch.randn(batch, frames, 4 * cfg.audio_dim)
    return x, torch.rand(batch, frames) * 1000, reference, text, audio


@pytest.fixture
def model() -> DiT:
    torch.manual_seed(0)
    model = DiT(MINIATURE.dit).eval()
    for p in model.parameters():  # so that no zero initialisation hides a path
        torch.nn.init.normal_(p, std=0.05)
    return model.requires_grad_(False)


def test_a_batch_of_two_equals_two_runs_of_one(model: DiT) -> None:
    inputs = _inputs(2)
    both = model(*inputs)
    for i in range(2):
        alone = model(*(x[i : i + 1] for x in inputs))
        torch.testing.assert_close(alone[0], both[i], rtol=1e-4, atol=1e-4)


def test_the_future_never_changes_the_past_under_the_block_mask(model: DiT) -> None:
    x, t, reference, text, audio = _inputs(1)
    mask = block_causal(blocks_of_frames(6, 3), 4)
    before = model(x, t, reference, text, audio, mask=mask)
    x[:, :, 3:], audio[:, 3:], t[:, 3:] = 5.0, -3.0, 77.0
    after = model(x, t, reference, text, audio, mask=mask)
    torch.testing.assert_close(before[:, :, :3], after[:, :, :3])
    assert (before[:, :, 3:] - after[:, :, 3:]).abs().max() > 0.1


def test_remembered_text_equals_text(model: DiT) -> None:
    x, t, reference, text, audio = _inputs(2)
    torch.testing.assert_close(
        model(x, t, reference, text, audio), model(x, t, reference, model.project_text(text), audio)
    )


def test_keys_values_alone_equal_those_of_the_full_pass(model: DiT) -> None:
    inputs = _inputs(1)
    _, kept = model.forward_with_kv(*inputs)
    for (k, v), (k2, v2) in zip(kept, model.compute_kv(*inputs), strict=True):
        torch.testing.assert_close(k, k2)
        torch.testing.assert_close(v, v2)


def test_speech_reaches_every_frame_it_belongs_to_and_no_other_under_the_mask(model: DiT) -> None:
    x, t, reference, text, audio = _inputs(1)
    before = model(x, t, reference, text, audio)
    audio[:, 5] += 1.0
    assert (model(x, t, reference, text, audio)[:, :, 5] - before[:, :, 5]).abs().max() > 1e-3


def test_integer_time_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="floating point"):
        sinusoids(torch.tensor([[936]]), 64)


def test_audio_is_packed_time_major_with_the_first_frame_repeated() -> None:
    rows = torch.arange(9.0).view(1, 9, 1).expand(-1, -1, 2) + torch.tensor([0.0, 0.5])
    packed = pack_audio(rows)
    assert packed.shape == (1, 3, 8)
    assert packed[0, 0].tolist() == [0, 0.5] * 4
    assert packed[0, 1].tolist() == [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5]
    with pytest.raises(ValueError, match="4n"):
        pack_audio(rows[:, :8])


def test_tiny_has_the_size_that_the_house_promises() -> None:
    parameters = sum(p.numel() for p in DiT(TINY.dit).parameters())
    assert 14e6 < parameters < 15e6
    assert TINY.geometry.tokens_per_latent == 64


def test_published_layers_hear_speech_from_the_third_to_half_the_depth() -> None:
    assert published_audio_blocks(30) == tuple(range(2, 16))
    assert len(published_audio_blocks(40)) == 19


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="heads"):
        DiTConfig(dim=50, layers=1, heads=4, ffn_dim=8, latent_channels=4, text_dim=8, audio_dim=8)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_one_time_step_for_all_frames_is_as_many_alike(model: DiT, dtype: torch.dtype) -> None:
    x, t, *given = _inputs(1)
    model, t = deepcopy(model).to(dtype), t[:, :1]
    many = model(x, t.expand(-1, x.shape[2]), *given)
    error = (model(x, t, *given) - many).square().mean() / many.square().mean()
    assert error < (1e-9 if dtype == torch.float32 else 1e-3)
