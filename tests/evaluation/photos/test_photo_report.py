"""The table says value, truth, bar and goal; JSON says the same in numbers."""

import json
import math

import pytest

from livetalk.evaluation.photos.figures import Outcome, of_truth, summarise
from livetalk.evaluation.photos.report import FIGURES, Limits, document, markdown, missed
from livetalk.evaluation.report import as_json
from tests.evaluation.photos.made_up import scenes

GOOD = scenes()


def outcome(against: bool = False) -> Outcome:
    made = summarise(scenes(lip_r=0.3), GOOD)
    return Outcome(made, of_truth(GOOD), summarise(GOOD, GOOD) if against else None, "puppets")


def test_limits_may_be_one_sided_a_range_or_the_truth_s() -> None:
    assert str(Limits(most=0.02)) == "≤ 0.02"
    assert str(Limits(least=0.7)) == "≥ 0.7"
    assert str(Limits(0.9, 1.15)) == "0.9 to 1.15"
    near = Limits(most=0.06, beyond_truth=True)
    assert str(near) == "≤ truth + 0.06"
    assert near.met(0.3, 0.25)
    assert not near.met(0.3, 0.2)
    assert not near.met(0.3, math.nan)
    assert not Limits(most=1).met(math.nan, 0)


def test_rows_hold_value_truth_bar_and_goal() -> None:
    rows = markdown(outcome()).splitlines()
    assert rows[0] == "| figure | value | truth (puppets) | bar | goal | what it is |"
    assert {row.count("|") for row in rows} == {7}
    lip = next(row for row in rows if row.startswith("| `photo_lip_r` |"))
    assert "| **0.3 missed** | 0.8 | ≥ 0.7 |  |" in lip
    assert len(rows) == 2 + len(outcome().figures)


def test_another_model_is_a_column_more() -> None:
    rows = markdown(outcome(against=True)).splitlines()
    assert {row.count("|") for row in rows} == {8}
    assert "| **0.3 missed** | 0.8 | 0.8 |" in next(row for row in rows if "`photo_lip_r`" in row)


def test_json_holds_numbers_for_bars_and_joins_the_rest() -> None:
    found = document(outcome(against=True))
    assert found["missed"] == missed(outcome()) == ["photo_lip_r", "photo_lip_r_share"]
    assert found["bars"]["photo_detail"] == [0.9, 1.15]
    truth = found["figures"]["photo_identity_median_truth"]
    assert found["bars"]["photo_identity_median"] == pytest.approx(truth + 0.06)
    assert found["against"]["photo_lip_r"] == 0.8
    joined = json.loads(as_json({"lip_r": 0.7}, found))
    assert joined["figures"]["lip_r"] == 0.7
    assert joined["figures"]["photo_lip_r"] == 0.3
    assert joined["missed"] == found["missed"]


def test_every_bar_of_the_table_has_words() -> None:
    assert all(said.words for said in FIGURES.values())
    assert all(said.bar for said in FIGURES.values() if said.goal)
