"""The bundled expert on a rendered held-out head: planted offsets are found, and faults move its figures."""

from dataclasses import dataclass

import numpy as np
import pytest

from livetalk.data.acting.performance import perform
from livetalk.data.clips import sound_of
from livetalk.data.heads.look import sample_look
from livetalk.data.heads.renderer import HeadRenderer
from livetalk.evaluation.metrics import held_out
from livetalk.evaluation.sync.expert.listening import expert_figures, means_of_crops
from livetalk.evaluation.sync.expert.mouths import FacePlaces, mouth_crops
from livetalk.evaluation.sync.expert.network import SyncExpert, load_expert
from livetalk.evaluation.sync.lags import LagFigures

FRAMES = 48
SEED = 900_000_700  # not among the clips of docs/proof.md


@dataclass(frozen=True)
class _Talk:
    """A mouth, what it says, and what somebody else says."""

    crops: np.ndarray
    sound: np.ndarray
    other: np.ndarray


@pytest.fixture(scope="module")
def talk() -> _Talk:
    hello, welcome = held_out.bundled_speech()
    acted = perform(SEED, hello, 4, FRAMES)
    renderer = HeadRenderer(128)
    renderer.dress(sample_look(SEED))
    frames, places = renderer.render(acted.weights, acted.pose), renderer.boxes(acted.weights, acted.pose)
    renderer.close()
    seen = FacePlaces(places[:, [1, 0]].astype(float), places[:, 2].astype(float))
    return _Talk(mouth_crops(frames, seen), sound_of(hello, 4, FRAMES), sound_of(welcome, 4, FRAMES))


@pytest.fixture(scope="module")
def expert() -> SyncExpert:
    return load_expert()


def _late(sound: np.ndarray, frames: int) -> np.ndarray:
    """The sound as it is when it comes some frames later, or sooner."""
    return np.roll(sound, 1000 * frames)


def _figures(expert: SyncExpert, crops: np.ndarray, sound: np.ndarray) -> LagFigures:
    return expert_figures(means_of_crops(expert, crops, sound))


@pytest.mark.parametrize("late", [-7, -3, 0, 2, 5])
def test_planted_offsets_are_found(talk: _Talk, expert: SyncExpert, late: int) -> None:
    assert abs(_figures(expert, talk.crops, _late(talk.sound, late)).offset + late) <= 1


def test_faults_take_the_confidence_down(talk: _Talk, expert: SyncExpert) -> None:
    truth = _figures(expert, talk.crops, talk.sound)
    faults = {
        "late": _figures(expert, talk.crops, _late(talk.sound, 5)),
        "sooner": _figures(expert, talk.crops, _late(talk.sound, -5)),
        "swapped": _figures(expert, talk.crops, talk.other),
        "frozen": _figures(expert, np.repeat(talk.crops[20:21], FRAMES, 0), talk.sound),
        "silent": _figures(expert, talk.crops, np.zeros_like(talk.sound)),
    }
    assert truth.confidence > 0.1
    for fault, found in faults.items():
        assert found.confidence < 0.65 * truth.confidence, fault
        assert found.distance > truth.distance, fault


def test_level_blur_and_light_change_little(talk: _Talk, expert: SyncExpert) -> None:
    truth = _figures(expert, talk.crops, talk.sound)
    blurred = (talk.crops[:, :, :-1] / 2 + talk.crops[:, :, 1:] / 2).astype(np.uint8)
    blurred = np.pad(blurred, ((0, 0), (0, 0), (0, 1)), mode="edge")
    for crops, sound in ((talk.crops, talk.sound / 20), (talk.crops // 2 + 20, talk.sound), (blurred, talk.sound)):
        found = _figures(expert, crops, sound)
        assert found.offset == truth.offset
        assert abs(found.confidence - truth.confidence) < 0.25 * truth.confidence
