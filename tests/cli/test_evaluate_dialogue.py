"""`livetalk evaluate dialogue run` holds dialogues, goes on where it was, and tells mistakes in a sentence."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from livetalk.cli import main
from livetalk.cli.evaluate_dialogue import OwnSystem, app
from livetalk.conversation.brains.options import BrainOptions
from livetalk.evaluation.dialogue import visitor_voice
from livetalk.evaluation.dialogue.records import find_records
from tests.helpers.session_server import Script, session_server

TALK = """
[[dialogue]]
name = "quick"
half = "test"
dimensions = ["overall_experience"]
setting = "A guide meets a visitor."
[[dialogue.turn]]
kind = "greeting"
says = "Hello."
must = ["greets"]
must_not = ["shouts"]
emotion = "neutral"
[[dialogue.turn]]
kind = "silence"
silent_s = 0.2
must = ["waits"]
must_not = ["shouts"]
emotion = "neutral"
[[dialogue.turn]]
kind = "follow_up"
says = "Bye."
must = ["says goodbye"]
must_not = ["shouts"]
emotion = "neutral"
"""


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.toml"
    path.write_text(TALK)
    return path


@pytest.fixture
def url() -> Iterator[str]:
    """A scripted server in a thread with a loop of its own."""
    started, script, stop = threading.Event(), Script(answer=3), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with session_server(script):
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(10)
    yield script.url
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


def run(*words: str) -> "tuple[int, str]":
    done = CliRunner().invoke(app, ["run", *words])
    return done.exit_code, str(done.exception or "")


def test_dialogues_are_held_once(tmp_path: Path, talk: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spoken: list[str] = []

    def speak(line: str) -> tuple[np.ndarray, int]:
        spoken.append(line)
        return np.full(1_600, 0.5, np.float32), 16_000

    monkeypatch.setattr(visitor_voice, "_kokoro", lambda: speak)
    words = ("--systems", f"quick@{url}", "--out", str(tmp_path / "out"), "--dialogues", str(talk))
    assert run(*words) == (0, "")
    record = find_records(tmp_path / "out")[0]
    assert (record.scenario, record.failed, [turn.answered for turn in record.turns]) == (
        "quick",
        None,
        ["Answer 1.", None, "Answer 2."],
    )
    assert run(*words) == (0, "")
    assert spoken == ["Hello.", "Bye."]
    assert find_records(tmp_path / "out") == [record]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--systems", "theirs"), "'theirs' is no system: give ours"),
        (("--systems", "ours", "--avatar", "bob"), "there is no avatar 'bob'"),
        (("--systems", "ours", "--half", "development"), "there are no dialogues of the half development"),
        (("--systems", "ours", "--scenarios", "9"), "--scenarios takes 1 to 1"),
        (("--systems", "ours", "--avatar", "ada", "--portrait", "x.png"), "different faces"),
        (("--systems", "ours", "--systems", "ours"), "two systems have one name"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, talk: Path, words: tuple[str, ...], sentence: str) -> None:
    code, said = run(*words, "--out", str(tmp_path / "out"), "--dialogues", str(talk))
    assert code == 1
    assert sentence in said
    assert not (tmp_path / "out").exists()


def test_what_costs_money_is_asked_for_first(tmp_path: Path, talk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("--systems", "sora", "--out", str(tmp_path / "out"), "--dialogues", str(talk))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert "there is no key for https://api.openai.com/v1: set OPENAI_API_KEY" in run(*words)[1]
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert "this costs about 2.40 US dollars: add --yes" in run(*words)[1]
    assert "costs about 0.24 US dollars" in run(*words, "--price", "sora-2=0.01")[1]
    assert not (tmp_path / "out").exists()


def test_options_are_handed_on_to_the_server() -> None:
    own = OwnSystem(brain="omni", size="512", answers=BrainOptions(url="ws://x", voice="v"))
    flags = own.serve()
    assert flags[flags.index("--brain") + 1] == "omni"
    assert flags[flags.index("--brain-url") + 1] == "ws://x"
    assert "--weights" not in flags
    told = CliRunner().invoke(main.app, ["serve", "--help"]).stdout
    assert all(flag in told for flag in flags if flag.startswith("--"))
