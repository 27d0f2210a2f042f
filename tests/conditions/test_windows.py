"""Windows cover what their frames hear, and no block depends on what comes after its window."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from livetalk.conditions.speech_tiny import SpeechEncoder, SpeechEncoderConfig, frozen
from livetalk.conditions.windows import SpeechWindows
from livetalk.geometry import Geometry

GEOMETRY = Geometry(size=256, latent_channels=16, space_compression=16)
# Narrow, so that property tests are quick; the reach, which is what matters here, is the real one.
torch.manual_seed(0)
ENCODER = frozen(SpeechEncoder(SpeechEncoderConfig(width=16, top_width=32, audio_width=8)))
WINDOWS = SpeechWindows.of(ENCODER.config, GEOMETRY)


def speech(samples: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(samples, generator=torch.Generator().manual_seed(seed))


def test_the_look_ahead_is_stated_and_at_most_180_ms_past_a_frame() -> None:
    assert WINDOWS.lookahead_samples == 1800
    assert WINDOWS.lookahead_samples + GEOMETRY.samples_per_frame <= 2880


@given(block=st.integers(0, 5000))
def test_windows_overlap_and_cover_their_frames(block: int) -> None:
    window, following = WINDOWS.window_of(block), WINDOWS.window_of(block + 1)
    assert len(window) == len(following) == ENCODER.window_samples(12)
    assert following.start - window.start == 12_000
    frames = GEOMETRY.frames_of_block(block)
    assert window.start <= GEOMETRY.samples_before(frames.start) - WINDOWS.past_samples
    assert window.stop == GEOMETRY.samples_before(frames.stop) + WINDOWS.lookahead_samples


def test_windowed_rows_are_those_of_the_whole_stream() -> None:
    audio = speech(50_000)
    rows = WINDOWS.features(ENCODER, audio)
    whole = ENCODER(audio[None])[0]
    assert len(rows) >= len(whole) == 50
    assert torch.allclose(rows[: len(whole)], whole, atol=1e-4)


def test_the_future_past_the_window_never_changes_a_block() -> None:
    audio, other = speech(60_000), speech(60_000, seed=1)
    stop = WINDOWS.window_of(2).stop
    changed = torch.cat([audio[:stop], other[stop:]])
    kept = GEOMETRY.frames_of_block(2).stop
    ours, theirs = WINDOWS.features(ENCODER, audio), WINDOWS.features(ENCODER, changed)
    assert torch.equal(ours[:kept], theirs[:kept])
    assert not torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("piece", "match"),
    [(torch.zeros(2, 100), "mono"), (torch.tensor([0.0, float("nan")]), "NaN")],
)
def test_bad_samples_are_refused(piece: torch.Tensor, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        WINDOWS.features(ENCODER, piece)


def test_empty_speech_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        WINDOWS.features(ENCODER, torch.zeros(0))


def test_windows_shorter_than_the_encoder_are_refused() -> None:
    short = SpeechWindows(GEOMETRY, past_samples=1000, lookahead_samples=0)
    with pytest.raises(ValueError, match="shorter than what the encoder hears"):
        short.features(ENCODER, speech(1000))
