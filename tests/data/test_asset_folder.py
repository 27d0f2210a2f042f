"""Folders of assets against the table of documented files."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from livetalk.cli.data import app
from livetalk.data.asset_folder import AssetFile, check_folder, digest, documented_files


def test_every_documented_file_names_a_source_and_a_free_licence():
    documented = documented_files()
    assert len({file.path for file in documented}) == len(documented) == 1343
    for file in documented:
        assert len(file.sha256) == 16
        assert file.source
        assert file.licence.startswith(("CC0", "CC BY", "MIT", "public domain"))
    assert {file.group for file in documented} == {
        "backgrounds_hdri", "makehuman_cc0", "portraits", "scans/ict_facekit_mit", "scans/reom_ccby", "video",
    }  # fmt: skip


def test_a_folder_is_told_what_is_missing_and_where_it_comes_from(tmp_path: Path):
    for name in ("here.txt", "other.txt"):
        (tmp_path / "scans" / "made_up").mkdir(parents=True, exist_ok=True)
        (tmp_path / "scans" / "made_up" / name).write_text(name)
    right = digest(tmp_path / "scans/made_up/here.txt")
    documented = [
        AssetFile(f"scans/made_up/{name}", "somebody/something", "CC0", right)
        for name in ("here.txt", "other.txt", "away.txt")
    ]
    (check,) = check_folder(tmp_path, documented)
    assert check.missing == ("scans/made_up/away.txt",)
    assert check.changed == ("scans/made_up/other.txt",)
    assert not check.complete
    assert "1 of 3 files are missing (scans/made_up/away.txt)" in check.line()
    assert "come from somebody/something (CC0)" in check.line()
    (check,) = check_folder(tmp_path, documented[:1])
    assert check.complete
    assert check.line() == "scans/made_up: all 1 files are there"


def test_the_command_says_so_and_fails(tmp_path: Path):
    done = CliRunner().invoke(app, ["assets", str(tmp_path)])
    assert done.exit_code == 2
    assert "portraits: 859 of 859 files are missing (portraits/p0001.jpg" in done.output
    with pytest.raises(ValueError, match="is not a folder"):
        list(check_folder(tmp_path / "none"))
