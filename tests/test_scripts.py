"""Scripts that judge a commit, and files that machines read: workflows, templates, the citation, hooks."""

import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FILES = sorted([*(ROOT / ".github").rglob("*.yml"), ROOT / ".pre-commit-config.yaml", ROOT / "CITATION.cff"])


def _judged(message: str, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "message"
    file.write_text(message)
    return subprocess.run([ROOT / "scripts/commit-msg", file], capture_output=True, text=True)


@pytest.mark.parametrize(
    "message",
    [
        "Frame the portrait like the renders\n\nWhy; and how.\n",
        "# a comment of git's\nKeep links inside the site\n",
        "fixup! x",
    ],
)
def test_commit_message_of_one_thing_passes(message: str, tmp_path: Path):
    assert _judged(message, tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("A" * 73, "at most 72"),
        ("Frame the portrait; mend the clock", "no semicolon"),
        ("frame the portrait", "a capital first"),
        ("Frame the portrait.", "no full stop"),
        ("\n", "one thing"),
    ],
)
def test_commit_message_is_refused_with_a_reason(message: str, words: str, tmp_path: Path):
    done = _judged(message, tmp_path)
    assert done.returncode == 1
    assert words in done.stderr


def test_no_file_is_too_large():
    done = subprocess.run([ROOT / "scripts/large-files"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_for_machines_can_be_read(path: Path):
    assert isinstance(yaml.safe_load(path.read_text()), dict)


def test_workflows_call_scripts_that_are_there():
    called = 0
    for workflow in (ROOT / ".github/workflows").glob("*.yml"):
        for job in yaml.safe_load(workflow.read_text())["jobs"].values():
            for step in job["steps"]:
                program = step.get("run", "").split(" ")[0]
                if program.startswith(("scripts/", ".ci/")):
                    called += 1
                    assert (ROOT / program).stat().st_mode & 0o100, f"{workflow.name}: {program} cannot be run"
    assert called >= 5


def test_bugs_are_reported_with_what_doctor_says():
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/bug.yml").read_text())
    asked = {part["id"]: part for part in form["body"]}
    assert asked["doctor"]["validations"]["required"]


def test_citation_names_software_and_paper():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["cff-version"] == "1.2.0"
    assert cited["type"] == "software"
    assert cited["references"][0]["url"] == "https://arxiv.org/abs/2512.23576"


def test_lines_of_code_are_those_without_docstrings_comments_and_blanks(tmp_path: Path):
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "a.py").write_text(
        '"""Doc.\n\nMore."""\n\n# why\nX = """two\nlines"""\n\n\ndef f():\n    """Doc."""\n    return X\n'
    )
    done = subprocess.run([ROOT / "scripts/count_code", tmp_path], capture_output=True, text=True, check=True)
    assert [line.split() for line in done.stdout.splitlines()] == [["room", "1", "4", "12"], ["all", "1", "4", "12"]]
