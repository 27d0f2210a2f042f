"""Cases are prepared once, substitutes take the place of what cannot be used, and protocols do not mix."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.table.cases import PORTRAIT, SPEECH, TRUTH, CaseFacts, prepare, write_picture
from livetalk.media.wav import write_wav


@dataclass
class MadeUpSet:
    """Cases by the dozen; `broken` ones cannot be used."""

    wanted: int | None = 2
    broken: tuple[str, ...] = ()
    protocol: str = "made up, seed 0"
    truth: bool = True
    written: list[str] = field(default_factory=list)
    name, title, shows_people = "made_up", "Made up", False

    def drawn(self) -> list[str]:
        return ["c", "a", "b"]

    def write(self, name: str, folder: Path) -> CaseFacts:
        self.written.append(name)
        if name in self.broken:
            raise ValueError(f"{name} is silent")
        write_picture(folder / PORTRAIT, np.zeros((8, 8, 3), np.uint8))
        write_wav(folder / SPEECH, np.zeros(160, np.float32))
        if self.truth:
            (folder / TRUTH).touch()
        return CaseFacts("a person talks", 0.01)


def test_cases_are_prepared_once(tmp_path: Path) -> None:
    source, told = MadeUpSet(), list[int]()
    found = prepare(source, tmp_path, told.append)
    assert [case.name for case in found.cases] == ["made_up/c", "made_up/a"]
    assert found.has_truth
    assert told == [1, 1]
    assert prepare(source, tmp_path) == found
    assert source.written == ["c", "a"]
    listed = json.loads((tmp_path / "set.json").read_text())
    assert (listed["protocol"], listed["clips"]) == ("made up, seed 0", ["made_up/c", "made_up/a"])


def test_a_case_that_was_half_written_is_written_again(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / PORTRAIT).write_text("half")
    source = MadeUpSet()
    prepare(source, tmp_path)
    assert source.written == ["c", "a"]


def test_the_next_clip_takes_the_place_of_one_that_cannot_be_used(tmp_path: Path) -> None:
    found = prepare(MadeUpSet(broken=("a",), truth=False), tmp_path)
    assert [case.name for case in found.cases] == ["made_up/c", "made_up/b"]
    assert found.skipped == {"a": "a is silent"}
    assert not found.has_truth


@pytest.mark.parametrize(("wanted", "broken", "words"), [(3, ("a",), "2 of 3"), (None, ("a", "b", "c"), "0 of the")])
def test_too_few_clips_are_told(tmp_path: Path, wanted: int | None, broken: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValueError, match=rf"{words} clips of Made up can be used \(.*a: a is silent.*give --clips"):
        prepare(MadeUpSet(wanted, broken), tmp_path)


def test_all_that_can_be_used_is_enough_where_all_are_wanted(tmp_path: Path) -> None:
    assert len(prepare(MadeUpSet(None, ("a",)), tmp_path).cases) == 2


def test_protocols_do_not_mix(tmp_path: Path) -> None:
    prepare(MadeUpSet(), tmp_path)
    with pytest.raises(ValueError, match=r"cases of another protocol \(made up, seed 0\): give another --out"):
        prepare(MadeUpSet(protocol="made up, seed 1"), tmp_path)
