"""End-to-end harness of a conversation: `livetalk serve` in a process, and a real browser as its visitor.

Starts both, lets a recording be the browser's microphone, and keeps what the browser heard, said and saw and what the
server logged, all by one clock. What that comes to is `talk_figures.py`'s business. Needs Chromium and playwright.
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32

from livetalk.evaluation.served import Served, server
from livetalk.media.wav import write_wav

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TAP = Path(__file__).with_name("talk_tap.js")
HARVEST = 2.0  # seconds between two looks into the page
AHEAD = 4.0  # seconds of silence before a recording begins

Way = Literal["webrtc", "websocket"]
Trace = Float32[np.ndarray, "n 2"]


@dataclass
class Heard:
    """Record of a visit. `heard`, `said`: (time, peak) of what was played and of the microphone, `seen`: (time,
    brightness) of pictures; times in seconds since 1970. `logged`: the server's events. `metrics`: at its end."""

    heard: list[tuple[float, float]] = field(default_factory=list)
    said: list[tuple[float, float]] = field(default_factory=list)
    seen: list[tuple[float, float]] = field(default_factory=list)
    logged: list[dict[str, Any]] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)


@contextlib.asynccontextmanager
async def browser(url: str, microphone: Path | None, way: Way = "webrtc") -> AsyncIterator[Any]:
    """The page in a headless Chromium, by one way. Raises ValueError, with what to do, where there is none."""
    try:
        from playwright.async_api import async_playwright
    except ImportError as error:
        raise ValueError("a browser is driven by playwright: pip install playwright") from error
    found = os.environ.get("LIVETALK_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise ValueError("no Chromium was found: install it, or name it in LIVETALK_CHROMIUM")
    flags = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    flags += ["--autoplay-policy=no-user-gesture-required"]
    if microphone is not None:
        flags.append(f"--use-file-for-fake-audio-capture={microphone}")
    async with async_playwright() as driver:
        chromium = await driver.chromium.launch(executable_path=found, args=flags)
        try:
            context = await chromium.new_context(permissions=["microphone"], bypass_csp=True)
            page = await context.new_page()
            await page.goto(f"{url}/?transport={way}")
            await page.wait_for_selector(".tile img")
            await page.evaluate(TAP.read_text())
            yield page
        finally:
            await chromium.close()


async def visit(
    options: Sequence[str],
    speech: Sequence[Float32[np.ndarray, " n"]],
    seconds: float,
    tell: Callable[[float], None] = lambda _: None,
    way: Way = "webrtc",
) -> Heard:
    """A visitor who says a recording (16 kHz pieces, one after the other, again and again) for so long.

    One who says nothing looks at the pictures instead: that takes a part of a core from what is measured.
    """
    with tempfile.TemporaryDirectory() as folder:
        microphone = write_wav(Path(folder) / "microphone.wav", np.concatenate(speech)) if len(speech) else None
        async with server(*options) as served, browser(served.url, microphone, way) as page:
            await page.click("#go")
            await until(page, "Boolean(livetalk.link)", 30)
            await page.evaluate("tap.listen()" if len(speech) else "Promise.all([tap.listen(), tap.look()])")
            kept, began = Heard(), asyncio.get_running_loop().time()
            while (gone := asyncio.get_running_loop().time() - began) < seconds:
                await asyncio.sleep(min(HARVEST, seconds - gone))
                tell(min(seconds, gone + HARVEST))
                for name, pairs in (await page.evaluate("tap.take()")).items():
                    getattr(kept, name).extend((at / 1000, value) for at, value in pairs)
            kept.metrics = await asyncio.to_thread(served.metrics)
            kept.logged = served.logged
            return kept


async def come_and_go(
    options: Sequence[str], cycles: int, tell: Callable[[float], None] = lambda _: None
) -> list[dict[str, float]]:
    """Resources of the server's process, and under `worker_…` of the model's, after each of so many visits.

    Megabytes, threads and files of both; tasks of the server. Each visit sees the face before it leaves.
    """
    async with server(*options) as served, browser(served.url, None) as page:
        held = []
        for cycle in range(cycles):
            await page.click("#go")
            await until(page, "Boolean(livetalk.link)", 30)
            await until(page, "document.getElementById('video').currentTime > 0.2", 20)
            await page.click("#leave")
            await _empty(served)
            held.append(await _holdings(served))
            tell(cycle + 1)
        return held


async def _empty(served: Served) -> None:
    for _ in range(200):
        if (await asyncio.to_thread(served.metrics))["livetalk_sessions"] == 0:
            return
        await asyncio.sleep(0.05)


async def _holdings(served: Served) -> dict[str, float]:
    await asyncio.sleep(0.3)
    tasks = (await asyncio.to_thread(served.metrics))["livetalk_tasks"]
    workers = [_process(child) for child in _children(served.pid)]
    held = {f"worker_{name}": sum(worker[name] for worker in workers) for name in workers[0]} if workers else {}
    return {"tasks": tasks, **_process(served.pid), **held}


def _process(pid: int) -> dict[str, float]:
    process = Path(f"/proc/{pid}")
    fields = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line)
    megabytes = int(fields["VmRSS"].split()[0]) / 1000
    return {
        "megabytes": megabytes,
        "threads": float(fields["Threads"]),
        "files": float(len(os.listdir(process / "fd"))),
    }


def _children(pid: int) -> list[int]:
    """Processes that a process has started and that live."""
    return [int(word) for task in Path(f"/proc/{pid}/task").glob("*/children") for word in task.read_text().split()]


async def until(page: Any, expression: str, seconds: float) -> None:
    """Wait for something in the page. Raises ValueError when it does not happen."""
    end = asyncio.get_running_loop().time() + seconds
    while not await page.evaluate(expression):
        if asyncio.get_running_loop().time() > end:
            notices = await page.inner_text("#notices")
            raise ValueError(f"the page did not get there ({expression}): {notices or 'it says nothing'}")
        await asyncio.sleep(0.05)
