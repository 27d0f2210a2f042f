"""A few dialogues of many: even over dimensions and turns, always the same, and the first of more."""

from collections import Counter

import pytest

from livetalk.evaluation.dialogue.scenarios import Dimension
from livetalk.evaluation.dialogue.selection import stratified
from tests.helpers.dialogues import scenario, turn

NINE = list(Dimension)
MANY = [
    scenario(turn("Hi."), turn(), turn("Bye."), name=f"s{i:02}", dimensions=(NINE[min(i // 3, 8)],)) for i in range(60)
]


def test_dimensions_come_evenly_however_many_there_are_of_each() -> None:
    found = Counter(one.dimensions[0] for one in stratified(MANY, 18))
    assert set(found.values()) == {2}
    assert len(found) == 9


def test_fewer_are_the_beginning_of_more() -> None:
    assert stratified(MANY, 24)[:7] == stratified(list(reversed(MANY)), 7)


def test_more_than_there_are_is_told() -> None:
    with pytest.raises(ValueError, match="takes 1 to 60"):
        stratified(MANY, 61)
