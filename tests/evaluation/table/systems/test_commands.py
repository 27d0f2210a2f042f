"""Any program is a system: its words are split first and filled in then, and its failures are one sentence each."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from livetalk.evaluation.table.systems.commands import CommandSystem, filled
from tests.helpers.tables import a_case

PROGRAM = """import os, sys
portrait, speech, prompt, out = sys.argv[1:5]
assert os.path.getsize(portrait) and os.path.getsize(speech)
open(out, "w").write(f"{prompt}|{os.environ.get('LIVETALK_DEVICE')}|{os.environ.get('CUDA_VISIBLE_DEVICES')}")
"""


def _template(folder: Path, program: str = PROGRAM, words: str = "{portrait} {speech} {prompt} {out}") -> str:
    (folder / "talk.py").write_text(program)
    return f"'{sys.executable}' {folder / 'talk.py'} {words}"


def test_a_program_makes_the_clip_that_it_is_asked_for(tmp_path: Path) -> None:
    system = CommandSystem("other", _template(tmp_path))
    system.require()
    system.open("cuda:3", 2).make(a_case(tmp_path), tmp_path / "clip.mp4", lambda frames: None)
    assert (tmp_path / "clip.mp4").read_text() == "a person talks|cuda:3|3"
    assert not list(tmp_path.glob(".making-*"))


def test_nothing_that_is_filled_in_is_run_or_split_or_filled_in_again(tmp_path: Path) -> None:
    evil = "\"; touch {out} `touch evil` $(touch evil) {speech} 'x"
    case = replace(a_case(tmp_path), prompt=evil)
    words = filled(CommandSystem("other", "talk --text={prompt} {out}").words(), case, tmp_path / "o.mp4")
    assert words == ["talk", f"--text={evil}", str(tmp_path / "o.mp4")]
    system = CommandSystem("other", _template(tmp_path))
    system.open(None, 1).make(case, tmp_path / "clip.mp4", lambda frames: None)
    assert (tmp_path / "clip.mp4").read_text().startswith(evil)
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("import sys; sys.exit('the GPU\\n is too small')", "other ended with code 1: the GPU is too small"),
        ("import os; os._exit(7)", "other ended with code 7: without a word"),
        ("", "ended well and wrote no video: let it write to {out}"),
        ("import time; time.sleep(60)", "took longer than 1 s: give it more with --timeout"),
    ],
)
def test_a_program_that_fails_says_why(tmp_path: Path, program: str, sentence: str) -> None:
    system, began = CommandSystem("other", _template(tmp_path, program), timeout=1.0), time.monotonic()
    with pytest.raises(ValueError, match=sentence):
        system.open(None, 1).make(a_case(tmp_path), tmp_path / "clip.mp4", lambda frames: None)
    assert not (tmp_path / "clip.mp4").exists()
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{portrait} {speech} {out}", "begins with no program"),
        ("echo {portrait}", r"lacks {speech}, {out}"),
        ("no_such_program_here {portrait} {speech} {out}", "there is no program 'no_such_program_here'"),
        ("echo 'half {portrait} {speech} {out}", "cannot be split into words"),
    ],
)
def test_templates_that_cannot_work_are_told_at_once(template: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        CommandSystem("other", template).require()


def test_a_program_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"other cannot be run \(No such file"):
        CommandSystem("other", "no_such_program_here {out}").open(None, 1).make(
            a_case(tmp_path), tmp_path / "clip.mp4", lambda frames: None
        )
