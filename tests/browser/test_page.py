"""A person opens the page, is heard, is answered, interrupts: in a real browser with real voices."""

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Route

from livetalk.conditions.portrait import load_portrait
from tests.helpers.browser import REAL, look, page, recording, silence, start, state, true, voice
from tests.helpers.heif import Heic, heic
from tests.helpers.house import house, until

pytestmark = pytest.mark.slow
MOUTH = (0.36, 0.62, 0.28, 0.18)  # of `livetalk.avatar.fake.mouth_box`
STILL_HIDDEN = "document.getElementById('still').hidden"
WORDS = "one two three four five six seven eight nine ten eleven twelve"


async def without_udp(route: Route) -> None:
    """As behind a firewall: neither side learns an address of the other."""

    def stripped(sdp: str) -> str:
        return "".join(line for line in sdp.splitlines(True) if not line.startswith("a=candidate"))

    offer = json.loads(route.request.post_data or "")
    answer = await route.fetch(post_data=json.dumps({**offer, "sdp": stripped(offer["sdp"])}))
    body = await answer.json()
    await route.fulfill(response=answer, json={**body, "sdp": stripped(body["sdp"])})


@pytest.mark.parametrize(
    ("speaker", "behind", "way"),
    [("reader", 0.0, "webrtc"), ("order", 0.004, "webrtc"), ("something", 0.0, "websocket")],
)
def test_one_is_heard_and_answered(tmp_path: Path, speaker: str, behind: float, way: str):
    said = voice(speaker)
    microphone = recording(tmp_path / "voice.wav", silence(3), said, silence(12), behind=behind)

    async def run() -> None:
        async with house() as h, page(h.url, microphone) as shown:
            if way == "websocket":
                await shown.route("**/offer", without_udp)
            await start(shown)
            assert await shown.evaluate("livetalk.link.name") == way
            for place in ("#connection", "#notices"):
                assert ("UDP does not pass" in await shown.inner_text(place)) == (way == "websocket")
            await true(shown, STILL_HIDDEN)
            still = await look(shown, MOUTH)
            assert still["level"] < 0.01
            await state(shown, "speaking", 20)
            talking = await look(shown, MOUTH)
            assert talking["level"] > 0.05, "a voice is heard"
            assert talking["moved"] > 3 * still["moved"] + 1, "lips move with it"
            await true(shown, "document.getElementById('captionFace').innerText.length > 0")
            assert "seconds of speech" in await shown.inner_text("#captionUser")
            assert len(await shown.query_selector_all("#waterfall li")) == 5
            await state(shown, "listening")
            await shown.click("#leave")
            await until(lambda: len(h.visits) == 0)

    asyncio.run(run())


def test_one_interrupts_by_speaking(tmp_path: Path):
    first, second = voice("reader"), voice("order")
    microphone = recording(tmp_path / "voice.wav", silence(3), first, first, silence(2.6), second, silence(15))

    async def run() -> None:
        async with house() as h, page(h.url, microphone) as shown:
            await start(shown)
            await state(shown, "speaking", 20)
            await state(shown, "interrupted", 10)
            await asyncio.sleep(0.35)
            assert (await look(shown, MOUTH, 0.3))["level"] < 0.02, "it is silent while one speaks"
            await state(shown, "speaking", 15)
            assert h.studio.faces[0].interrupts >= 1

    asyncio.run(run())


def test_the_page_works_with_the_keyboard_and_without_a_microphone():
    async def run() -> None:
        async with house() as h, page(h.url, None) as shown:
            await shown.keyboard.press("Tab")
            await shown.keyboard.press("ArrowRight")
            assert await shown.evaluate("document.querySelector('input[name=face]:checked').value") == "asha"
            await shown.keyboard.press("Enter")
            await true(shown, "Boolean(livetalk.link)", 15)
            assert "microphone" in (await shown.inner_text("#notices")).lower()
            await shown.keyboard.type(WORDS)
            await shown.keyboard.press("Enter")
            await state(shown, "speaking")
            assert await shown.inner_text("#captionUser") == WORDS
            assert (await look(shown, MOUTH))["level"] > 0.02
            await shown.keyboard.press("Escape")
            await true(shown, "['interrupted', 'listening'].includes(livetalk.state)")
            await asyncio.sleep(0.3)
            assert (await look(shown, MOUTH, 0.4))["level"] < 0.02
            await shown.click("#moods button:nth-child(2)")
            await until(lambda: "happy" in h.studio.faces[0].prompts[-1])

    asyncio.run(run())


def test_a_dropped_photo_becomes_the_face(tmp_path: Path):
    microphone = recording(tmp_path / "voice.wav", silence(5))

    async def run() -> None:
        async with house() as h, page(h.url, microphone) as shown:
            await shown.set_input_files("#photo", REAL / "portrait.jpg")
            await shown.wait_for_selector("#ownPhoto")
            await start(shown)
            await true(shown, STILL_HIDDEN)
            assert np.abs(h.studio.faces[0].portrait - framed).max() < 40
            settings = await shown.evaluate("livetalk.microphone.getAudioTracks()[0].getSettings()")
            assert settings["echoCancellation"]

    framed = load_portrait(REAL / "portrait.jpg").astype(int)
    asyncio.run(run())


