"""Words name systems, and others are told what to write."""

from pathlib import Path

import pytest

from livetalk.evaluation.table.systems.commands import CommandSystem
from livetalk.evaluation.table.systems.finished import FinishedVideos, Truth
from livetalk.evaluation.table.systems.models import Student, TeacherModel
from livetalk.evaluation.table.systems.specs import systems


def test_words_name_systems(tmp_path: Path) -> None:
    (tmp_path / "t.safetensors").touch()
    assert systems(["student,truth"]) == [Student(), Truth()]
    assert systems([f"student:name=before,weights={tmp_path},seed=3"]) == [Student("before", weights=tmp_path, seed=3)]
    assert systems(["student:name=full,preset=1.3b,mode=fast,random=yes"])[0] == Student(
        "full", "1.3b", None, 0, "fast", True
    )
    file = tmp_path / "t.safetensors"
    assert systems([f"teacher:preset=14b,weights={file}"]) == [TeacherModel(preset="14b", weights=file)]
    assert systems([f"folder:theirs={tmp_path}"]) == [FinishedVideos("theirs", tmp_path)]
    template = "echo {portrait},a=b {speech} {prompt} {out}"
    assert systems([f"command:other={template}"], timeout=9) == [CommandSystem("other", template, 9)]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("studnet", "there is no system 'studnet': give student, teacher, truth, command:NAME=TEMPLATE"),
        ("truth:name=x", "there is no system"),
        ("student:colour=red", "sets 'colour': a student has mode, name, preset, random, seed, weights"),
        ("student:seed=x", "no whole number for seed"),
        ("student:mode=slow", "no mode 'slow': give exact or fast"),
        ("student:random=maybe", "says 'maybe' for random"),
        ("student:name=../up", "cannot name a system"),
        ("student:preset=huge", "there is no preset 'huge'"),
        ("student:random=yes", "preset tiny is as it is"),
        ("student:weights=nowhere", "nowhere is no folder of weights"),
        ("student,student", "two systems are called student"),
        ("teacher:weights=nowhere", "there is no teacher at nowhere"),
        ("teacher:preset=14b", "is a file of its own, and name it: give teacher:preset=14b,weights=FILE"),
        ("teacher:preset=1.3b,weights=nowhere", "there is none at nowhere"),
        ("teacher:random=yes", "preset tiny is as it is"),
        ("command:other", "says no name, or nothing of it"),
        ("folder:theirs=", "says no name, or nothing of it"),
        ("folder:theirs=nowhere", "nowhere is no folder"),
        (",", "no system is named"),
    ],
)
def test_other_words_are_told(words: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        systems([words])
