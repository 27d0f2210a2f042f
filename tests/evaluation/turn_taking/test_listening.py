"""Listening faces: reactions are counted where they happen, and faults of the mouth and of stillness are seen."""

from collections.abc import Callable

import numpy as np
import pytest

from livetalk.evaluation.metrics.landmarks import FaceTrack
from livetalk.evaluation.turn_taking.listening import gaze_turns, listening_tallies, nods, rest_gap, smiles
from livetalk.evaluation.turn_taking.talk import Talk
from livetalk.geometry import FRAME_RATE
from tests.evaluation.turn_taking.made_up import face, lost, talk

SECONDS = 30.0
DEGREE = np.pi / 180
Curve = Callable[[np.ndarray], np.ndarray]
TALK = talk([(2.0, 12.0), (20.0, 28.0)], [(13.0, 19.0)], SECONDS)  # 18 s of the visitor's


def bump(at: float, seconds: float, height: float) -> Curve:
    """Up and down again around a time, as half a cosine's period each way."""
    return lambda t: height * np.where(abs(t - at) < seconds / 2, (1 + np.cos(2 * np.pi * (t - at) / seconds)) / 2, 0)


def step(first: float, last: float, height: float) -> Curve:
    return lambda t: height * ((t > first) & (t < last))


def measured(track: FaceTrack, of: Talk = TALK) -> dict[str, float]:
    tallies = listening_tallies(of, track)
    return {name: tally.total / tally.weight if tally.weight else float("nan") for name, tally in tallies.items()}


def alive(t: np.ndarray) -> np.ndarray:
    """Sway of a head that breathes: a degree to and fro in four seconds."""
    return DEGREE * np.sin(2 * np.pi * t / 4)


def test_a_good_listener_has_closed_lips_and_reacts() -> None:
    good = face(
        SECONDS,
        gap=lambda t: 0.1 * (1 + np.sin(9 * t)) * ((t > 13) & (t < 19)),
        pitch=lambda t: alive(t) + bump(5, 0.6, 6 * DEGREE)(t) + bump(24, 0.6, 6 * DEGREE)(t),
        mouthSmileLeft=step(8, 10, 0.4),
        mouthSmileRight=step(8, 10, 0.4),
    )
    found = measured(good)
    assert found["closed_lips"] == 1
    assert found["nods"] == pytest.approx(2 * 60 / 18, rel=0.03)
    assert found["smiles"] == pytest.approx(1 * 60 / 18, rel=0.03)
    assert found["reactions"] == pytest.approx(found["nods"] + found["smiles"] + found["gaze_turns"])
    assert found["still"] == 0
    assert found["idle_reactions"] == 0


def test_a_mouth_that_moves_while_listening_is_seen() -> None:
    flapping = face(SECONDS, pitch=alive, gap=lambda t: 0.1 * (1 + np.sin(9 * t)))
    shut = face(SECONDS, pitch=alive)
    assert measured(flapping)["closed_lips"] < 0.3
    assert measured(flapping)["listening_lip_travel"] > 20 * measured(shut)["listening_lip_travel"]


def test_a_mouth_that_stays_open_after_speaking_is_seen() -> None:
    assert measured(face(SECONDS, gap=lambda t: 0.1 * (t > 13)))["closed_lips"] == pytest.approx(10 / 18, abs=0.02)


def test_lips_that_are_always_parted_are_at_rest() -> None:
    parted = face(SECONDS, gap=0.12)
    assert measured(parted)["closed_lips"] == 1
    assert rest_gap(TALK, parted) == pytest.approx(0.12)


def test_lips_may_get_ready_and_settle_around_speech() -> None:
    around = talk([(2.0, 12.9), (19.1, 28.0)], [(13.0, 19.0)], SECONDS)
    ready = face(SECONDS, gap=step(12.75, 19.25, 0.2))
    assert measured(ready, around)["closed_lips"] == 1


def test_a_statue_is_still_and_reacts_to_nothing() -> None:
    found = measured(face(SECONDS))
    assert found["still"] == 1
    assert found["reactions"] == 0


def test_a_lost_face_does_not_count_as_closed() -> None:
    gone = lost(face(SECONDS, pitch=alive), 20.0, 28.0)
    assert measured(gone)["closed_lips"] == pytest.approx(10 / 18, abs=0.02)
    nowhere = lost(face(SECONDS), 0, SECONDS)
    assert measured(nowhere)["closed_lips"] == 0
    assert np.isnan(measured(nowhere)["still"])


def test_motions_while_nobody_speaks_are_no_reactions() -> None:
    found = measured(face(SECONDS, pitch=bump(1.0, 0.6, 6 * DEGREE)))
    assert found["nods"] == 0
    assert found["idle_reactions"] > 0


@pytest.mark.parametrize("down", [1, -1])
def test_a_nod_goes_there_and_back(down: int) -> None:
    twice = face(SECONDS, pitch=lambda t: down * (bump(5, 0.6, 6 * DEGREE)(t) + bump(5.6, 0.6, 6 * DEGREE)(t)))
    assert len(nods(twice)) == 1
    assert nods(twice)[0] == pytest.approx(5 * FRAME_RATE, abs=4)


@pytest.mark.parametrize(
    "curve",
    [alive, step(5, 40, 8 * DEGREE), bump(8, 4, 8 * DEGREE), bump(8, 0.6, 2 * DEGREE)],
    ids=["sway", "a new posture", "slow", "too small"],
)
def test_other_motions_of_the_head_are_no_nods(curve: Curve) -> None:
    assert nods(face(SECONDS, pitch=curve)) == []


def test_eyes_turn_aside_and_back() -> None:
    aside = face(SECONDS, eyeLookOutLeft=step(5, 7, 0.5), eyeLookInRight=step(5, 7, 0.5))
    assert gaze_turns(aside) == pytest.approx([5 * FRAME_RATE, 7 * FRAME_RATE], abs=2)
    flicker = face(SECONDS, eyeLookOutLeft=step(5, 5.1, 0.5), eyeLookInRight=step(5, 5.1, 0.5))
    assert gaze_turns(flicker) == []
    assert gaze_turns(face(SECONDS, eyeLookOutLeft=0.5, eyeLookInRight=0.5)) == []


def test_a_smile_that_is_always_worn_is_none() -> None:
    assert smiles(face(SECONDS, mouthSmileLeft=0.6, mouthSmileRight=0.6)) == []