def test_a_photo_that_the_browser_does_not_know_becomes_the_face(tmp_path: Path):
    microphone = recording(tmp_path / "voice.wav", silence(5))
    with Image.open(REAL / "portrait.jpg") as photo:
        (tmp_path / "IMG_1.HEIC").write_bytes(heic(np.asarray(photo.convert("RGB")), Heic(tile=128)))

    async def run() -> None:
        async with house() as h, page(h.url, microphone) as shown:
            await shown.set_input_files("#photo", tmp_path / "IMG_1.HEIC")
            await shown.wait_for_selector("#ownPhoto")
            await start(shown)
            await true(shown, STILL_HIDDEN)
            assert np.abs(h.studio.faces[0].portrait - framed).mean() < 8

    framed = load_portrait(REAL / "portrait.jpg").astype(int)
    asyncio.run(run())


def test_a_file_that_is_no_picture_is_told_apart(tmp_path: Path):
    (tmp_path / "photo.png").write_bytes(b"no picture")

    async def run() -> None:
        async with house() as h, page(h.url, None) as shown:
            await shown.set_input_files("#photo", tmp_path / "photo.png")
            await shown.wait_for_selector(".notice")
            assert "cannot be understood as a picture" in await shown.inner_text("#notices")

    asyncio.run(run())


def test_the_loss_of_a_face_is_shown_within_two_seconds(tmp_path: Path):
    microphone = recording(tmp_path / "voice.wav", silence(5))

    async def run() -> None:
        async with house() as h, page(h.url, microphone, phone=True) as shown:
            await start(shown)
            await state(shown, "listening")
            h.studio.faces[0].lose(1.0)
            await state(shown, "reconnecting", 2)
            assert "face was lost" in await shown.inner_text("#notices")
            await state(shown, "listening", 4)

    asyncio.run(run())


def test_a_lost_connection_is_made_again(tmp_path: Path):
    microphone = recording(tmp_path / "voice.wav", silence(5))

    async def run() -> None:
        async with house() as h, page(h.url, microphone) as shown:
            await start(shown)
            await state(shown, "listening")
            visit = next(iter(h.visits._here.values()))
            link = visit.link
            assert link is not None
            await link.close()
            await true(shown, f"livetalk.state === 'reconnecting' && !({STILL_HIDDEN})", 8)
            await shown.click("#moods button:nth-child(3)")
            await true(shown, "Boolean(livetalk.link)", 20)
            await state(shown, "listening", 5)
            await until(lambda: "sad" in h.studio.faces[0].prompts[-1])
            await true(shown, STILL_HIDDEN)
            assert len(h.visits) == 1

    asyncio.run(run())


def test_one_may_leave_before_a_way_is_found_and_begin_again(tmp_path: Path):
    microphone = recording(tmp_path / "voice.wav", silence(5))
    answered = asyncio.Event()

    async def late(route: Route) -> None:
        await answered.wait()
        await route.fulfill(json={"sdp": "", "type": "answer"})

    async def run() -> None:
        async with house() as h, page(h.url, microphone) as shown:
            await shown.route("**/offer", late, times=1)
            await shown.click("#go")
            await state(shown, "connecting")
            await shown.click("#leave")
            await until(lambda: len(h.visits) == 0)
            answered.set()
            await start(shown)
            await state(shown, "listening")
            await asyncio.sleep(1)
            assert await shown.evaluate("livetalk.link.name") == "webrtc"
            assert await shown.inner_text("#notices") == ""
            assert len(h.visits) == 1

    asyncio.run(run())


def test_a_key_that_is_held_down_ends_nothing():
    async def run() -> None:
        async with house() as h, page(h.url, None) as shown:
            await start(shown)
            await shown.keyboard.type(WORDS)
            await shown.keyboard.press("Enter")
            await state(shown, "speaking")
            for _ in range(80):
                await shown.keyboard.down("Escape")
            await shown.keyboard.up("Escape")
            await state(shown, "listening")
            await asyncio.sleep(0.5)
            assert len(h.visits) == 1
            assert h.studio.faces[0].interrupts == 1

    asyncio.run(run())


def test_a_full_server_says_so_and_what_to_do(tmp_path: Path):
    microphone = recording(tmp_path / "voice.wav", silence(5))

    async def run() -> None:
        async with house(places=1) as h:
            await h.open()
            async with page(h.url, microphone) as shown:
                await shown.click("#go")
                await shown.wait_for_selector(".notice")
                assert "try again in a minute" in await shown.inner_text("#notices")
                assert await shown.evaluate("document.body.dataset.view") == "choose"

    asyncio.run(run())


@pytest.mark.parametrize("across", [False, True])
def test_nothing_lies_outside_a_phone(tmp_path: Path, across: bool):
    microphone = recording(tmp_path / "voice.wav", silence(5))

    async def run() -> None:
        async with house() as h, page(h.url, microphone, phone=True, across=across) as shown:
            wide = "document.documentElement.scrollWidth <= window.innerWidth"
            assert await shown.evaluate(wide)
            await start(shown)
            assert await shown.evaluate(wide)
            boxes = {
                name: await (await shown.query_selector(name)).bounding_box() for name in ("#frame", "#text", "#leave")
            }
            assert boxes["#leave"]["x"] + boxes["#leave"]["width"] <= (844 if across else 390)
            assert boxes["#leave"]["y"] + boxes["#leave"]["height"] <= (390 if across else 844)
            assert boxes["#frame"]["width"] > 250
            assert boxes["#text"]["width"] > 120

    asyncio.run(run())
