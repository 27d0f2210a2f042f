"""Commands that pages show: each runs as it is written, or stands in a table that says why it is not run here."""

import os
import re
import shutil
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.pages import ROOT, page_name, shown_commands

ASSETS = ROOT / "livetalk/assets"
NOT_RUN = {
    r"pip install|pre-commit install": "packages: .ci/run installs them into a fresh environment",
    r"pytest|scripts/(check|docs)": "the tests themselves: .ci/run calls them",
    r"--preset 1\.3b|download 1\.3b|torchrun": "files of gigabytes, and a GPU",
    r"livetalk train (codec|teacher|ode|dmd|finish) .*(--seconds|--mix)": "minutes: runs/tiny.sh is run in miniature",
    r"scripts/train_input_checks": "an hour; its miniature is run in tests/recipes/input_checks",
    r"runs/tiny\.sh": "tests/test_runs.py runs it",
    r"livetalk train speech-head": "a model of 145 MB: tests/recipes/encoders runs it with a small one",
    r"livetalk data (speech|features)": "minutes of speech: runs/tiny.sh makes some",
    r"en_jfk|librispeech": "recordings that are not in the repository",
    r"livetalk evaluate tiny": "minutes: tests/evaluation runs it with few clips",
    r"livetalk evaluate inputs": "minutes: tests/evaluation/inputs runs its parts with few examples",
    r"livetalk evaluate dialogue run": "minutes, in real time: tests/cli runs it with a server on loopback",
    r"scripts/train_sync_expert": "half an hour: tests/evaluation/sync/learning runs its parts in miniature",
    r"livetalk evaluate (sync|fidelity|turn-taking|dialogue (judge|report)) ": "one's own files: tests/cli makes some",
    r"livetalk evaluate table": "minutes: tests/evaluation/table and tests/cli run it on small films",
    r"livetalk data (pack|sheet|puppet)": "tests/data/puppets runs them on renders",
    r"--assets FOLDER": "free assets that are not in the repository: tests/data/heads runs it on made-up ones",
}
"""What a shown command matches that is not run here, and why."""
TALKS = r"livetalk serve"


def _shown(pattern: str = "livetalk ") -> list[str]:
    """Commands of pages that are run, each once."""
    shown = (command for _, command in shown_commands() if command.startswith(pattern))
    kept = (command for command in shown if not any(re.search(why, command) for why in NOT_RUN))
    return list(dict.fromkeys(kept))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder: the files that pages speak of."""
    folder = tmp_path_factory.mktemp("user")
    shutil.copy(ASSETS / "avatars/ada.jpg", folder / "me.png")
    shutil.copy(ASSETS / "speech/hello.ogg", folder / "hello.wav")  # what it holds is looked at, not its name
    return folder


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def _line(command: str) -> str:
    return command.replace("livetalk ", f"{sys.executable} -m livetalk ", 1)


def test_table_names_nothing_that_is_not_shown():
    commands = [command for _, command in shown_commands()]
    stale = [pattern for pattern in NOT_RUN if not any(re.search(pattern, command) for command in commands)]
    assert not stale


def test_every_shown_command_is_run_or_says_why_not():
    run = {*_shown(), *_shown(TALKS)}
    for page, command in shown_commands():
        assert command in run or any(re.search(why, command) for why in NOT_RUN), f"{page_name(page)}: {command}"


@pytest.mark.slow
@pytest.mark.parametrize("command", [line for line in _shown() if not line.startswith(TALKS)])
def test_shown_command_runs_as_it_is_written(folder: Path, command: str):
    began = time.monotonic()
    done = subprocess.run(
        _line(command), shell=True, cwd=folder, capture_output=True, text=True, timeout=180, env=_environment()
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if " generate" in command:
        written = folder / (re.search(r"--out (\S+)", command) or ["", "talking.mp4"])[1]
        assert written.stat().st_mtime > time.time() - (time.monotonic() - began) - 1


@pytest.fixture
def served(folder: Path, request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server that was started as a page says, and the address that it printed."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {_line(request.param)}"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
    )
    try:
        assert process.stdout is not None
        printed = iter(process.stdout.readline, "")
        address = next((found[0] for line in printed if (found := re.search(r"https?://\S+", line))), "")
        yield process, address
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("served", _shown(TALKS), indirect=True)
def test_shown_server_opens_its_page_and_ends(served: tuple[subprocess.Popen[str], str]):
    process, address = served
    trusting = ssl._create_unverified_context()
    with urllib.request.urlopen(address, timeout=30, context=trusting) as page:
        assert b"LiveTalk" in page.read()
    process.terminate()
    assert process.wait(timeout=30) == 0
