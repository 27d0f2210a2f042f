"""A seed is a clip: its person, its words, its acting, and its truth."""

import json

import av
import numpy as np
import pytest

from livetalk.data import clips
from livetalk.data.acting.performance import HELD_OUT_FROM
from livetalk.data.clips import Timelines, render_clip, stage, write_clip
from livetalk.data.speech import SpeechDataset, Utterance, add
from livetalk.voice.timing import Phoneme


class Painter:
    """Stands for the head renderer: grey pictures as bright as the jaw is open, 16 pixels wide."""

    def dress(self, look):
        self.look = look

    def render(self, weights, pose):
        return np.tile((weights[:, 24, None, None, None] * 255).astype(np.uint8), (1, 16, 16, 3))

    def boxes(self, weights, pose):
        return np.full((len(weights), 3, 2), 8.0, np.float32)

    def opening(self, weights):
        return weights[:, 24]

    def close(self):
        pass


def utterance(name: str, voice: str, seconds: float) -> Utterance:
    edges = np.linspace(0, seconds, 41)
    symbols = " ˈɑbnˌimsˈOtəlˈæf. "
    phonemes = tuple(Phoneme(symbols[i % len(symbols)], edges[i], edges[i + 1]) for i in range(40))
    audio = np.sin(np.arange(round(seconds * 16_000)) / 9).astype(np.float32) / 2
    return Utterance(name, "On a bin.", voice, audio, phonemes)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> SpeechDataset:
    folder = tmp_path_factory.mktemp("shelf")
    for n, (voice, seconds) in enumerate([("af_bella", 9.0), ("am_adam", 7.5), ("af_nova", 8.0), ("am_eric", 3.0)]):
        add(folder, utterance(f"t0_{n:05d}", voice, seconds))
    return SpeechDataset(folder)


def test_the_same_seed_gives_the_same_clip(shelf):
    one, two = render_clip(7, shelf, Painter()), render_clip(7, shelf, Painter())
    assert np.array_equal(one.frames, two.frames)
    assert np.array_equal(one.audio, two.audio)
    assert one.truth == two.truth
    assert render_clip(8, shelf, Painter()).truth["prompt"] != one.truth["prompt"]


def test_held_out_seeds_use_held_out_voices_and_others_do_not(shelf):
    speech = Timelines(shelf.lines)
    train = {speech[stage(seed, speech).utterance].voice for seed in range(20)}
    held_out = {speech[stage(HELD_OUT_FROM + seed, speech).utterance].voice for seed in range(20)}
    assert train == {"af_bella", "am_adam"}
    assert held_out == {"af_nova", "am_eric"}


def test_voices_suit_faces(shelf):
    speech = Timelines(shelf.lines)
    for seed in range(20):
        scene = stage(seed, speech)
        assert (speech[scene.utterance].voice[1] == "m") == scene.look.is_man


def test_clips_begin_anywhere_and_often_at_the_start(shelf):
    speech = Timelines(shelf.lines)
    starts = [stage(seed, speech).start_frame for seed in range(100)]
    assert min(starts) == 0 <= max(starts) <= 9 * 16 - 81
    assert 0.2 < np.mean(np.array(starts) == 0) < 0.55
    assert len(set(starts)) > 15


def test_sound_and_truth_are_those_of_the_frames(shelf):
    clip = render_clip(11, shelf, Painter())
    assert clip.frames.shape == (81, 16, 16, 3)
    assert len(clip.audio) == 81_000
    speech = Timelines(shelf.lines)
    scene = stage(11, speech)
    whole = shelf[scene.utterance].audio
    assert np.array_equal(clip.audio, whole[scene.start_frame * 1000 :][:81_000])
    truth = clip.truth
    assert len(truth["opening"]) == len(truth["boxes"]) == len(truth["pose"]) == 81
    assert truth["phonemes"][0][1] == 0
    assert truth["phonemes"][-1][2] == pytest.approx(5.0625, abs=1e-3)
    assert set(truth["attributes"]) == {"mood", "head", "gaze", "energy"}


def test_a_clip_outlasts_a_short_utterance_in_silence(shelf):
    clip = next(
        c
        for c in (render_clip(HELD_OUT_FROM + n, shelf, Painter()) for n in range(30))
        if c.truth["voice"] == "am_eric"
    )
    assert clip.truth["start_frame"] == 0
    assert not clip.audio[49_000:].any()
    assert max(clip.truth["opening"][55:]) < 0.03 or clip.truth["attributes"]["mood"] == "surprised"


def test_a_shelf_without_the_needed_voices_says_so(shelf):
    speech = Timelines([line for line in shelf.lines if line["voice"] in ("af_nova", "am_eric")])
    with pytest.raises(ValueError, match="training voices"):
        stage(3, speech)
    with pytest.raises(ValueError, match="no speech in"):
        Timelines.read("/nowhere")


def test_a_clip_is_written_with_its_truth_beside_it(shelf, tmp_path):
    clip = render_clip(5, shelf, Painter())
    beside = write_clip(clip, tmp_path / "clip.mp4")
    assert json.loads(beside.read_text()) == clip.truth
    assert (tmp_path / "clip.mp4").stat().st_size > 1000
    assert clips.CLIP_FRAMES == 81


def test_a_written_clip_says_that_it_is_made_by_ai(shelf, tmp_path):
    clip = render_clip(5, shelf, Painter())
    write_clip(clip, tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as container:
        tags = container.metadata
    assert "AI-generated" in tags["comment"]
    assert tags["ai_generated"] == "true"
    assert (tags["seed"], tags["prompt"]) == ("5", clip.truth["prompt"])
