"""Promises of the gain control: speech comes to the levels of training, what is there already stays to the bit."""

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.conditions.gain import LOUDEST, MOST, QUIETEST, GainControl, amplified, gain_for
from livetalk.media.speech_level import SpeechMeter
from tests.helpers.sounds import hello

END = len(hello())


def at(decibels: float) -> np.ndarray:
    return hello() * np.float32(10 ** (decibels / 20))


def level(sound: np.ndarray) -> float:
    cells = SpeechMeter().push(sound)
    return float(cells.levels[cells.speech].mean())


def controlled(*utterances: np.ndarray) -> GainControl:
    control = GainControl()
    for sound in utterances:
        control.add(sound)
        control.end()
    return control


@pytest.mark.parametrize("decibels", [8, 3, 0, -5, -9])
def test_speech_of_the_levels_of_training_is_the_same_array(decibels: float) -> None:
    sound = at(decibels)
    control = controlled(sound)
    for known in range(0, END + 1, 2_000):
        assert control.levelled(sound, 0, known) is sound


@pytest.mark.parametrize("decibels", [-18, -30, -48, -55])
def test_quiet_speech_is_heard_at_the_level_of_training_within_its_first_second(decibels: float) -> None:
    sound = at(decibels)
    control = controlled(sound)
    for known in (14_000, END):
        assert level(control.levelled(sound, 0, known)) == pytest.approx(QUIETEST, abs=4)


def test_loud_speech_is_lowered() -> None:
    sound = np.clip(at(24), -1, 1)
    assert level(controlled(sound).levelled(sound, 0, END)) < LOUDEST + 1


@pytest.mark.parametrize("level", [-90, -60, -40, -25])
def test_noise_and_silence_stay_as_they_are(level: float) -> None:
    noise = (10 ** (level / 20) * np.random.default_rng(0).standard_normal(48_000)).astype(np.float32)
    for sound in (noise, 0 * noise):
        assert controlled(sound).levelled(sound, 0, 48_000) is sound


def test_the_future_changes_no_gain() -> None:
    loud, quiet = at(0), at(-48)
    for known in range(0, END, 3_000):
        control = controlled(np.concatenate([quiet[:known], loud[: END - known]]))
        alone = controlled(quiet[:known])
        assert np.array_equal(control.levelled(quiet[:known], 0, known), alone.levelled(quiet[:known], 0, known))


def test_each_utterance_has_its_own_level_and_a_new_one_begins_with_that_before() -> None:
    quiet, loud = at(-48), at(0)
    control = controlled(quiet, loud, quiet)
    line = np.concatenate([quiet, loud, quiet])
    heard = control.levelled(line, 0, 3 * END)
    assert np.array_equal(heard[END : 2 * END], loud)
    for part in (heard[:END], heard[2 * END :]):
        assert level(part) == pytest.approx(QUIETEST, abs=4)
    begun, first = GainControl(), quiet[10_000:12_000]  # too little to be measured
    begun.add(quiet)
    begun.end()
    begun.add(first)
    assert np.abs(begun.levelled(first, END, END + 2_000)).sum() > 20 * np.abs(first).sum() > 0


def gain_at(control: GainControl, known: int, start: int = 0) -> float:
    """dB."""
    return float(20 * np.log10(control.levelled(np.full(1, 1e-4, np.float32), start, known)[0] / 1e-4))


def test_somebody_louder_is_heard_at_once_and_somebody_quieter_after_a_while() -> None:
    control = controlled(np.concatenate([at(-45), at(0), np.tile(at(-45), 8)]))
    assert gain_at(control, END) > 20
    assert gain_at(control, END + 16_000) == 0
    assert gain_at(control, 3 * END) == 0
    assert gain_at(control, 10 * END) > 20


def test_gains_of_steady_speech_do_not_pump() -> None:
    line = np.tile(at(-30), 8)
    control = controlled(line)
    gains = [gain_at(control, known) for known in range(2 * END, 8 * END, 4_000)]
    assert max(gains) - min(gains) < 3
    assert np.abs(np.diff(gains)).max() < 1


@settings(max_examples=20)
@given(cuts=st.lists(st.integers(0, END), max_size=10), known=st.integers(0, END), decibels=st.integers(-55, 10))
def test_gains_do_not_depend_on_cuts(cuts: list[int], known: int, decibels: int) -> None:
    sound, control = at(decibels), GainControl()
    for a, z in pairwise(sorted({0, END, *cuts})):
        control.add(sound[a:z])
    assert np.array_equal(control.levelled(sound, 0, known), controlled(sound).levelled(sound, 0, known))


@given(level=st.floats(-120, 20))
def test_a_gain_leads_to_the_nearer_edge(level: float) -> None:
    gain = gain_for(level)
    assert abs(gain) <= MOST
    assert gain == 0 if QUIETEST <= level <= LOUDEST else (gain > 0) == (level < QUIETEST) or abs(gain) < 0.1
    if level > QUIETEST - MOST:
        assert QUIETEST - 0.1 <= level + gain <= LOUDEST + 0.1


def test_amplified_sound_stays_in_range_and_places_can_be_forgotten() -> None:
    assert np.abs(amplified(hello(), 60)).max() == 1
    sound = at(-48)
    control, other = controlled(sound, sound), controlled(sound, sound)
    for place in (-9_000, 0, 9_000, END + 9_000):
        other.forget(place)
    assert np.array_equal(
        control.levelled(sound[9_000:], END + 9_000, 2 * END), other.levelled(sound[9_000:], END + 9_000, 2 * END)
    )


def test_what_is_dropped_is_another_utterance_and_says_nothing() -> None:
    control = GainControl()
    control.add(at(-48))
    assert gain_at(control, 20_000) > 20
    control.add(at(0))
    control.drop()
    control.add(at(-30))
    control.end()
    assert gain_at(control, 3 * END, 2 * END) == pytest.approx(gain_at(controlled(at(-30)), END))


def test_adding_speech_costs_nothing() -> None:
    control, long = GainControl(), np.tile(at(-48), 240)
    began = time.process_time()
    control.add(long)
    control.end()
    assert time.process_time() - began < 0.05
    control.levelled(long[:12_000], 0, 13_800)
    assert time.process_time() - began < 0.5
