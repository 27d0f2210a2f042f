"""Files named in pages, comments and docstrings exist."""

import re
import subprocess

from tests.helpers.source import ROOT

NAMED = re.compile(
    r"(?<![\w/.-])((?:docs|livetalk|tests|scripts|examples|runs)/[\w/.-]+\.(?:py|md|json|sh|js|npz|png))\b"
)
TEXTS = ("*.md", "*.py", "*.toml", "*.js", "*.yml", "scripts/*", ".ci/*")
ELSEWHERE = ("docs/guides/", "tests/")  # guides name files that their reader writes, tests make some up


def test_files_that_are_named_exist() -> None:
    listed = subprocess.run(["git", "ls-files", *TEXTS], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    texts = [name for name in listed.split() if not name.startswith(ELSEWHERE)]
    assert len(texts) > 300
    missing = [
        f"{name}: {path}"
        for name in texts
        for path in NAMED.findall((ROOT / name).read_text())
        if not (ROOT / path).exists()
    ]
    assert not missing


def test_paths_are_found_in_sentences() -> None:
    text = "See docs/core.md, `livetalk/nn/rope.py`; not mydocs/core.md, nor https://x.org/docs/a.md"
    assert NAMED.findall(text) == ["docs/core.md", "livetalk/nn/rope.py"]
