"""Promises of the files that commands write: none replaces a file that the same command reads."""

from pathlib import Path

import pytest

COMMANDS = {
    "puppet": ["data", "puppet", "{mine}", "--out", "{mine}"],
    "puppet's speech": ["data", "puppet", "{other}", "--speech", "{mine}", "--text", "hello", "--out", "{mine}"],
    "sheet": ["data", "sheet", "--puppets", "{mine}", "--out", "{mine}"],
    "pack": ["data", "pack", "{mine}", "--portraits", "{folder}"],
    "pack's list": ["data", "pack", "{mine}", "--portraits", "{empty}", "--held-out", "{mine}"],
    "convert": ["convert", "{mine}", "{mine}"],
    "convert of a folder": ["convert", "{folder}", "{mine}"],
    "convert's adapter": ["convert", "{other}", "{mine}", "--merge", "{mine}"],
    "bundle": ["train", "bundle", "{other}", "{mine}", "--out", "{mine}"],
    "evaluate inputs": ["evaluate", "inputs", "--voices", "{folder}", "--json", "{mine}"],
    "evaluate tiny": ["evaluate", "tiny", "--real", "{folder}", "--json", "{mine}"],
    "bench talk": ["bench", "talk", "--voice", "{mine}", "--json", "{mine}"],
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_no_command_replaces_what_it_reads(livetalk, words: list[str], tmp_path: Path):
    folder, empty = tmp_path / "folder", tmp_path / "empty"
    folder.mkdir()
    empty.mkdir()
    mine, other = folder / "mine.safetensors", folder / "other.safetensors"
    mine.write_bytes(b"mine")
    other.write_bytes(b"other")
    places = {"mine": mine, "other": other, "folder": folder, "empty": empty}
    code, _, err = livetalk(*(word.format(**places) for word in words))
    assert code == 2
    assert "mine.safetensors would be replaced by what is made of it: give" in err
    assert err.count("\n") == 1
    assert mine.read_bytes() == b"mine"
