"""Guides: what they say to write is written, word for word, into a copy of the repository, and its test passes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDES = sorted((ROOT / "docs/guides").glob("add_*.md"))
BLOCK = re.compile(r'^```(python|diff) title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
LARGE = shutil.ignore_patterns("assets", "golden", "real", "frozen", "__pycache__")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and its tests; what is large is linked."""
    for name in ("livetalk", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=LARGE)
    for folder in (ROOT / "livetalk").rglob("assets"):
        for file in folder.rglob("*"):
            target = tmp_path / file.relative_to(ROOT)
            if file.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target) if file.suffix == ".py" else target.symlink_to(file)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def _edit(path: Path, changes: str) -> None:
    """Replaces each part between lines of `@@`; what it takes away or leaves must be there once."""
    for part in re.split(r"^@@\n", changes, flags=re.MULTILINE):
        lines = part.splitlines()
        before = "\n".join(line[1:] for line in lines if not line.startswith("+")) + "\n"
        after = "\n".join(line[1:] for line in lines if not line.startswith("-")) + "\n"
        text = path.read_text()
        assert text.count(before) == 1, f"{path.name} does not have, once:\n{before}"
        path.write_text(text.replace(before, after))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_guide_lists_the_files_it_touches(guide: Path):
    text = guide.read_text()
    listed = set(re.findall(r"^\| `((?:livetalk|tests)/[^`]+)` \|", text, re.MULTILINE))
    assert listed == {path for _, path, _ in BLOCK.findall(text)}
    assert f"guides/{guide.name}" in (ROOT / "docs/README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_guide_works_as_written(guide: Path, copy: Path):
    tests, touched = [], set()
    for kind, name, code in BLOCK.findall(guide.read_text()):
        path = copy / name
        touched.add(name)
        if kind == "diff":
            _edit(path, code)
            continue
        assert not path.exists(), f"{name} is there already"
        path.write_text(code)
        if name.startswith("tests/"):
            tests.append(name)
    assert tests
    for command in (
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        ["-m", "ruff", "check", *touched],
    ):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=copy,
            env=os.environ | {"PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
