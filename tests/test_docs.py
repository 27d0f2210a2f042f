"""Documentation: links lead somewhere, commands exist, code blocks run, generated pages are up to date."""

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.pages import PAGES, ROOT, code_blocks, page_name, shown_commands

DOCS = ROOT / "docs"
CONCEPTS = ("walk", "core", "live", "threads", "conversation", "media", "glossary")
ASSETS = ROOT / "livetalk/assets"
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def _anchors(page: Path) -> set[str]:
    """What headings are linked by, as GitHub and mkdocs make it."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.replace("`", "")).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_somewhere(page: Path):
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page_name(page)} links to {link}, which is not there"
        assert not anchor or anchor in _anchors(target), f"{link}: no such heading"
        inside = page.is_relative_to(DOCS) and target.is_relative_to(DOCS)
        assert inside or not page.is_relative_to(DOCS), f"{link} leads out of the site: name the file in `code`"


def test_readme_and_concept_pages_stay_short():
    for page in [ROOT / "README.md", *(DOCS / f"{name}.md" for name in CONCEPTS)]:
        assert len(page.read_text().splitlines()) <= 150, f"{page_name(page)}: split it"


def test_every_page_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text()
    for page in DOCS.rglob("*.md"):
        assert str(page.relative_to(DOCS)) in navigation, f"{page_name(page)} is missing in mkdocs.yml"


@pytest.mark.parametrize("script", ["commands_page", "plot_history"])
def test_generated_page_is_up_to_date(script: str):
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / script), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _commands() -> Iterator[tuple[str, list[str]]]:
    """Every call of `livetalk` in a page's code blocks, as words."""
    for page, command in shown_commands():
        if command.startswith("livetalk "):
            yield f"{page_name(page)}: {command}", shlex.split(command)[1:]


def test_commands_and_options_in_pages_exist():
    from typer.main import get_command

    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    app = get_command(importlib.import_module(scripts["livetalk"].split(":")[0]).app)
    found = list(_commands())
    assert len(found) > 20
    for where, words in found:
        command = app
        known = {"--help"}
        for word in words:
            if word in getattr(command, "commands", {}):
                command = command.commands[word]
            known |= {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
            assert not word.startswith("--") or word in known, f"{where}: no option {word}"
        assert words[0] in app.commands or words[0].startswith("--"), f"{where}: no such command"


def test_files_named_as_core_exist():
    paths = re.findall(r"`(livetalk/[\w/.]+)`", (DOCS / "core.md").read_text())
    assert len(paths) > 40
    missing = [path for path in paths if not (ROOT / path).exists()]
    assert not missing


@pytest.mark.parametrize("name", [*CONCEPTS, "serve", "recipe", "full_size", "evaluation"])
def test_modules_named_in_a_page_exist(name: str):
    named = re.findall(r"`(?:livetalk/)?([a-z_]+/[\w/]+\.py)`", (DOCS / f"{name}.md").read_text())
    missing = [path for path in named if not any((ROOT / top / path).exists() for top in ("livetalk", ""))]
    assert not missing


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/live.md"])
def test_program_of_a_page_runs_as_printed(page: str, tmp_path: Path):
    shutil.copy(ASSETS / "avatars/ada.jpg", tmp_path / "me.png")
    shutil.copy(ASSETS / "speech/hello.ogg", tmp_path / "long.ogg")
    subprocess.run([sys.executable, "-c", SHORT], cwd=tmp_path, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    program = "\n".join(code_blocks(ROOT / page, "python"))
    program = program if page == "README.md" else GIVEN + program
    assert "LivePerformer" in program
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
    )
    assert done.returncode == 0, done.stderr


GIVEN = """
from livetalk.conditions.portrait import load_portrait
from livetalk.media import read_speech
import numpy as np
from scipy.signal import resample_poly
portrait, speech = load_portrait("me.png"), resample_poly(np.concatenate(list(read_speech("hello.wav"))), 3, 2)
"""
SHORT = """
import numpy as np, wave
from livetalk.media import read_speech
sound = np.concatenate(list(read_speech("long.ogg")))[:32_000]
with wave.open("hello.wav", "wb") as file:
    file.setnchannels(1), file.setsampwidth(2), file.setframerate(16_000)
    file.writeframes((sound * 32_767).astype(np.int16).tobytes())
"""


@pytest.mark.slow
def test_site_is_built_strictly(tmp_path: Path):
    environment = os.environ | {
        "NO_MKDOCS_2_WARNING": "1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    command = ["mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "site/reference/python.html").read_text()
    assert "interrupt" in page
