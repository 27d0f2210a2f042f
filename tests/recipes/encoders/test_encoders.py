"""The supervised encoders: labels lie where the sounds are, losses fall, a killed run goes on."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from livetalk.conditions.speech import load_speech_encoder
from livetalk.conditions.speech_tiny import SpeechEncoder
from livetalk.conditions.text_tiny import load_text_encoder
from livetalk.data.speech import Utterance, add
from livetalk.recipes.config import SpeechTraining, TextTraining
from livetalk.recipes.encoders.run import train_encoders
from livetalk.recipes.encoders.speech import SpeechReadout, framing_of, loss_of, speech_scores, train_speech_encoder
from livetalk.recipes.encoders.speech_augment import CLEAN, Roughness, Surroundings
from livetalk.recipes.encoders.speech_batches import (
    GAP,
    LOUDNESS,
    SOUNDS,
    UNSURE,
    Framing,
    crop,
    label,
    resample,
    sound_grid,
)
from livetalk.recipes.encoders.text import roughen, sample_prompts, slip, train_text_encoder
from livetalk.voice.timing import Phoneme


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@dataclass(frozen=True)
class Said:
    audio: np.ndarray
    phonemes: tuple[tuple[str, float, float], ...]


def said(seed: int) -> Said:
    """Two sounds that are easy to tell apart, with silences: a low hum for m, a bright tone for ɑ."""
    rng = np.random.default_rng(seed)
    phonemes, now = [], 0.0
    for symbol in (" ", *rng.choice(["m", "ɑ"], 12), " "):
        length = 0.3 if symbol == " " else rng.uniform(0.1, 0.25)
        phonemes.append((str(symbol), now, now + length))
        now += length
    t = np.arange(int(now * 16_000)) / 16_000
    audio = np.zeros(len(t))
    for symbol, start, end in phonemes:
        hz = {" ": 0, "m": 200, "ɑ": 900}[symbol]
        audio += 0.2 * np.sin(2 * math.pi * hz * t) * ((t >= start) & (t < end))
    return Said(audio.astype(np.float32), tuple(phonemes))


@pytest.fixture(scope="module")
def shelf():
    return [label(said(seed)) for seed in range(4)]


def test_marks_join_their_vowel_and_short_gaps_are_nobody_s() -> None:
    grid = sound_grid((("ˈ", 0.0, 0.1), ("ɑ", 0.1, 0.2), ("ː", 0.2, 0.3), (" ", 0.3, 0.35), (".", 0.35, 0.6)), 0.6)
    vowel = SOUNDS.index("ɑ") + 1
    assert (grid[:60] == vowel).all()
    assert (grid[60:70] == UNSURE).all()
    assert (grid[70:] == 0).all()


def test_the_labelled_mouth_is_shut_for_m_and_open_for_ah(shelf) -> None:
    spoken = said(0)
    for symbol, start, end in spoken.phonemes:
        gap = shelf[0].mouth[round(50 * (start + end)), GAP]
        if symbol == "m":
            assert gap < 0.02
        elif symbol == "ɑ":
            assert gap > 0.05
    assert shelf[0].mouth[5, LOUDNESS] == 0


def test_a_clean_crop_carries_its_labels_in_step(shelf) -> None:
    rng, framing = np.random.default_rng(0), Framing(frames=16, past=0, samples=16_000)
    batch = crop(shelf, 6, framing, CLEAN, Surroundings.make(16_000, rng, 2), rng)
    assert batch.audio.shape == (6, 16_000)
    assert batch.sounds.shape == (6, 16, 3)
    loud = batch.audio.unfold(1, 200, 1000).square().mean(dim=-1).sqrt() > 0.05
    # A frame in the middle of one sound all along is loud if and only if it is not silence.
    steady = (batch.sounds == batch.sounds[..., :1]).all(dim=-1)[:, : loud.shape[1]]
    agree = (loud == (batch.sounds[:, : loud.shape[1], 1] > 0))[steady]
    assert agree.float().mean() > 0.9


def test_resampling_plays_faster_and_keeps_places() -> None:
    t = torch.arange(16_000) / 16_000
    tone = (torch.sin(2 * math.pi * 300 * t) * 16_000).to(torch.int16)
    fast = resample(tone, 100.5, 1.2, 4_000)
    wanted = torch.sin(2 * math.pi * 300 * (100.5 + 1.2 * torch.arange(4_000)) / 16_000) * 16_000 / 32_768
    assert torch.allclose(fast, wanted, atol=2e-3)


def test_rough_crops_stay_finite_and_in_range(shelf) -> None:
    rng, framing = np.random.default_rng(1), Framing(frames=16, past=0, samples=16_000)
    batch = crop(shelf, 16, framing, Roughness(), Surroundings.make(16_000, rng, 4), rng)
    assert torch.isfinite(batch.audio).all()
    assert batch.audio.abs().max() <= 1


def test_speech_training_learns_resumes_and_writes_what_it_returns(shelf, tmp_path) -> None:
    losses: dict[int, float] = {}
    short = SpeechTraining(steps=6, batch=4, frames=16, warmup=4, ema=0.5, save_every=6, surroundings=2)
    train_speech_encoder(shelf, tmp_path, short, report=losses.__setitem__)
    longer = SpeechTraining(steps=16, batch=4, frames=16, warmup=4, ema=0.5, save_every=16, surroundings=2)
    encoder, readout = train_speech_encoder(shelf, tmp_path, longer, report=losses.__setitem__)
    assert sorted(losses) == list(range(16))
    assert sum(losses[i] for i in range(12, 16)) < 0.9 * sum(losses[i] for i in range(4))
    audio = torch.from_numpy(said(9).audio)[None]
    assert torch.allclose(load_speech_encoder(tmp_path / "speech.safetensors")(audio), encoder(audio), atol=0.05)
    scores = speech_scores(encoder, readout, shelf, batches=1)
    assert scores["gap_typical"] > 0
    assert 0 <= scores["sounds"] <= 1


def test_unsure_frames_do_not_pull(shelf) -> None:
    torch.manual_seed(0)
    encoder, readout = SpeechEncoder(), SpeechReadout(64)
    rng = np.random.default_rng(0)
    framing = framing_of(encoder, 8)
    batch = crop(shelf, 2, framing, CLEAN, Surroundings.make(framing.samples, rng, 1), rng)
    batch.sounds[0] = UNSURE
    loss_of(encoder, readout, batch, 0.0).backward()
    assert readout.sounds.weight.grad is not None
    assert readout.sounds.weight.grad.abs().sum() > 0


def test_text_training_learns_and_writes_what_it_returns(tmp_path) -> None:
    losses: dict[int, float] = {}
    encoder = train_text_encoder(tmp_path / "text.safetensors", steps=12, batch=32, report=losses.__setitem__)
    assert sum(losses[i] for i in range(9, 12)) < sum(losses[i] for i in range(3))
    loaded = load_text_encoder(tmp_path / "text.safetensors")
    assert (loaded.encode(["he nods"]) - encoder.encode(["he nods"])).abs().max() < 0.05


def test_labels_of_a_prompt_are_what_it_speaks_of() -> None:
    prompts = sample_prompts(200, np.random.default_rng(0), rough=False)
    for text, (mood, head, gaze, energy) in zip(prompts.texts, prompts.labels.tolist(), strict=True):
        assert "nod" not in text.lower() or head == 1
        assert ("left" in text.lower()) == (gaze == 1)
        assert (mood, head, gaze, energy) != (5, 3, 4, 3) or len(text.split()) < 9


def test_roughening_never_loses_the_short_words_that_matter() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        assert "left" in roughen("he looks to the left", rng).lower()
        assert len(slip("nodding", rng)) in (6, 7, 8)


def test_one_door_trains_both(tmp_path) -> None:
    for seed in range(2):
        spoken = said(seed)
        times = tuple(Phoneme(*p) for p in spoken.phonemes)
        add(tmp_path / "speech", Utterance(f"t0_{seed:05d}", "mah", "af_heart", spoken.audio, times))
    told: list[tuple[str, int]] = []
    short = SpeechTraining(steps=1, batch=2, frames=8, surroundings=1)
    train_encoders(
        tmp_path / "speech", tmp_path / "out", short, TextTraining(1), lambda name, step, _: told.append((name, step))
    )
    assert told == [("speech", 0), ("text", 0)]
    assert load_speech_encoder(tmp_path / "out" / "speech.safetensors").config.audio_width == 64
    assert load_text_encoder(tmp_path / "out" / "text.safetensors").config.tokens == 24
