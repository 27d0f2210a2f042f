"""`livetalk evaluate dialogue report`: three files of what was judged, and a sentence where nothing was."""

import json
from collections.abc import Callable
from pathlib import Path

from livetalk.cli.evaluate_dialogue_report import FILES
from livetalk.evaluation.dialogue.scoring.results import write_judging
from tests.helpers import judged

Run = Callable[..., tuple[int, str, str]]


def test_a_report_is_written_beside_or_elsewhere(livetalk: Run, tmp_path: Path) -> None:
    write_judging(tmp_path, judged.judging({"ours": (5, 4), "theirs": (2, 3)}))
    code, out, told = livetalk("evaluate", "dialogue", "report", tmp_path)
    assert (code, "# Multi-round interaction" in out) == (0, True), told
    assert all((tmp_path / name).is_file() for name in FILES)
    assert json.loads((tmp_path / "report.json").read_text())["judging"]["judge"]["model"] == "some-judge"
    assert livetalk("evaluate", "dialogue", "report", tmp_path, "--out", tmp_path / "there")[0] == 0
    assert (tmp_path / "there" / "report.md").read_text() == (tmp_path / "report.md").read_text()


def test_nothing_was_judged(livetalk: Run, tmp_path: Path) -> None:
    code, _, told = livetalk("evaluate", "dialogue", "report", tmp_path)
    assert (code, "holds no judging.json" in told) == (2, True)
