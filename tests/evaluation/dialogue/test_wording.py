"""Wording of the bundled dialogues: really different people speak, in lines that a voice can say."""

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations

import pytest

from livetalk.evaluation.dialogue.scenarios import Scenario, load_scenarios
from livetalk.voice.text.normalise import speakable

SAID_APART, ALL_APART = 5, 6  # words in a row that two dialogues never share: in what is said, in all that is written
MOST_ALIKE = 0.05  # Jaccard of three-word sequences
LONGEST = 30  # words of a line: nobody says more in one breath


@pytest.fixture(scope="module")
def bundled() -> tuple[Scenario, ...]:
    return load_scenarios()


def test_no_line_comes_twice(bundled: tuple[Scenario, ...]) -> None:
    lines = [" ".join(_words(turn.says)) for scenario in bundled for turn in scenario.turns if turn.says]
    settings = [scenario.setting for scenario in bundled]
    assert len(set(lines)) == len(lines)
    assert len(set(settings)) == len(settings)


def test_dialogues_share_no_run_of_words(bundled: tuple[Scenario, ...]) -> None:
    assert not _shared({one.name: _runs(_said(one), SAID_APART) for one in bundled})
    assert not _shared({one.name: _runs([*_said(one), *_rubric(one)], ALL_APART) for one in bundled})


def test_no_two_dialogues_are_alike(bundled: tuple[Scenario, ...]) -> None:
    runs = {one.name: _runs([*_said(one), *_rubric(one)], 3) for one in bundled}
    alike = {(a, b): len(runs[a] & runs[b]) / len(runs[a] | runs[b]) for a, b in combinations(runs, 2)}
    assert max(alike.values()) < MOST_ALIKE, max(alike, key=alike.__getitem__)


def test_a_template_filled_in_twice_would_be_found() -> None:
    first, second = "I bought a lamp and now it does not work.", "I bought a kettle and now it does not work."
    assert _shared({"a": _runs([first], 6), "b": _runs([second], 6)})
    assert _runs(["not long enough"], 6) == set()


def test_the_voice_can_say_every_line_word_by_word(bundled: tuple[Scenario, ...]) -> None:
    for line in (line for scenario in bundled for line in _said(scenario)):
        assert not re.search(r"\d", line), f"write numbers as they are said: {line}"
        assert len(_words(speakable(line))) == len(_words(line)) <= LONGEST, line


def _said(scenario: Scenario) -> list[str]:
    return [turn.says for turn in scenario.turns if turn.says]


def _rubric(scenario: Scenario) -> list[str]:
    statements = [text for turn in scenario.turns for text in (*turn.must, *turn.must_not, *turn.remembers)]
    return [scenario.setting, *statements]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+(?:'\w+)?", text.lower())


def _runs(texts: Iterable[str], n: int) -> set[tuple[str, ...]]:
    """Runs of n words, none across two texts."""
    words = [_words(text) for text in texts]
    return {tuple(row[i : i + n]) for row in words for i in range(len(row) - n + 1)}


def _shared(runs: dict[str, set[tuple[str, ...]]]) -> list[tuple[str, list[str]]]:
    owners: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, own in runs.items():
        for run in own:
            owners[run].append(name)
    return [(" ".join(run), names) for run, names in owners.items() if len(names) > 1]
