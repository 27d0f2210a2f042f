"""Coverage of the bundled dialogues: balance, sizes, and the table that the page shows."""

from pathlib import Path

import pytest

from livetalk.evaluation.dialogue.coverage import count, coverage_table
from livetalk.evaluation.dialogue.scenarios import (
    BUNDLED,
    HALVES,
    MOST_TURNS,
    Dimension,
    Scenario,
    TurnKind,
    load_scenarios,
)

PAGE = Path(__file__).parents[3] / "docs" / "proof.md"
FEWEST, FEWEST_IN_TEST = 12, 4


@pytest.fixture(scope="module")
def bundled() -> tuple[Scenario, ...]:
    return load_scenarios()


def test_there_are_enough_dialogues_in_halves_of_about_one_size(bundled: tuple[Scenario, ...]) -> None:
    sizes = [sum(scenario.half == half for scenario in bundled) for half in HALVES]
    assert len(bundled) >= 104
    assert abs(sizes[0] - sizes[1]) <= 4


def test_every_length_comes(bundled: tuple[Scenario, ...]) -> None:
    assert {len(scenario.turns) for scenario in bundled} == set(range(3, MOST_TURNS + 1))


def test_every_dimension_is_tried_often_enough(bundled: tuple[Scenario, ...]) -> None:
    for dimension in Dimension:
        counts = {half: count(bundled, dimension, half) for half in HALVES}
        assert sum(counts.values()) >= FEWEST, dimension
        assert counts["test"] >= FEWEST_IN_TEST, dimension


def test_every_kind_of_turn_comes_in_every_dimension_and_half(bundled: tuple[Scenario, ...]) -> None:
    cells = [(dimension, half, kind) for dimension in Dimension for half in HALVES for kind in TurnKind]
    assert not [cell for cell in cells if not count(bundled, *cell)]


def test_every_dialogue_has_something_to_remember(bundled: tuple[Scenario, ...]) -> None:
    assert not [one.name for one in bundled if not any(turn.remembers for turn in one.turns)]


def test_every_mood_fits_some_answer(bundled: tuple[Scenario, ...]) -> None:
    moods = {turn.emotion for scenario in bundled for turn in scenario.turns}
    assert moods == {"neutral", "happy", "sad", "angry", "surprised"}


def test_the_files_are_small() -> None:
    assert sum(path.stat().st_size for path in BUNDLED.iterdir()) <= 250_000


def test_the_page_shows_the_table_of_what_is_bundled(bundled: tuple[Scenario, ...]) -> None:
    assert coverage_table(bundled) in PAGE.read_text(encoding="utf-8"), "run scripts/dialogue_coverage"


def test_a_table_counts_dialogues_of_both_halves_not_turns(bundled: tuple[Scenario, ...]) -> None:
    one = next(scenario for scenario in bundled if scenario.name == "lost_cat_poster")
    rows = {
        cells[0]: cells[1:] for line in coverage_table([one]).splitlines() if (cells := line.strip("| ").split(" | "))
    }
    assert rows["turns"] == ["EA", "NI", "MVC", "CN", "SR", "IC", "LC", "CU", "OIE"]
    assert rows["follow up"] == ["1 + 0", "0 + 0", "1 + 0", "0 + 0", "0 + 0", "0 + 0", "0 + 0", "1 + 0", "0 + 0"]
    assert rows["refusal"] == ["0 + 0"] * 9
    assert rows["all dialogues"] == rows["follow up"]
