"""Timing of turns: what a good avatar gets, and each fault moves its own figure."""

import pytest

from livetalk.evaluation.turn_taking.speech_activity import SpeechSpan
from livetalk.evaluation.turn_taking.talk import (
    Interruption,
    Response,
    Talk,
    VisitorTurn,
    interruptions,
    responses,
    spoken_over,
    talk_tallies,
    with_speech,
)
from tests.evaluation.turn_taking.made_up import talk

VISITOR = [(0.5, 2.5), (8.0, 10.0)]
GOOD = [(3.0, 7.0), (10.6, 14.0)]


def test_a_good_avatar_answers_soon_and_over_nobody() -> None:
    good = talk(VISITOR, GOOD)
    assert [one.wait_s for one in responses(good)] == pytest.approx([0.5, 0.6])
    assert all(one.answered for one in responses(good))
    assert spoken_over(good) == 0
    assert interruptions(good) == []


def test_a_late_answer_is_late() -> None:
    late = talk(VISITOR, [(5.5, 7.0), (10.6, 14.0)])
    assert responses(late)[0].wait_s == pytest.approx(3.0)
    assert spoken_over(late) == 0


def test_an_answer_that_never_comes_costs_the_time_that_was_waited() -> None:
    silent = talk(VISITOR, [(3.0, 7.0)])
    assert responses(silent)[1] == Response(10.0, answered=False)
    assert talk_tallies(silent)["unanswered"].total == 1


def test_an_answer_over_the_visitor_is_overlap_and_a_wait_below_zero() -> None:
    over = talk(VISITOR, [(1.5, 7.0), (10.6, 14.0)])
    assert spoken_over(over) == pytest.approx(1.0)
    assert responses(over)[0].wait_s == pytest.approx(-1.0)
    assert interruptions(over) == []


def test_a_word_in_between_is_no_answer() -> None:
    murmur = talk(VISITOR, [(1.5, 1.8), *GOOD])
    assert responses(murmur)[0].wait_s == pytest.approx(0.5)
    assert spoken_over(murmur) == pytest.approx(0.3)


def test_who_is_interrupted_stops() -> None:
    stops = talk(VISITOR, [(3.0, 8.4), (10.6, 14.0)])
    assert interruptions(stops) == [Interruption(pytest.approx(0.4), yielded=True)]
    assert spoken_over(stops) == 0
    assert responses(stops)[1].wait_s == pytest.approx(0.6)


def test_who_does_not_stop_is_seen_and_the_rest_is_no_answer() -> None:
    goes_on = talk(VISITOR, [(3.0, 12.0), (13.0, 14.0)])
    assert interruptions(goes_on) == [Interruption(pytest.approx(4.0), yielded=False)]
    assert responses(goes_on)[1].wait_s == pytest.approx(3.0)


def test_a_breath_is_no_silence_but_speech_after_half_a_second_is_new() -> None:
    breath = talk(VISITOR, [(3.0, 8.3), (8.6, 9.0)])
    assert interruptions(breath)[0].silent_after_s == pytest.approx(1.0)
    again = talk(VISITOR, [(3.0, 8.3), (8.9, 9.3)])
    assert interruptions(again)[0].silent_after_s == pytest.approx(0.3)
    assert spoken_over(again) == pytest.approx(0.4)


def test_a_silent_turn_asks_for_no_answer() -> None:
    turns = (VisitorTurn(0.5, True, (SpeechSpan(0.5, 2.5),)), VisitorTurn(8.0, False), VisitorTurn(16.0, False))
    quiet = Talk(turns, (SpeechSpan(3.0, 7.0),), 20.0)
    assert responses(quiet) == [Response(0.5, answered=True)]
    assert talk_tallies(quiet)["unanswered"].weight == 1


def test_a_turn_that_was_never_held_has_no_answer_and_no_wait() -> None:
    turns = (VisitorTurn(0.5, True, (SpeechSpan(0.5, 2.5),)), VisitorTurn(8.0, True))
    tallies = talk_tallies(Talk(turns, (SpeechSpan(3.0, 7.0),), 8.0))
    assert (tallies["unanswered"].total, tallies["unanswered"].weight) == (1, 2)
    assert tallies["response_latency_s"].weight == 1


def test_speech_belongs_to_the_turn_that_has_begun() -> None:
    marks = [VisitorTurn(1.0, True), VisitorTurn(5.0, True), VisitorTurn(9.0, False)]
    speech = [SpeechSpan(0.5, 1.5), SpeechSpan(2.0, 3.0), SpeechSpan(4.9, 6.0)]
    assert [turn.speech for turn in with_speech(marks, speech)] == [tuple(speech[:2]), (speech[2],), ()]
