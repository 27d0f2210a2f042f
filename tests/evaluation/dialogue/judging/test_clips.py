"""Edits spoil what they say and nothing else, and a clip that is written is read again."""

from pathlib import Path

import numpy as np

from livetalk.evaluation.dialogue.judging.clips import frame_rate, read_clip, sound_of
from livetalk.media.video import Mp4Writer
from livetalk.media.wav import wav_bytes
from tests.helpers import judged


def test_a_clip_goes_to_a_file_and_back(tmp_path: Path) -> None:
    clip = judged.clip(16)
    clip.write(tmp_path / "a.mp4")
    again = read_clip(tmp_path / "a.mp4")
    assert again.frame_rate == 16
    assert again.frames.shape == clip.frames.shape
    assert np.abs(again.frames.astype(int) - clip.frames).mean() < 4
    assert abs(len(again.sound) - len(clip.sound)) < 2100
    assert round(frame_rate(tmp_path / "a.mp4")) == 16


def test_a_video_without_sound_is_silent(tmp_path: Path) -> None:
    with Mp4Writer(tmp_path / "a.mp4", size=(64, 64), rate=None) as file:
        file.write_frames(judged.moving())
    assert len(sound_of(tmp_path / "a.mp4")) == 0


def test_shifted_lips_keep_sound_and_length() -> None:
    clip = judged.clip(16)
    late = clip.shifted(0.25)
    assert np.array_equal(late.frames[4:], clip.frames[:-4])
    assert np.array_equal(late.frames[:4], np.repeat(clip.frames[:1], 4, 0))
    assert late.sound is clip.sound


def test_a_frozen_stretch_stands_still_and_the_rest_moves() -> None:
    clip = judged.clip(16)
    still = clip.frozen(0.25, 0.5)
    assert (still.frames[4:12] == clip.frames[4]).all()
    assert np.array_equal(still.frames[12:], clip.frames[12:])
    assert not np.array_equal(clip.frames[5], clip.frames[4]), "the clip itself is not touched"


def test_cut_silenced_and_exchanged_pictures() -> None:
    clip = judged.clip(16)
    assert (len(clip.cut(0.5).frames), len(clip.cut(0.5).sound)) == (8, 8000)
    silent = clip.silenced([(0.5, 0.75)])
    assert not silent.sound[8000:12000].any()
    assert silent.sound[:8000].any()
    other = clip.with_picture(judged.moving((1, 2, 3), 4))
    assert len(other.frames) == 16
    assert (other.frames[4:] == other.frames[3]).all()


def test_a_wav_is_one() -> None:
    assert wav_bytes(np.zeros(10, np.float32))[:4] == b"RIFF"
