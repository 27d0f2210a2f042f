"""The speech encoder hears what it says it hears, and no more."""

import time
from importlib.resources import files
from pathlib import Path

import pytest
import torch

from livetalk.conditions.speech import load_speech_encoder
from livetalk.conditions.speech_tiny import (
    SpeechEncoder,
    SpeechEncoderConfig,
    frozen,
    mel_filters,
    save_weights,
)


@pytest.fixture(scope="module")
def encoder() -> SpeechEncoder:
    torch.manual_seed(0)
    return frozen(SpeechEncoder())


def noise(samples: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(1, samples, generator=torch.Generator().manual_seed(seed))


def test_the_reach_is_within_the_contract() -> None:
    config = SpeechEncoderConfig()
    assert config.lookahead_samples <= 2880
    assert config.past_samples <= 8000


def test_it_has_at_most_1_2_million_parameters(encoder: SpeechEncoder) -> None:
    assert sum(p.numel() for p in encoder.parameters()) <= 1_200_000


def test_a_row_ignores_every_sample_from_its_look_ahead_on(encoder: SpeechEncoder) -> None:
    audio, row = noise(24_000), 9
    after = audio.clone()
    after[:, row * 1000 + 2880 :] = noise(24_000, seed=1)[:, row * 1000 + 2880 :]
    assert torch.equal(encoder(audio)[:, : row + 1], encoder(after)[:, : row + 1])
    assert not torch.equal(encoder(audio)[:, row + 1], encoder(after)[:, row + 1])


def test_a_row_hears_right_up_to_its_stated_reach(encoder: SpeechEncoder) -> None:
    audio, row, config = noise(24_000), 12, encoder.config
    # The outermost samples of a Hann window weigh next to nothing: move some that weigh enough to show.
    for inside, outside in (
        (row * 1000 + config.lookahead_samples - 150, row * 1000 + config.lookahead_samples),
        (row * 1000 - config.past_samples + 50, row * 1000 - config.past_samples - 100),
    ):
        for start, heard in ((inside, True), (outside, False)):
            moved = audio.clone()
            moved[:, start : start + 100] += 0.5
            assert torch.equal(encoder(audio)[:, row], encoder(moved)[:, row]) is not heard


def test_rows_are_one_a_frame_of_unit_scale(encoder: SpeechEncoder) -> None:
    for samples, rows in ((1, 1), (1000, 1), (1001, 2), (16_000, 16)):
        features = encoder(noise(samples))
        assert features.shape == (1, rows, 64)
        assert torch.allclose(features.square().mean(dim=-1), torch.ones(1, rows), atol=1e-2)


def test_the_frame_grid_is_that_of_the_samples(encoder: SpeechEncoder) -> None:
    audio = noise(20_000)
    shifted = torch.nn.functional.pad(audio, (3000, 0))
    assert torch.allclose(encoder(audio)[:, 10:18], encoder(shifted)[:, 13:21], atol=1e-4)


def test_silence_is_finite_and_constant(encoder: SpeechEncoder) -> None:
    features = encoder(torch.zeros(1, 16_000))
    assert torch.isfinite(features).all()
    assert torch.allclose(features, features[:, :1].expand_as(features), atol=1e-5)


def test_every_mel_band_hears_something() -> None:
    filters = mel_filters(SpeechEncoderConfig())
    assert filters.shape == (257, 64)
    assert torch.allclose(filters.sum(dim=0), torch.ones(64))


def test_saved_weights_give_the_same_features(encoder: SpeechEncoder, tmp_path) -> None:
    save_weights(encoder, tmp_path / "a.safetensors")
    once = load_speech_encoder(tmp_path / "a.safetensors")
    save_weights(once, tmp_path / "b.safetensors")
    twice = load_speech_encoder(tmp_path / "b.safetensors")
    audio = noise(8000)
    assert torch.equal(once(audio), twice(audio))
    assert (once(audio) - encoder(audio)).abs().max() < 0.02


def test_missing_or_foreign_weights_are_said_so(tmp_path) -> None:
    with pytest.raises(ValueError, match="no speech encoder weights"):
        load_speech_encoder(tmp_path / "none.safetensors")
    save_weights(torch.nn.Linear(2, 2), tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="does not hold weights of a speech encoder"):
        load_speech_encoder(tmp_path / "other.safetensors")


def test_empty_speech_is_refused(encoder: SpeechEncoder) -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        encoder(torch.zeros(1, 0))


def test_a_block_takes_a_few_milliseconds(encoder: SpeechEncoder) -> None:
    window = noise(encoder.window_samples(12))
    taken = []
    for _ in range(20):
        started = time.perf_counter()
        encoder.rows(window)
        taken.append(time.perf_counter() - started)
    assert min(taken) < 0.02


def test_the_bundled_weights_hear_much_the_same_at_any_level() -> None:
    bundled = load_speech_encoder(Path(str(files("livetalk") / "assets" / "tiny" / "speech.safetensors")))
    t = torch.arange(32_000) / 16_000
    # A buzz with formants that open and close three times a second, over a faint hiss.
    buzz = sum(torch.sin(2 * torch.pi * 120 * k * t) / (1 + abs(k - 6)) for k in range(1, 25))
    voice = (0.1 * buzz * torch.sin(2 * torch.pi * 1.5 * t).square() + 0.01 * noise(32_000)[0])[None]
    loud, soft, silence = bundled(voice), bundled(0.35 * voice), bundled(torch.zeros(1, 32_000))
    assert (loud - soft).norm() < 0.5 * (loud - silence).norm()
