"""The shelf: what is put on it comes back, it grows while it is used, and a killed run goes on."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from livetalk.data.speech import (
    ENGLISH,
    HELD_OUT_VOICES,
    MANIFEST,
    RATE,
    SpeechDataset,
    entries,
    perform,
    scripts,
    synthesise,
)
from livetalk.voice.timing import PAUSES, Phoneme

VOICES = ("af_heart", "am_michael", "bf_emma", "af_nova", "jm_kumo", "jf_alpha", "zf_xiaobei")


@dataclass(frozen=True)
class Said:
    audio: np.ndarray
    phonemes: tuple[Phoneme, ...]


class Fake:
    """Speaks a tone of 40 ms a letter."""

    def speak(self, text: str, voice: str, speed: float) -> Said:
        seconds = len(text) * 0.04 / speed
        audio = (0.2 * np.sin(np.arange(round((seconds + 0.4) * 24_000)) * 0.05)).astype(np.float32)
        end = len(audio) / 24_000
        return Said(audio, (Phoneme(" ", 0.0, 0.2), Phoneme("m", 0.2, end - 0.2), Phoneme(" ", end - 0.2, end)))


def test_scripts_are_varied_and_keep_the_held_out_voices_apart() -> None:
    train = list(islice(scripts(1, VOICES), 60))
    held = list(islice(scripts(1, VOICES, held_out=True), 60))
    assert not {s.voice for s in train} & set(HELD_OUT_VOICES)
    assert {s.voice for s in held} == {"af_nova", "jm_kumo"}
    assert {s.voice for s in train[:12]} >= {"af_heart", "am_michael", "bf_emma"}
    assert 0.65 < np.mean([s.voice.startswith(ENGLISH) for s in train]) < 0.95
    assert train == list(islice(scripts(1, VOICES), 60))
    assert any(max(s.pauses) > 2.5 for s in train)  # some are mostly silent


def test_an_utterance_has_its_pauses_and_its_times() -> None:
    script = next(scripts(2, VOICES))
    spoken = perform(script, Fake())
    assert spoken.audio.dtype == np.float32
    assert not spoken.audio[: round(script.pauses[0] * RATE)].any()
    assert spoken.phonemes[0].start_s == 0
    assert abs(spoken.phonemes[-1].end_s - spoken.seconds) < 1e-9
    for one, after in zip(spoken.phonemes, spoken.phonemes[1:], strict=False):
        assert abs(one.end_s - after.start_s) < 1e-3
    quiet = sum(p.end_s - p.start_s for p in spoken.phonemes if p.symbol in PAUSES)
    assert quiet > sum(script.pauses)


def test_what_is_shelved_comes_back(tmp_path: Path) -> None:
    made = list(synthesise(tmp_path, Fake(), VOICES, seconds=20.0, seed=3))
    shelf = SpeechDataset(tmp_path)
    assert len(shelf) == len(made)
    assert shelf.seconds == pytest.approx(sum(u.seconds for u in made), abs=0.01)
    for one, again in zip(made, shelf, strict=True):
        assert (one.id, one.text, one.voice) == (again.id, again.text, again.voice)
        assert len(one.audio) == len(again.audio)
        assert np.abs(one.audio - again.audio).max() < 1e-4
        assert again.phonemes[0].symbol == one.phonemes[0].symbol
        assert abs(again.phonemes[-1].end_s - one.phonemes[-1].end_s) < 1e-3


def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = [u.id for u in synthesise(tmp_path / "whole", Fake(), VOICES, seconds=40.0, seed=4)]
    list(islice(synthesise(tmp_path / "cut", Fake(), VOICES, seconds=40.0, seed=4), 2))
    with (tmp_path / "cut" / MANIFEST).open("a") as manifest:
        manifest.write('{"id": "half a li\n')
    list(synthesise(tmp_path / "cut", Fake(), VOICES, seconds=40.0, seed=4))
    assert [line["id"] for line in entries(tmp_path / "cut")] == whole


def test_two_workers_share_a_shelf(tmp_path: Path) -> None:
    for worker in range(2):
        list(synthesise(tmp_path, Fake(), VOICES, seconds=40.0, seed=5, share=(worker, 2)))
    ids = [line["id"] for line in entries(tmp_path)]
    assert len(ids) == len(set(ids))
    assert SpeechDataset(tmp_path).seconds >= 40.0


def test_an_empty_shelf_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="livetalk data speech"):
        SpeechDataset(tmp_path)
