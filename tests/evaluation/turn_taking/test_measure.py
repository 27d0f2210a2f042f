"""Figures of systems: a row each in the table, dialogues of a system together."""

import pytest

from livetalk.evaluation.turn_taking.listening import listening_tallies
from livetalk.evaluation.turn_taking.measure import FIGURES, DialogueTallies, by_system, table
from livetalk.evaluation.turn_taking.talk import talk_tallies
from livetalk.evaluation.turn_taking.tally import Tally
from tests.evaluation.turn_taking.made_up import face, talk

NOTHING = {name: Tally(0, 0) for name in FIGURES}


def _dialogue(system: str, scenario: str, **tallies: Tally) -> DialogueTallies:
    return DialogueTallies(system, scenario, NOTHING | tallies)


def test_every_figure_that_is_counted_is_in_the_table() -> None:
    counted = talk([(1, 3)], [(4, 6)])
    assert set(talk_tallies(counted) | listening_tallies(counted, face(20.0))) == set(FIGURES)


def test_dialogues_of_a_system_are_counted_together() -> None:
    systems = by_system(
        [
            _dialogue("b", "x", response_latency_s=Tally(3, 3)),
            _dialogue("a", "x", response_latency_s=Tally(1, 2), unanswered=Tally(1, 2)),
            _dialogue("a", "y", response_latency_s=Tally(2, 1)),
        ]
    )
    assert list(systems) == ["a", "b"]
    assert systems["a"]["response_latency_s"].value == pytest.approx(1.0)
    assert systems["a"]["unanswered"].n == 1
    assert systems["b"]["nods"].n == 0


def test_the_table_has_a_row_a_figure_and_a_column_a_system() -> None:
    rows = table(by_system([_dialogue("a", "x", nods=Tally(4, 2)), _dialogue("b", "x")])).splitlines()
    assert rows[0] == "|  | a | b |"
    assert len(rows) == 2 + len(FIGURES)
    (nods,) = [row for row in rows if "nods" in row]
    assert nods == "| of them nods | 2, n = 1 | – |"


def test_an_interval_is_shown_where_there_is_one() -> None:
    both = [_dialogue("a", name, nods=Tally(total, 1)) for name, total in (("x", 1), ("y", 3))]
    assert "| of them nods | 2 [1, 3], n = 2 |" in table(by_system(both))


def test_nothing_to_count_is_null_in_json() -> None:
    document = _dialogue("a", "x", nods=Tally(4, 2)).document()
    assert (document["system"], document["nods"], document["smiles"]) == ("a", 2.0, None)
