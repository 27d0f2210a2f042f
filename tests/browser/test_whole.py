"""The whole house: `livetalk serve` with the bundled model and the local brain, a browser, a voice."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from livetalk.cli.console import weights
from livetalk.conversation.brains.base import BrainError
from livetalk.conversation.brains.local import models
from livetalk.evaluation.served import server
from tests.helpers.browser import look, page, recording, silence, start, state, true, voice

FACE = (0.3, 0.55, 0.4, 0.3)  # mouth and chin, whoever it is
pytestmark = pytest.mark.skipif(not weights(), reason="the weights of tiny are not bundled yet")


def local_models() -> None:
    try:
        models.find_whisper()
        models.find_chat()
    except BrainError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.mark.slow
def test_the_local_brain_hears_thinks_and_speaks(tmp_path: Path):
    local_models()
    microphone = recording(tmp_path / "voice.wav", silence(10), voice("reader"), silence(40))

    async def run() -> None:
        async with server("--brain", "local") as served, page(served.url, microphone) as shown:
            await start(shown)
            await true(shown, "document.getElementById('still').hidden")
            await asyncio.sleep(1.5)
            # The portrait first takes on its mood, which takes longer on a slow machine: the calmest look counts.
            still = min([(await look(shown, FACE, 1.5))["moved"] for _ in range(4)])
            await state(shown, "speaking", 180)
            talking = await look(shown, FACE, 1.5)
            assert talking["level"] > 0.03
            assert talking["moved"] > 1.3 * still, (talking, still)
            heard = (await shown.inner_text("#captionUser")).lower()
            assert sum(word in heard for word in ("rather", "cold", "hearted", "selfish", "disposed")) >= 3, heard
            await true(shown, "document.getElementById('captionFace').innerText.split(' ').length > 1")
            await state(shown, "listening", 90)
            await shown.fill("#text", "My name is Ada. What is my name?")
            await shown.press("#text", "Enter")
            await state(shown, "speaking", 180)
            await shown.keyboard.press("Escape")
            await true(shown, "livetalk.state !== 'speaking'", 2)
            await asyncio.sleep(0.4)
            assert (await look(shown, FACE, 0.4))["level"] < 0.02

    asyncio.run(run())


@pytest.mark.slow
def test_the_death_of_the_worker_is_told_within_two_seconds_and_survived(tmp_path: Path):
    microphone = recording(tmp_path / "voice.wav", silence(60))

    async def run() -> None:
        async with server("--brain", "echo") as served, page(served.url, microphone) as shown:
            await start(shown)
            await true(shown, "document.getElementById('still').hidden")
            await asyncio.sleep(6)
            began = time.monotonic()
            for child in Path(f"/proc/{served.pid}/task/{served.pid}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)
            await state(shown, "reconnecting", 3)
            assert time.monotonic() - began < 2.2
            await state(shown, "listening", 90)
            await shown.fill("#text", "one two three four")
            await shown.press("#text", "Enter")
            await state(shown, "speaking", 15)

    asyncio.run(run())
