"""A draw is the seed's own, and films that are missing change nothing for the others."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from livetalk.evaluation.table.draw import PROTOCOLS, place, shuffled

NAMES = [f"film_{n}" for n in range(40)]
DRAWN = PROTOCOLS["livetalk"]


def test_the_order_is_the_seeds_own() -> None:
    assert shuffled(NAMES, 0) == shuffled(list(reversed(NAMES)), 0)
    assert shuffled(NAMES, 0) != shuffled(NAMES, 1)
    assert shuffled(NAMES, 0)[:3] == ["film_24", "film_6", "film_16"]  # written down: others must draw the same


@given(st.sets(st.sampled_from(NAMES)))
def test_missing_films_leave_the_others_in_their_order(missing: set[str]) -> None:
    left = [name for name in shuffled(NAMES, 7) if name not in missing]
    assert shuffled([name for name in NAMES if name not in missing], 7) == left


@given(st.text(max_size=9), st.floats(5.0, 600.0), st.integers(0, 9))
def test_a_place_lies_inside_the_film_on_a_frame(name: str, length: float, seed: int) -> None:
    start = place(name, length, replace(DRAWN, seed=seed))
    assert 0 <= start <= length - DRAWN.seconds + 1e-6
    assert abs(start * 25 - round(start * 25)) < 1e-6


def test_places_are_all_over_a_film() -> None:
    starts = [place(name, 105.0, DRAWN) for name in NAMES]
    assert min(starts) < 15
    assert max(starts) > 85
    assert {place(name, 105.0, PROTOCOLS["omniavatar"]) for name in NAMES} == {0.0}


def test_a_protocol_says_all_its_numbers() -> None:
    assert str(DRAWN) == "livetalk: 100 clips, 5 s each, at a drawn place, seed 0"
    assert str(PROTOCOLS["omniavatar"]) == "omniavatar: all clips, 15 s each, from the beginning, seed 0"
