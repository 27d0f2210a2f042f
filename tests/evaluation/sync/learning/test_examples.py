"""Training clips: nothing held out is trained on, and times follow the sound that is played faster."""

from pathlib import Path

import numpy as np
import pytest

from livetalk.data.speech import SpeechDataset, Utterance, add
from livetalk.evaluation.sync.learning.examples import (
    Stages,
    keep_clips,
    kept_clips,
    retimed,
    training_clips,
)
from livetalk.voice.timing import Phoneme


class _Drawing:
    """Stands in for a renderer: a grey picture, the mouth where a face's would be."""

    def dress(self, subject: object, /) -> None:
        pass

    def render(self, weights: np.ndarray, pose: np.ndarray) -> np.ndarray:
        return np.full((len(weights), 64, 64, 3), 90, np.uint8)

    def boxes(self, weights: np.ndarray, pose: np.ndarray) -> np.ndarray:
        return np.tile(np.array([[40.0, 25], [24, 25], [32, 42]]), (len(weights), 1, 1))

    def opening(self, weights: np.ndarray) -> np.ndarray:
        return np.zeros(len(weights))

    def close(self) -> None:
        pass


def _stages(folder: Path, voice: str) -> Stages:
    time = np.arange(48_000) / 16_000
    audio = (0.3 * np.sin(2 * np.pi * 200 * time)).astype(np.float32)
    add(folder, Utterance("t0_00000", "Oh.", voice, audio, (Phoneme("ɑ", 0.0, 3.0),)))
    return Stages(_Drawing(), None, None, SpeechDataset(folder))


def test_clips_are_crops_with_their_sound(tmp_path: Path) -> None:
    clips = list(training_clips(_stages(tmp_path, "af_heart"), range(3), frames=20))
    assert [(clip.crops.shape, clip.sound.shape) for clip in clips] == [((20, 72, 96), (20_000,))] * 3
    keep_clips(clips, tmp_path / "a.npz")
    kept = kept_clips(tmp_path)
    assert len(kept) == 3
    assert (kept[2].sound == clips[2].sound).all()


def test_what_is_held_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="held-out speech"):
        list(training_clips(_stages(tmp_path, "af_nova"), range(1), frames=20))
    with pytest.raises(ValueError, match="seeds from 900000000 on"):
        list(training_clips(_stages(tmp_path, "af_heart"), range(900_000_000, 900_000_001)))
    with pytest.raises(ValueError, match="holds no training clips"):
        kept_clips(tmp_path / "nothing")


def test_faster_sound_has_earlier_phonemes() -> None:
    audio = np.sin(np.arange(16_000) / 20).astype(np.float32)
    spoken = Utterance("t0", "Oh.", "af_heart", audio, (Phoneme("ɑ", 0.25, 1.0),))
    faster = retimed(spoken, 1.25)
    assert len(faster.audio) == 12_800
    assert np.allclose(faster.phonemes[0][1:], (0.2, 0.8))
