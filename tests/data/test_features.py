"""A feature shelf says the same as the speech it was made from, frame by frame."""

import numpy as np
import pytest
import torch

from livetalk.conditions.speech_tiny import SpeechEncoder, SpeechEncoderConfig, frozen
from livetalk.data.features import FeatureDataset, encode_shelf, later, versions
from livetalk.data.speech import SpeechDataset, Utterance, add
from livetalk.voice.timing import Phoneme


def utterance(name: str, seconds: float, seed: int) -> Utterance:
    audio = (0.1 * np.random.default_rng(seed).standard_normal(int(16_000 * seconds))).astype(np.float32)
    times = (Phoneme(" ", 0.0, 0.3), Phoneme("ɑ", 0.3, 0.6), Phoneme(" ", 0.6, seconds))
    return Utterance(name, "ah", "af_heart", audio, times)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    torch.manual_seed(0)
    encoder = frozen(SpeechEncoder(SpeechEncoderConfig(width=16, top_width=16, audio_width=8)))
    speech, out = tmp_path_factory.mktemp("speech"), tmp_path_factory.mktemp("features")
    for n in range(2):
        add(speech, utterance(f"t0_{n:05d}", 1.5 + n, n))
    return encoder, SpeechDataset(speech), encode_shelf(speech, encoder, out), out


def test_it_loads_as_it_was_made(made) -> None:
    _, _, shelf, out = made
    again = FeatureDataset.load(out)
    assert torch.equal(again.rows, shelf.rows)
    assert again.lines == shelf.lines
    assert [line["id"] for line in again.lines] == ["t0_00000~0", "t0_00000~1", "t0_00001~0", "t0_00001~1"]
    assert again.variants("t0_00001") == [2, 3]


def test_rows_are_the_encoder_s(made) -> None:
    encoder, speech, shelf, _ = made
    rows = shelf.gather(torch.tensor([2]), torch.tensor([5]), 20)[0]
    audio = torch.nn.functional.pad(torch.from_numpy(speech[1].audio), (0, 12_000))
    assert torch.allclose(rows, encoder(audio[None])[0, 5:25], atol=5e-3)


def test_before_and_after_an_utterance_there_is_silence(made) -> None:
    _, _, shelf, _ = made
    rows = shelf.gather(torch.tensor([0, 1]), torch.tensor([-3, 1000]), 6)
    assert rows.shape == (2, 6, 8)
    assert torch.equal(rows[1], shelf.silence.float().expand(6, 8))
    assert torch.equal(rows[0, :3], rows[1, :3])
    assert not torch.equal(rows[0, 3], rows[1, 3])


def test_the_timeline_module_reads_its_manifest(made) -> None:
    clips = pytest.importorskip("livetalk.data.clips")
    timelines = clips.Timelines.read(made[3])
    assert len(timelines) == 4
    assert timelines[3].phonemes == made[2].phonemes(3)


def test_treated_speech_keeps_its_times_beside_its_sound() -> None:
    plain = utterance("t0_00007", 2.0, 7)
    recorded, treated = versions(plain, 2, seed=3)
    assert recorded is plain
    assert treated.phonemes[-1].end_s == pytest.approx(treated.seconds, abs=1e-3)
    assert [p.symbol for p in treated.phonemes] == [p.symbol for p in plain.phonemes]
    again = list(versions(plain, 2, seed=3))[1]
    assert np.array_equal(treated.audio, again.audio)


def test_starting_later_moves_every_sound_earlier() -> None:
    moved = later(utterance("t0_00000", 1.0, 0), 400)
    assert len(moved.audio) == 15_600
    assert moved.phonemes[1].start_s == pytest.approx(0.275)
    assert moved.phonemes[0].start_s == 0.0


def test_a_folder_without_features_is_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="no features"):
        FeatureDataset.load(tmp_path)


def test_a_small_shelf_says_nearly_the_same(made, tmp_path) -> None:
    _, _, shelf, _ = made
    shelf.save_small(tmp_path)
    again = FeatureDataset.load(tmp_path)
    assert again.lines == shelf.lines
    error = (again.rows.float() - shelf.rows.float()).norm() / shelf.rows.float().norm()
    assert error < 0.02
