"""The speech encoder made of Whisper's first layers: windows, parity with the original's code, files."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from livetalk.conditions.speech import load_speech_encoder
from livetalk.conditions.speech_tiny import SpeechEncoder, frozen, save_weights
from livetalk.conditions.speech_whisper import (
    WhisperLogMel,
    WhisperSpeechConfig,
    WhisperSpeechEncoder,
    WhisperTrunk,
    save_whisper_encoder,
    sinusoids,
    slaney_filters,
)
from livetalk.conditions.windows import SpeechWindows
from livetalk.presets import TINY

SMALL = WhisperSpeechConfig(
    mels=16, width=32, heads=2, layers=2, hidden=24, head_width=8, head_hidden=16, audio_width=8
)


@pytest.fixture
def encoder() -> WhisperSpeechEncoder:
    torch.manual_seed(0)
    return frozen(WhisperSpeechEncoder(SMALL))


@pytest.mark.parametrize("seconds", [0.01, 0.5, 0.75, 2.3])
def test_whole_streams_are_heard_as_their_blocks_are(encoder: WhisperSpeechEncoder, seconds: float) -> None:
    audio = 0.1 * torch.randn(round(16_000 * seconds))
    windows = SpeechWindows.of(encoder.config, TINY.geometry)
    blocks = windows.features(encoder, audio)
    whole = encoder(audio[None])[0]
    assert len(whole) == -(-len(audio) // 1000)
    assert torch.allclose(whole, blocks[: len(whole)], atol=1e-5)


def test_long_windows_are_blocks_counted_from_their_end(encoder: WhisperSpeechEncoder) -> None:
    window = 0.1 * torch.randn(2, encoder.window_samples(30))
    rows = encoder.rows(window)
    last = encoder.rows(window[:, -encoder.window_samples(12) :])
    assert rows.shape == (2, 30, 8)
    assert torch.allclose(rows[:, -12:], last, atol=1e-5)


def test_a_block_hears_its_window_and_nothing_else(encoder: WhisperSpeechEncoder) -> None:
    windows = SpeechWindows.of(encoder.config, TINY.geometry)
    assert (windows.past_samples, windows.lookahead_samples) == (16_000, 1_800)
    audio = 0.1 * torch.randn(40_000)
    changed = audio.clone()
    changed[windows.samples_for_block(1) :] = 0.5
    before, after = windows.features(encoder, audio), windows.features(encoder, changed)
    assert torch.equal(before[:21], after[:21])
    assert not torch.equal(before[21:], after[21:])


def test_rows_are_normalised_and_silence_is_heard_without_harm(encoder: WhisperSpeechEncoder) -> None:
    for audio in (torch.zeros(1, 16_000), 0.1 * torch.randn(1, 16_000)):
        rows = encoder(audio)
        assert rows.mean(dim=-1).abs().max() < 1e-5
        assert torch.allclose(rows.var(dim=-1, unbiased=False), torch.ones(1, 16), atol=0.05)
    with pytest.raises(ValueError, match="at least one sample"):
        encoder(torch.zeros(1, 0))


def test_files_tell_which_encoder_they_hold(encoder: WhisperSpeechEncoder, tmp_path: Path) -> None:
    whisper = frozen(WhisperSpeechEncoder(replace(WhisperSpeechConfig(), layers=1, hidden=16)))
    save_whisper_encoder(whisper, tmp_path / "whisper.safetensors")
    loaded = load_speech_encoder(tmp_path / "whisper.safetensors")
    assert isinstance(loaded, WhisperSpeechEncoder)
    assert (loaded.config.layers, loaded.config.hidden) == (1, 16)
    audio = 0.1 * torch.randn(1, 20_000)
    assert (loaded(audio) - whisper(audio)).square().mean() < 0.05  # rows have unit variance
    save_weights(SpeechEncoder(), tmp_path / "small.safetensors")
    assert isinstance(load_speech_encoder(tmp_path / "small.safetensors"), SpeechEncoder)


def test_what_is_no_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no speech encoder weights"):
        load_speech_encoder(tmp_path / "none.safetensors")
    save_weights(torch.nn.Linear(2, 3), tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="does not hold weights of a speech encoder"):
        load_speech_encoder(tmp_path / "other.safetensors")


def test_filters_and_layers_are_those_of_whisper() -> None:
    """Against the code of transformers, with random weights: mel filters, log-mel rows, hidden states."""
    transformers = pytest.importorskip("transformers")
    utils = pytest.importorskip("transformers.audio_utils")
    filters = utils.mel_filter_bank(201, 80, 0.0, 8000.0, 16_000, norm="slaney", mel_scale="slaney")
    assert torch.allclose(slaney_filters(80, 201), torch.from_numpy(filters).float(), atol=1e-6)
    noise = 0.1 * torch.randn(1, 16_000)
    extractor = transformers.WhisperFeatureExtractor(feature_size=80, chunk_length=1)
    theirs = extractor(noise[0].numpy(), sampling_rate=16_000, return_tensors="pt").input_features
    # At its ends the original reflects what it hears; ours hears silence there.
    assert torch.allclose(WhisperLogMel(80)(noise)[..., 2:-2], theirs[..., 2:-2], atol=1e-4)

    torch.manual_seed(1)
    trunk = WhisperTrunk(SMALL).eval()
    whisper = transformers.models.whisper.modeling_whisper.WhisperEncoder(
        transformers.WhisperConfig(
            d_model=32, encoder_layers=2, encoder_attention_heads=2, encoder_ffn_dim=24, num_mel_bins=16,
            max_source_positions=50,
        )
    ).eval()  # fmt: skip
    state = {name: tensor for name, tensor in whisper.state_dict().items() if name.startswith(("conv", "layer_norm"))}
    state["embed_positions.weight"] = sinusoids(50, 32)
    ours = trunk.state_dict()
    state |= {name: ours[name] for name in ours if name.startswith("conv")}
    for i in range(2):
        mine, theirs = f"layers.{i}.", f"layers.{i}."
        for kind in ("weight", "bias"):
            parts = ours[f"{mine}qkv.{kind}"].chunk(3)
            for name, part in zip(("q_proj", "k_proj", "v_proj"), parts, strict=True):
                state[f"{theirs}self_attn.{name}.{kind}"] = part
            for a, b in {
                "attention_out": "self_attn.out_proj",
                "attention_norm": "self_attn_layer_norm",
                "norm": "final_layer_norm",
                "up": "fc1",
                "down": "fc2",
            }.items():
                state[f"{theirs}{b}.{kind}"] = ours[f"{mine}{a}.{kind}"]
        # Whisper's keys have no bias.
        state.pop(f"{theirs}self_attn.k_proj.bias")
        trunk.layers[i].qkv.bias.data[32:64] = 0
    whisper.load_state_dict(state)
    audio = 0.1 * torch.randn(1, 16_000)
    with torch.no_grad():
        mels = trunk.logmel(audio)
        found = whisper(mels, output_hidden_states=True).hidden_states
        assert mels.shape == (1, 16, 100)
        # The last one has gone through a norm that the trunk leaves out.
        normalised = torch.nn.functional.layer_norm(trunk(audio), (32,))
        assert torch.allclose(normalised, found[-1], atol=1e-4)
