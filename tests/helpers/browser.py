"""Headless Chromium with a recording as its microphone. In CI a missing browser is a failure, elsewhere a skip."""

import asyncio
import contextlib
import os
import shutil
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import ConsoleMessage, Page, async_playwright

from livetalk.media import read_speech

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
REAL = Path(__file__).parents[1] / "real"


def chromium() -> str:
    found = os.environ.get("LIVETALK_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        words = "no Chromium here: apt-get install chromium, or name one in LIVETALK_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    return found


def voice(name: str) -> np.ndarray:
    """A real recording [n] at 16 kHz, as loud as a voice near a microphone."""
    sound = np.concatenate(list(read_speech(REAL / "voices" / f"{name}.ogg")))
    return 0.6 * sound / np.abs(sound).max()


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * 16_000), np.float32)


def noise(count: int, level: float) -> np.ndarray:
    """A fan and a street: soft noise that is louder where it is lower."""
    rng = np.random.default_rng(0)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    sound = np.fft.irfft(spectrum, count)
    return (level * sound / sound.std()).astype(np.float32)


def recording(path: Path, *pieces: np.ndarray, behind: float = 0.0) -> Path:
    """A file Chromium takes for a microphone: it plays from the moment the page asks for one, again and again."""
    sound = np.concatenate(pieces)
    sound = (sound + noise(len(sound), behind) if behind else sound).clip(-1, 1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    return path


@contextlib.asynccontextmanager
async def page(url: str, microphone: Path | None, phone: bool = False, across: bool = False) -> AsyncIterator[Page]:
    """The page, opened, on a desk or on a phone, held upright or across.

    Fails when it complains on its console, or asks anyone but its server for anything.
    """
    media = ["--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required"]
    if microphone is not None:
        media += ["--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={microphone}"]
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox", *media])
        size = {"width": 844, "height": 390} if across else {"width": 390, "height": 844}
        kind = {"viewport": size, "is_mobile": True, "has_touch": True} if phone else {}
        context = await browser.new_context(**kind, permissions=["microphone"] if microphone else [])  # pyright: ignore
        shown, complaints = await context.new_page(), list[str]()
        shown.on("pageerror", lambda error: complaints.append(str(error)))
        shown.on("console", lambda said: complaints.append(said.text) if complains(said) else None)
        shown.on("request", lambda asked: complaints.append(asked.url) if not ours(asked.url, url) else None)
        await shown.goto(url)
        await shown.wait_for_selector(".tile img")
        try:
            yield shown
            assert not complaints
        finally:
            await browser.close()


def complains(said: ConsoleMessage) -> bool:
    """An error on the console; that a server answered "full", or "no picture", is none of the page's."""
    return said.type == "error" and "503" not in said.text and "422" not in said.text


def ours(asked: str, url: str) -> bool:
    return asked.startswith((url, url.replace("http", "ws"), "data:", "blob:"))


async def start(shown: Page) -> None:
    await shown.click("#go")
    await true(shown, "Boolean(livetalk.link)", 15)


async def state(shown: Page, name: str, seconds: float = 10) -> None:
    await true(shown, f"livetalk.state === '{name}'", seconds)


async def true(shown: Page, expression: str, seconds: float = 10) -> None:
    """Wait for it. The driver's own way of waiting is forbidden by the page's policy."""
    end = asyncio.get_running_loop().time() + seconds
    while not await shown.evaluate(expression):
        assert asyncio.get_running_loop().time() < end, f"not within {seconds} s: {expression}"
        await asyncio.sleep(0.02)


LIPS = """async ({ box, seconds }) => {
  const shown = [...document.querySelectorAll("#video, #canvas")].find((each) => !each.hidden);
  const small = Object.assign(document.createElement("canvas"), { width: 64, height: 64 });
  const context = small.getContext("2d", { willReadFrequently: true });
  const [x, y, w, h] = box.map((part) => Math.round(part * 64));
  const rows = [];
  const levels = [];
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; ) {
    context.drawImage(shown, 0, 0, 64, 64);
    const pixels = context.getImageData(x, y, w, h).data;
    rows.push(pixels);
    levels.push(livetalk.link ? livetalk.link.level() : 0);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  let moved = 0;
  for (let i = 0; i < rows[0].length; i++) {
    const mean = rows.reduce((sum, row) => sum + row[i], 0) / rows.length;
    moved += Math.sqrt(rows.reduce((sum, row) => sum + (row[i] - mean) ** 2, 0) / rows.length) / rows[0].length;
  }
  return { moved, level: Math.max(...levels) };
}"""


async def look(shown: Page, box: tuple[float, float, float, float], seconds: float = 1.0) -> dict[str, float]:
    """How much the pixels in a box (x, y, width, height of 1) change, their mean, and the loudest sound."""
    return await shown.evaluate(LIPS, {"box": box, "seconds": seconds})
