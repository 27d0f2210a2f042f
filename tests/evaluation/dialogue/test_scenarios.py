"""Dialogues as files: what is read, and what is refused with its place."""

from pathlib import Path

import pytest

from livetalk.evaluation.dialogue.scenarios import Dimension, DimensionGroup, TurnKind, load_scenarios

GOOD = """
[[dialogue]]
name = "broken_lamp"
half = "test"
dimensions = ["context_understanding", "overall_experience"]
setting = "The avatar sells lamps; the visitor has a broken one."

[[dialogue.turn]]
kind = "greeting"
says = "Hello, my lamp has died."
emotion = "neutral"
must = ["asks what is wrong with the lamp"]
must_not = ["sells a new lamp at once"]
interrupts_after = 2.5

[[dialogue.turn]]
kind = "interruption"
says = "Wait, it is the bulb."
emotion = "happy"
must = ["says that a bulb is easy to change"]
must_not = ["goes on about the lamp"]
remembers = ["the lamp has died"]

[[dialogue.turn]]
kind = "silence"
silent_s = 6
emotion = "neutral"
must = ["waits, or asks whether the visitor is there"]
must_not = ["says goodbye"]

[[dialogue.turn]]
kind = "mixed_languages"
language = "de"
says = "What do you call a Glühbirne?"
emotion = "neutral"
must = ["says light bulb"]
must_not = ["answers in German only"]
"""


def test_a_file_is_read_with_all_that_it_says(tmp_path: Path) -> None:
    (only,) = load_scenarios(_file(tmp_path, GOOD))
    assert (only.name, only.half, len(only.turns)) == ("broken_lamp", "test", 4)
    assert only.dimensions == (Dimension.CONTEXT_UNDERSTANDING, Dimension.OVERALL_EXPERIENCE)
    first, second, third, fourth = only.turns
    assert first.interrupts_after == 2.5
    assert first.remembers == ()
    assert second.remembers == ("the lamp has died",)
    assert (third.kind, third.says, third.silent_s) == (TurnKind.SILENCE, "", 6.0)
    assert (first.language, fourth.language) == ("en", "de")
    assert load_scenarios(tmp_path) == (only,)


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ('half = "test"', 'half = "train"', "dialogue broken_lamp: half 'train' is not known"),
        ('half = "test"', "", "dialogue broken_lamp: half is missing"),
        ('half = "test"', 'half = "test"\nlevel = 3', "dialogue broken_lamp: level is not a key"),
        ('name = "broken_lamp"', 'name = "Broken lamp"', "small letters"),
        ('name = "broken_lamp"', "", "dialogue 1: name is missing"),
        ("overall_experience", "beauty", "dialogue broken_lamp: dimensions 'beauty' is not known"),
        ("overall_experience", "context_understanding", "none twice"),
        ('must = ["asks what is wrong with the lamp"]', "", "dialogue broken_lamp, turn 1: must is missing"),
        ('must = ["asks what is wrong with the lamp"]', "must = []", "turn 1: must and must_not name one thing"),
        ('must = ["asks what is wrong with the lamp"]', 'must = "asks"', "turn 1: must must be a list"),
        ('must_not = ["says goodbye"]', 'must_not = [""]', "turn 3: must_not must be a list of texts"),
        ('emotion = "happy"', 'emotion = "smug"', "turn 2: emotion 'smug' is not known: choose from neutral, happy"),
        ('emotion = "happy"', 'emotion = "happy"\nmood = "happy"', "turn 2: mood is not a key"),
        ('kind = "greeting"', 'kind = "shout"', "turn 1: kind 'shout' is not known"),
        ("interrupts_after = 2.5", "interrupts_after = 0", "turn 1: interrupts_after must be a number of seconds"),
        ("interrupts_after = 2.5", "", "turn 2: a turn of kind interruption follows"),
        ('kind = "interruption"', 'kind = "follow_up"', "turn 2: a turn of kind interruption follows"),
        ("silent_s = 6", "", "turn 3: silent_s is missing"),
        ("silent_s = 6", 'silent_s = 6\nsays = "Hm."', "turn 3: says is not a key"),
        ('language = "de"', "", "turn 4: a turn of kind mixed_languages"),
        ('language = "de"', 'language = "xx"', "turn 4: language 'xx' is not known"),
        ('kind = "interruption"', 'kind = "interruption"\nlanguage = "fr"', "turn 2: a turn of kind mixed_languages"),
        ('says = "Wait, it is the bulb."', 'says = " "', "turn 2: says must be a text"),
        (
            'kind = "mixed_languages"\nlanguage = "de"',
            'kind = "reference_back"',
            "turn 4: a turn of kind reference_back",
        ),
        ("interrupts_after = 2.5", 'interrupts_after = 2.5\nremembers = ["x"]', "turn 1: the first turn has nothing"),
        (
            'must_not = ["answers in German only"]',
            'must_not = ["x"]\ninterrupts_after = 1',
            "turn 4: interrupts_after needs",
        ),
        ("[[dialogue]]", "[[dialog]]", "dialogue must be a list of tables"),
        ("[[dialogue]]", "[dialogue]\n[[dialogue]]", "is not a file of TOML"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(tmp_path: Path, old: str, new: str, wrong: str) -> None:
    assert old in GOOD
    file = _file(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ValueError) as caught:
        load_scenarios(file)
    assert wrong in str(caught.value)
    assert str(caught.value).startswith(str(file))


def test_three_to_six_turns_are_asked_for(tmp_path: Path) -> None:
    last = GOOD[GOOD.index('[[dialogue.turn]]\nkind = "mixed_languages"') :]
    middle = GOOD[GOOD.index('[[dialogue.turn]]\nkind = "silence"') :]
    with pytest.raises(ValueError, match="broken_lamp: it has 2 turns: write 3 to 6"):
        load_scenarios(_file(tmp_path, GOOD.replace(middle, "")))
    with pytest.raises(ValueError, match="broken_lamp: it has 7 turns: write 3 to 6"):
        load_scenarios(_file(tmp_path, GOOD + last * 3))


def test_a_name_is_given_once_over_all_files(tmp_path: Path) -> None:
    _file(tmp_path, GOOD, "a.toml")
    _file(tmp_path, GOOD, "b.toml")
    with pytest.raises(ValueError, match=r"b\.toml, dialogue broken_lamp: .*a\.toml has one of this name"):
        load_scenarios(tmp_path)


def test_nothing_there_is_said(tmp_path: Path) -> None:
    for source in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ValueError, match=r"holds no dialogues: give a \.toml file"):
            load_scenarios(source)


def test_dimensions_stand_in_the_papers_order_and_groups() -> None:
    assert [one.abbreviation for one in Dimension] == ["EA", "NI", "MVC", "CN", "SR", "IC", "LC", "CU", "OIE"]
    groups = [one.group for one in Dimension]
    assert groups == [DimensionGroup.VISUAL] * 4 + [DimensionGroup.CONTENT] * 5


def _file(folder: Path, text: str, name: str = "lamps.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
