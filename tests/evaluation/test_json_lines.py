"""Rows are there again, whatever a run was stopped in."""

from pathlib import Path

import pytest

from livetalk.evaluation.json_lines import JsonLines


def test_rows_come_back_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for row in ({"a": 1}, [2, "é"], "three"):
        JsonLines(path).append(row)
    assert list(JsonLines(path).rows()) == [{"a": 1}, [2, "é"], "three"]


def test_a_run_that_was_stopped_in_a_line_loses_that_row_only(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text('{"a": 1}\n{"b": ')
    lines = JsonLines(path)
    assert list(lines.rows()) == [{"a": 1}]
    lines.append({"c": 3})
    lines.append({"d": 4})
    assert list(lines.rows()) == [{"a": 1}, {"c": 3}, {"d": 4}]


def test_nothing_is_kept_without_a_file(tmp_path: Path) -> None:
    JsonLines(None).append({"a": 1})
    assert not list(JsonLines(None).rows())
    assert not list(JsonLines(tmp_path / "not there").rows())


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist: make it first"):
        JsonLines(tmp_path / "no folder" / "log").append({})
