"""Picture and sound keep their places on one clock, whatever comes when."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from livetalk.server.timeline import FADE, Timeline

TICK = 320


def sound(count: int, value: int = 1000) -> np.ndarray:
    return np.full(count, value, np.int16)


@given(st.lists(st.integers(0, 1600 - TICK), min_size=2, max_size=12))
def test_pieces_that_come_less_than_a_cushion_late_leave_no_gap(late: list[int]):
    line, put = Timeline[str](cushion=1600), 0
    arrivals = [0, *(4000 * i + samples for i, samples in enumerate(late, 1))]
    for now in range(0, 4000 * len(arrivals), TICK):
        while put < len(arrivals) and arrivals[put] <= now:
            line.put(sound(4000))
            put += 1
        taken = line.take(TICK)
        assert taken.starved == (now < 1600)
        assert (taken.audio == (0 if taken.starved else 1000)).all()


def test_a_little_sound_is_given_after_a_while_though_no_more_comes():
    line = Timeline[str](cushion=1600)
    line.put(sound(100))
    given_out = sum(np.count_nonzero(line.take(TICK).audio) for _ in range(20))
    assert given_out == 100


@given(st.lists(st.one_of(st.integers(1, 2000).map(lambda n: ("sound", n)), st.just(("take", 0))), max_size=60))
def test_things_leave_with_the_sample_they_were_placed_before(events: list[tuple[str, int]]):
    line, put, placed, seen, heard = Timeline[int](cushion=400), 0, [], [], []
    for kind, count in events:
        if kind == "sound":
            line.place(put)
            line.put(np.arange(put + 1, put + count + 1).astype(np.int16))  # sample i has the value i + 1
            placed.append(put)
            put += count
        else:
            taken = line.take(TICK)
            heard.append(taken.audio)
            seen += taken.things
    for _ in range(put // TICK + 10):
        taken = line.take(TICK)
        heard.append(taken.audio)
        seen += taken.things
    sounds = np.concatenate(heard)
    assert [thing for _, thing in seen] == placed
    for pts, thing in seen:
        assert sounds[pts] == np.int16(thing + 1)
    assert (sounds[sounds != 0] == np.trim_zeros(np.arange(1, put + 1).astype(np.int16))).all()


def test_a_hush_keeps_the_time_and_the_pictures():
    line = Timeline[str](cushion=0)
    line.put(sound(1000))
    line.place("picture")
    line.put(sound(1000))
    line.fade_out()
    assert line.waiting == 2000
    taken = line.take(2000)
    assert taken.things == [(1000, "picture")]
    assert (taken.audio[FADE:] == 0).all()


def test_a_delay_is_caught_up_in_silence_and_never_in_speech():
    line = Timeline[int](cushion=0, most=1600)
    for number in range(16):
        line.place(number)
        line.put(sound(1000, 0 if number < 12 else 1000))
    things, heard = [], 0
    for _ in range(60):
        taken = line.take(TICK)
        things += [thing for _, thing in taken.things]
        heard += np.count_nonzero(taken.audio)
    assert things == list(range(16)), "no picture is lost"
    assert heard == 4000, "no speech is lost"
    quiet = Timeline[int](cushion=0, most=1600)
    quiet.put(sound(16_000, 0))
    for _ in range(26):
        quiet.take(TICK)
    assert quiet.waiting <= 1600 + TICK


def test_marks_behind_all_sound_do_not_wait_for_more():
    line = Timeline[str](cushion=0)
    line.put(sound(400))
    line.place("end")
    assert line.take(400).things == []
    assert line.take(TICK).things == [(400, "end")]
