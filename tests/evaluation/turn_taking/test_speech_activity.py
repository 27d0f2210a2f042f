"""Stretches of speech: found where speech was put, to some hundredths of a second, and nowhere else."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetalk.evaluation.turn_taking.speech_activity import SpeechSpan, merged, overlap, runs, speech_spans
from livetalk.geometry import SAMPLE_RATE
from tests.evaluation.turn_taking.made_up import AVATAR, VISITOR, sound

times = st.lists(st.tuples(st.integers(0, 99), st.integers(1, 20)), max_size=8).map(
    lambda pairs: [SpeechSpan(begin, begin + lasts) for begin, lasts in pairs]
)


@pytest.mark.parametrize("name", [AVATAR, VISITOR])
@pytest.mark.parametrize("begin", [0.8, 1.013, 2.37])
def test_speech_is_found_where_it_was_put(name: str, begin: float) -> None:
    found = speech_spans(sound(name, [(begin, 1.8)], 5.0))
    assert len(found) == 1
    assert found[0].begin == pytest.approx(begin, abs=0.03)
    assert found[0].end == pytest.approx(begin + 1.8, abs=0.05)


def test_loudness_does_not_matter() -> None:
    loud = sound(VISITOR, [(1.0, 1.8)], 4.0)
    quiet = speech_spans(loud * 0.1)
    assert [span.begin for span in quiet] == pytest.approx([span.begin for span in speech_spans(loud)], abs=0.05)


def test_what_is_no_speech_is_not_found() -> None:
    rng = np.random.default_rng(0)
    hum = 0.1 * np.sin(2 * np.pi * 50 * np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE)
    click = np.zeros(4 * SAMPLE_RATE)
    click[20_000:20_040] = 0.9
    for noise in (np.zeros(4 * SAMPLE_RATE), hum, click, 0.01 * rng.normal(size=4 * SAMPLE_RATE)):
        assert not speech_spans(noise.astype(np.float32))
    assert not speech_spans(np.zeros(0, np.float32))


def test_runs_are_stretches_of_true() -> None:
    assert runs(np.array([True, True, False, True])) == [(0, 2), (3, 4)]
    assert runs(np.zeros(0, bool)) == []


@given(times, st.floats(0.1, 5))
def test_merged_spans_are_apart_and_cover_the_same(spans: list[SpeechSpan], pause: float) -> None:
    found = merged(spans, pause)
    assert all(later.begin - span.end >= pause for span, later in itertools.pairwise(found))
    assert all(any(own.begin <= span.begin and span.end <= own.end for own in found) for span in spans)
    assert merged(found, pause) == found


@given(times, times)
def test_overlap_is_what_both_cover(first: list[SpeechSpan], second: list[SpeechSpan]) -> None:
    a, b = merged(first, 0.1), merged(second, 0.1)
    both = [t for t in np.arange(0.5, 130) if all(any(s.begin < t < s.end for s in side) for side in (a, b))]
    assert overlap(a, b) == overlap(b, a) == len(both)
