"""`livetalk serve` as a process: it says where it is, serves, and leaves when it is told to."""

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from livetalk.server.run import bind


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


def test_a_taken_port_is_one_sentence():
    door = bind("127.0.0.1", 0)
    door.listen()
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
        "import sys, livetalk.server.app, livetalk.server.run, livetalk.conversation.worker; "
        "print([name for name in ('torch', 'cv2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
