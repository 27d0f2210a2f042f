"""Process of `livetalk serve`, started, waited for, listened to and ended by whoever measures it.

Knows options as the command takes them, and the server's log; not what a session is.
"""

import asyncio
import contextlib
import json
import socket
import sys
import urllib.request
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

LOADING = 240.0  # seconds until a server is ready: models may be put together first


@dataclass
class Served:
    """A running server."""

    url: str
    pid: int
    logged: list[dict[str, Any]]

    def metrics(self) -> dict[str, float]:
        """Its metrics by name, labels included."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, value in (x.rsplit(" ", 1) for x in lines if x and x[0] != "#")}


@contextlib.asynccontextmanager
async def server(*options: str) -> AsyncGenerator[Served]:
    """`livetalk serve` with these options. Raises ValueError with its last words if it does not get ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "livetalk", "serve", "--port", str(port), *options]
    process = await asyncio.create_subprocess_exec(
        *command, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, start_new_session=True
    )
    served, words, ready = Served(f"http://127.0.0.1:{port}", process.pid, []), list[str](), asyncio.Event()

    async def read() -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            text = line.decode("utf-8", "replace").strip()
            try:
                event = json.loads(text)
            except ValueError:
                words.append(text)
                continue
            served.logged.append(event)
            if event.get("event") == "ready":
                ready.set()
        ready.set()

    reading = asyncio.create_task(read())
    try:
        await asyncio.wait_for(ready.wait(), LOADING)
        if process.returncode is not None or not any(event["event"] == "ready" for event in served.logged):
            raise ValueError(f"the server did not start: {' '.join(words[-2:])}")
        yield served
    finally:
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 30)
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading
