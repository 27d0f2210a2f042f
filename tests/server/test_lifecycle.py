"""`livetalk serve` as a process: it says where it is, serves, and leaves when it is told to."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from livetalk.server.lifecycle import bind
from tests.helpers.signals import signals_act

SLOW_TO_LEAVE = """
import asyncio
from livetalk.conversation.brains.echo import EchoBrain
from livetalk.avatar.fake import FakeHost
from livetalk.server.routes import Api, make_app
from livetalk.server.limits import ServerLimits
from livetalk.server.logs import Log
from livetalk.server.metrics import Metrics
from livetalk.server.lifecycle import bind, serve
from livetalk.server.sessions import SessionManager

class Slow(SessionManager):
    async def drain(self):
        self.draining = True
        await asyncio.sleep(60)

visits, door = Slow(FakeHost(), EchoBrain(), ServerLimits(), Metrics(), Log()), bind("127.0.0.1", 0)
url = f"http://127.0.0.1:{door.getsockname()[1]}"
asyncio.run(serve(make_app(Api(visits, {})), visits, door, opened=lambda: print(url, flush=True)))
"""


@contextmanager
def served(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "livetalk", "serve", "--port", "0", "--brain", "echo", "--face", "drawn", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().removeprefix("Open ").strip()
    finally:
        process.kill()
        process.communicate()


@contextmanager
def loading() -> Iterator[tuple[subprocess.Popen[str], str, socket.socket]]:
    """A server that loads as long as its brain, a socket that listens, does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as brain, socket.create_server(("127.0.0.1", 0)) as probe:
        port, there = probe.getsockname()[1], f"ws://127.0.0.1:{brain.getsockname()[1]}"
        probe.close()
        command = [sys.executable, "-m", "livetalk", "serve", "--port", str(port), "--face", "drawn"]
        command += ["--brain", "omni", "--brain-url", there, "--brain-model", "none"]
        with signals_act():
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            dialled, _ = brain.accept()
            with dialled:
                yield process, f"http://127.0.0.1:{port}", dialled
        finally:
            process.kill()
            process.communicate()


def status(url: str, data: bytes | None = None) -> int:
    try:
        ask(url, data)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def ask(url: str, data: bytes | None = None) -> dict[str, object]:
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def test_it_serves_and_drains_on_sigterm():
    with served() as (process, url):
        assert ask(f"{url}/ready")["status"] == "ready"
        ask(f"{url}/v1/sessions", b'{"avatar": "ada"}')
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=20)
        assert time.monotonic() - began < 10
        assert process.returncode == 0
        told = [line for line in log.splitlines() if not line.startswith("{")]
        assert told == ["Getting ready: models are loaded and this machine is measured ..."], "no library greets"
        events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        assert [e["reason"] for e in events if e["event"] == "ended"] == ["drain"]


def test_it_answers_while_it_loads_and_a_load_that_fails_is_one_sentence():
    with loading() as (process, url, brain):
        assert status(f"{url}/health") == 200
        assert status(f"{url}/ready") == 503
        assert status(f"{url}/v1/sessions", b"{}") == 503
        brain.close()
        said, log = process.communicate(timeout=20)
        assert process.returncode == 2
        assert said == ""
        assert log.splitlines()[-1].startswith("livetalk: ws://")
        assert "Traceback" not in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_while_it_loads_ends_it_at_once(number: signal.Signals):
    with loading() as (process, _, _):
        process.send_signal(number)
        assert process.wait(timeout=3) == -number


def test_a_second_signal_ends_it_at_once():
    process = subprocess.Popen([sys.executable, "-c", SLOW_TO_LEAVE], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert status(f"{url}/ready") == 200
        process.send_signal(signal.SIGTERM)
        until(lambda: status(f"{url}/ready") == 503)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=3) == -signal.SIGTERM
    finally:
        process.kill()
        process.communicate()


def test_a_certificate_is_kept_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIVETALK_CACHE", str(tmp_path))
    with served("--tls-self-signed") as (_, url):
        assert url.startswith("https://")
        assert (tmp_path / "tls" / "key.pem").is_file()


def test_a_taken_port_is_one_sentence():
    door = bind("127.0.0.1", 0)
    port = str(door.getsockname()[1])
    command = [sys.executable, "-m", "livetalk", "serve", "--port", port, "--brain", "echo", "--face", "drawn"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    door.close()
    assert done.returncode == 2
    assert "choose another --port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("options", [("--turn", "nonsense"), ("--brain", "nobody")])
def test_a_wrong_option_is_one_sentence(options: tuple[str, ...]):
    command = [sys.executable, "-m", "livetalk", "serve", "--brain", "echo", "--face", "drawn", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_server_never_loads_torch():
    code = (
        "import sys, livetalk.server.routes, livetalk.server.lifecycle, livetalk.worker.host; "
        "print([name for name in ('torch', 'cv2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
