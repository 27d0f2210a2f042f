"""Speech, pauses and loudness are known frame by frame; the bundled voices serve as a shelf."""

import numpy as np
import pytest

from livetalk.data.clips import Timelines, stage
from livetalk.data.speech import HELD_OUT_VOICES, SpeechDataset
from livetalk.evaluation.metrics import held_out
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE

# Sound 0.5..1.0, a breath of 0.1 s, sound 1.1..1.5, then silence till 3 s; the mark at 2 s makes no sound.
SPEECH = [[" ", 0.0, 0.5], ["h", 0.5, 0.6], ["ə", 0.6, 1.0], [",", 1.0, 1.1], ["l", 1.1, 1.5], ["ˈ", 2.0, 2.0]]


def test_only_long_pauses_are_pauses() -> None:
    assert held_out.pauses(SPEECH, 3.0) == [(0.0, 0.5), (1.5, 3.0)]
    assert held_out.pauses([], 1.0) == [(0.0, 1.0)]


def test_a_frame_speaks_or_pauses_and_rests_once_the_mouth_had_time_to_close() -> None:
    times = np.arange(48) / FRAME_RATE
    speaking, resting = held_out.speaking(SPEECH, 48), held_out.resting(SPEECH, 48)
    assert (speaking == ((times >= 0.5) & (times < 1.5))).all()
    assert (resting == (((times >= 0.2) & (times < 0.5)) | (times >= 1.7))).all()
    assert not (speaking & resting).any()


def test_loudness_follows_the_sound() -> None:
    audio = np.zeros(2 * SAMPLE_RATE, np.float32)
    audio[SAMPLE_RATE:] = 0.5
    curve = held_out.loudness(audio, 32)
    assert curve[:15] == pytest.approx(0)
    assert curve[17:] == pytest.approx(0.5)
    assert len(held_out.loudness(audio[:100], 32)) == 32


def test_the_bundled_voices_are_a_held_out_shelf() -> None:
    with held_out.shelf_folder(None) as folder:
        shelf, timelines = SpeechDataset(folder), Timelines.read(folder)
        assert len(shelf) == 2
        assert {line["voice"] for line in shelf.lines} <= set(HELD_OUT_VOICES)
        for place in range(2):
            spoken = shelf[place]
            assert np.abs(spoken.audio).max() > 0.1
            assert spoken.phonemes[-1].end_s <= spoken.seconds + 0.01
        for seed in held_out.seeds(2):
            assert stage(seed, timelines).performance.prompt
    assert not folder.exists()


def test_a_shelf_that_is_given_is_used(tmp_path) -> None:
    with held_out.shelf_folder(tmp_path) as folder:
        assert folder == tmp_path
    assert tmp_path.exists()
