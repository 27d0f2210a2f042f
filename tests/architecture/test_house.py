"""The house keeps its rules: layers, the first screen, a light import."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import livetalk

ROOT = Path(__file__).parents[2]


def test_no_lower_room_imports_a_higher_one():
    done = subprocess.run([sys.executable, "-c", LINT], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


def test_the_first_screen_of_the_readme_shows_the_two_commands():
    screen = "\n".join((ROOT / "README.md").read_text().splitlines()[:30])
    assert "pip install . && livetalk generate" in screen
    assert "pip install '.[dev]' && pytest" in screen


def test_everything_a_reader_looks_for_is_there():
    for name in ("LICENSE", "NOTICE", "CHANGELOG.md", "CONTRIBUTING.md", "docs/README.md", "scripts/check", ".ci/run"):
        assert (ROOT / name).stat().st_size > 0, name


def test_importing_the_package_loads_nothing_heavy():
    heavy = "import sys, livetalk, livetalk.cli.main;print([m for m in ('torch', 'dlib', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_the_version_is_written_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "version" in project["dynamic"]
    assert (ROOT / "CHANGELOG.md").read_text().count(f"\n## [{livetalk.__version__}] - ") == 1


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Nobody"):
        livetalk.Nobody  # noqa: B018
