"""A record is read as it was written, or refused in a sentence; a dialogue that was held is not held again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from livetalk.evaluation.dialogue.records import (
    NAME,
    DialogueEvent,
    DialogueRecord,
    TurnRecord,
    find_records,
    folder_of,
    is_finished,
    read_record,
    write_record,
)

TURN = TurnRecord("Grüß dich.", "de", "turn_1_visitor.wav", "turn_1.mp4", "Hello!", 1.25, 1.5, True, None, 0.4)
SILENT = TurnRecord("", "en", failed="nothing was answered", price=0.1)
RECORD = DialogueRecord(
    "greeting_1", "ours", "two cores", (TURN, SILENT), "session.mp4", "visitor.wav", (DialogueEvent(0.5, "turn"),)
)


def kept(out: Path, record: DialogueRecord = RECORD) -> Path:
    folder = folder_of(out, record.system, record.scenario)
    folder.mkdir(parents=True)
    for name in ("turn_1_visitor.wav", "turn_1.mp4", "session.mp4", "visitor.wav"):
        (folder / name).touch()
    return write_record(out, record)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = kept(tmp_path)
    assert read_record(path) == RECORD
    assert find_records(tmp_path) == [RECORD]
    assert RECORD.failed == "nothing was answered"
    assert RECORD.price == pytest.approx(0.5)


def test_a_write_leaves_nothing_but_the_record(tmp_path: Path) -> None:
    path = kept(tmp_path)
    write_record(tmp_path, RECORD)
    assert [file.name for file in path.parent.iterdir() if file.name.startswith(".")] == []


def test_a_finished_dialogue_is_not_held_again_and_a_failed_one_only_if_asked(tmp_path: Path) -> None:
    whole = replace(RECORD, scenario="greeting_2", turns=(TURN,))
    kept(tmp_path), kept(tmp_path, whole)
    found = [is_finished(tmp_path, "ours", name, retry) for name in ("greeting_1", "greeting_2") for retry in (0, 1)]
    assert found == [True, False, True, True]
    assert not is_finished(tmp_path, "ours", "greeting_3")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 2}, "its schema is 2"),
        ({"turns": []}, "it has no turns"),
        ({"turns": None}, "'turns' is not a list"),
        ({"turns": [7]}, "a turn is not an object"),
        ({"turns": [{"says": 1}]}, "'interrupted' is None"),
        ({"turns": [{"says": "x", "language": "en", "interrupted": False, "price": True}]}, "'price' is True"),
        ({"turns": [{"says": "x", "language": "en", "interrupted": False, "video": "../x"}]}, "'video' is '../x'"),
        ({"session": "gone.mp4"}, "gone.mp4, which is not there"),
        ({"events": [{"time_s": 1, "event": "dance"}]}, "'dance' at 1.0"),
        ({"system": None}, "'system' is None"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    path = kept(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=words):
        read_record(path)


def test_half_a_file_and_an_empty_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no dialogue"):
        find_records(tmp_path)
    path = kept(tmp_path)
    path.write_text(path.read_text()[:40])
    with pytest.raises(ValueError, match=f"{NAME} cannot be read"):
        find_records(tmp_path)
