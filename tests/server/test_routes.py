"""The door: sessions have owners and limits, mistakes have sentences, nothing is open that need not be."""

import asyncio
import base64
import io
import json
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livetalk.conditions.portrait import load_portrait
from livetalk.conversation.events import Event, Problem, State, StateChanged
from livetalk.server import logs
from livetalk.server.limits import ServerLimits
from livetalk.server.session import END_REASONS, Session
from tests.helpers.heif import Heic, heic
from tests.helpers.house import house, until
from tests.helpers.peer import SocketPeer

REAL = Path(__file__).parents[1] / "real" / "portrait.jpg"


def picture(size: tuple[int, int] = (300, 300), kind: str = "png") -> str:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    Image.fromarray(noise).save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


def test_a_session_belongs_to_whoever_has_its_token():
    async def run() -> None:
        async with house() as h:
            path, owner = await h.open()
            other, stranger = await h.open()
            assert (await h.http.get(path, headers=owner)).status_code == 200
            for headers in ({}, stranger, {"Authorization": "Bearer"}, {"Authorization": "Basic x"}):
                for answer in (await h.http.get(path, headers=headers), await h.http.delete(path, headers=headers)):
                    assert answer.status_code == 404
            missing = await h.http.get("/v1/sessions/nobody", headers=owner)
            assert missing.json() == (await h.http.get(path)).json(), "unknown and not yours look alike"
            assert (await h.http.delete(path, headers=owner)).status_code == 200
            assert (await h.http.get(path, headers=owner)).status_code == 404
            assert len(h.studio.faces) == 1
            assert (await h.http.get(other, headers=stranger)).status_code == 200

    asyncio.run(run())


def test_places_are_limited_and_come_back():
    async def run() -> None:
        async with house(ServerLimits(sessions=1)) as h:
            path, owner = await h.open()
            full = await h.http.post("/v1/sessions", json={"avatar": "ada"})
            assert full.status_code == 503
            assert "Retry-After" in full.headers
            assert "try again" in full.json()["error"]["message"]
            await h.http.delete(path, headers=owner)
            await h.open()

    asyncio.run(run())


def test_the_place_of_one_who_is_leaving_is_waited_for():
    async def run() -> None:
        async with house(ServerLimits(sessions=1)) as h:
            peer = SocketPeer()
            await peer.connect(h, *await h.open())
            await peer.send({"type": "bye"})
            await until(lambda: all(visit.reason is not None for visit in h.visits._here.values()))
            answers = await asyncio.gather(*(h.http.post("/v1/sessions", json={"avatar": "ada"}) for _ in range(2)))
            assert sorted(answer.status_code for answer in answers) == [201, 503]
            await peer.close()

    asyncio.run(run())


def test_a_place_is_kept_for_one_who_is_coming():
    async def run() -> None:
        async with house(ServerLimits(sessions=1)) as h:
            with pytest.raises(ValueError, match="no face"), h.visits.reserved():
                assert (await h.http.post("/v1/sessions", json={"avatar": "ada"})).status_code == 503
                raise ValueError("no face")
            await h.open()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (ServerLimits(unconnected=0.5), "unconnected"),
        (ServerLimits(idle=0.5), "idle"),
        (ServerLimits(duration=0.5), "duration"),
    ],
)
def test_sessions_end_at_their_limits(limits: ServerLimits, reason: str):
    async def run() -> None:
        async with house(limits) as h:
            await h.open()
            await until(lambda: len(h.visits) == 0)
            assert not h.studio.faces
            assert f'livetalk_sessions_ended_total{{reason="{reason}"}} 1.0' in (await h.http.get("/metrics")).text

    asyncio.run(run())


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"avatar": "nobody"}, "no such avatar"),
        ({"portrait": "!!!"}, "not base64"),
        ({"portrait": base64.b64encode(b"GIF89a").decode()}, "understood as a picture"),
        ({"portrait": ""}, "empty"),
        ({"portrait": picture()}, "no face"),
        ({"portrait": picture()[:400]}, "damaged"),
        ({"avatar": "ada", "portrait": picture()}, "not both"),
        ({"avatar": 5}, "wrong kind"),
        ({"mood": ""}, "mood"),
        ({"evil": 1}, "unknown"),
    ],
)
def test_a_mistake_gets_a_sentence(wish: dict[str, object], words: str):
    async def run() -> None:
        async with house() as h:
            answer = await h.http.post("/v1/sessions", json=wish)
            assert answer.status_code == 422
            assert words in answer.json()["error"]["message"]
            assert not h.studio.faces

    asyncio.run(run())


def test_a_photo_with_odd_metadata_becomes_a_face_the_right_way_up():
    odd = struct.pack("<HHIi", 0x0111, 9, 1, -5)  # which no writer would write anew
    turned = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    exif = b"Exif\0\0" + struct.pack("<2sHIH", b"II", 42, 8, 2) + odd + turned + bytes(4)
    file = io.BytesIO()
    with Image.open(REAL) as photo:
        photo.transpose(Image.Transpose.ROTATE_90).save(file, "jpeg", exif=exif, quality=95)

    async def run() -> None:
        async with house() as h:
            await h.open(avatar=None, portrait=base64.b64encode(file.getvalue()).decode())
            framed = load_portrait(REAL).astype(int)
            assert np.abs(h.studio.faces[0].portrait - framed).mean() < 12

    asyncio.run(run())


def test_halves_of_letters_are_no_hindrance():
    async def run() -> None:
        async with house() as h:
            peer = SocketPeer()
            await peer.connect(h, *await h.open())
            await peer.send({"type": "text", "text": "one \ud800 two"})
            await until(lambda: any("one ? two" in m.get("text", "") for m in peer.messages))
            await peer.close()

    asyncio.run(run())


def test_a_photo_becomes_a_face_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    async def run() -> None:
        async with house() as h:
            await h.open(avatar=None, portrait=base64.b64encode(REAL.read_bytes()).decode())
            assert h.studio.faces[0].portrait.shape == (256, 256, 3)

    asyncio.run(run())
    assert not list(tmp_path.iterdir())


def test_a_picture_that_browsers_do_not_know_becomes_a_face_and_a_jpeg():
    with Image.open(REAL) as photo:
        data = base64.b64encode(heic(np.asarray(photo.convert("RGB")), Heic(tile=128))).decode()

    async def run() -> None:
        async with house() as h:
            await h.open(avatar=None, portrait=data)
            framed = load_portrait(REAL).astype(int)
            assert np.abs(h.studio.faces[0].portrait - framed).mean() < 5
            answer = await h.http.post("/v1/pictures", json={"portrait": data})
            made = Image.open(io.BytesIO(base64.b64decode(answer.json()["portrait"])))
            assert (made.format, made.size) == ("JPEG", (640, 360))
            for wrong, words in [("", "is empty"), ("!", "not base64"), ("AAAA", "cannot be understood as a picture")]:
                answer = await h.http.post("/v1/pictures", json={"portrait": wrong})
                assert answer.status_code == 422
                assert words in answer.json()["error"]["message"]
            answers = await asyncio.gather(*(h.http.post("/v1/pictures", json={"portrait": data}) for _ in range(12)))
            assert {answer.status_code for answer in answers} == {200, 503}

    asyncio.run(run())


def test_a_picture_with_too_many_pixels_is_not_opened():
    async def run() -> None:
        async with house(ServerLimits(pixels=1000)) as h:
            answer = await h.http.post("/v1/sessions", json={"portrait": picture()})
            assert "too many pixels" in answer.json()["error"]["message"]

    asyncio.run(run())


def test_long_bodies_are_refused_before_they_are_read():
    async def stream():
        for _ in range(400):
            yield b"x" * 10_000

    async def run() -> None:
        async with house(ServerLimits(upload=1_000_000)) as h:
            head = {"Content-Type": "application/json"}
            assert (await h.http.post("/v1/sessions", content=b"x" * 2_000_000, headers=head)).status_code == 413
            assert (await h.http.post("/v1/sessions", content=stream(), headers=head)).status_code in (400, 413)
            path, owner = await h.open()
            long = json.dumps({"sdp": "x" * 300_000, "type": "offer"})
            assert (await h.http.post(f"{path}/offer", content=long, headers={**head, **owner})).status_code == 413

    asyncio.run(run())


def test_other_origins_and_borrowed_names_are_refused():
    async def run() -> None:
        async with house() as h:
            evil = {"Origin": "https://evil.example"}
            assert (await h.http.post("/v1/sessions", json={}, headers=evil)).status_code == 403
            for broken in ("http://[", "null", "https://a]b"):
                assert (await h.http.get("/ready", headers={"Origin": broken})).status_code == 403
            assert (await h.http.get("/ready", headers={"Host": "evil.example"})).status_code == 421
            assert (await h.http.get("/ready", headers={"Origin": h.url})).status_code == 200
            preflight = await h.http.options("/v1/sessions", headers={"Access-Control-Request-Method": "POST"})
            assert not [name for name in preflight.headers if name.startswith("access-control")]

    asyncio.run(run())


@pytest.mark.parametrize("name", ["testserver", "localhost; script-src *", "[::1%; script-src *]", "a@localhost"])
def test_a_name_is_a_name_and_one_of_ours(name: str):
    async def run() -> None:
        async with house() as h:
            assert (await h.http.get("/ready", headers={"Host": name})).status_code == 421

    asyncio.run(run())


def test_the_page_speaks_to_its_own_host_only():
    async def run() -> None:
        async with house() as h:
            own = h.url.removeprefix("http://")
            for host in (own, "localhost", "[::1]:80"):
                policy = (await h.http.get("/", headers={"Host": host})).headers["content-security-policy"]
                assert f"connect-src 'self' ws://{host} wss://{host};" in policy

    asyncio.run(run())


def test_the_page_is_served_whole_and_loads_nothing_from_elsewhere():
    async def run() -> None:
        async with house() as h:
            page = await h.http.get("/")
            assert "default-src 'self'" in page.headers["content-security-policy"]
            names = [
                "style.css",
                "main.js",
                "choose.js",
                "line.js",
                "microphone.js",
                "webrtc.js",
                "websocket.js",
                "session.js",
                "view.js",
                "sound.js",
                "icon.svg",
            ]
            for name in names:
                answer = await h.http.get(f"/{name}")
                assert answer.status_code == 200
                assert "://" not in answer.text.replace("http://www.w3.org/2000/svg", "")
            assert (await h.http.get("/../app.py")).status_code == 404
            assert (await h.http.get("/v1/avatars/ada.jpg")).headers["content-type"] == "image/jpeg"
            assert (await h.http.get("/v1/avatars/..%2Fada.jpg")).status_code == 404

    asyncio.run(run())


def test_health_ready_and_metrics():
    async def run() -> None:
        async with house() as h:
            assert (await h.http.get("/health")).status_code == 200
            assert (await h.http.get("/ready")).json() == {"status": "ready", "sessions": 0, "places": 4}
            await h.open()
            text = (await h.http.get("/metrics")).text
            assert "livetalk_sessions 1.0" in text
            assert "livetalk_places 4.0" in text
            h.studio.ready = False
            assert (await h.http.get("/ready")).status_code == 503
            assert (await h.http.get("/health")).status_code == 200
            h.studio.ready = True

    asyncio.run(run())


def test_draining_lets_answers_finish_and_lets_nobody_in(monkeypatch: pytest.MonkeyPatch):
    told, happened = list[Event](), Session.on_event

    def noted(visit: Session, event: Event) -> None:
        told.append(event)
        happened(visit, event)

    monkeypatch.setattr(Session, "on_event", noted)

    async def run() -> None:
        async with house() as h:
            await h.open()
            visit = next(iter(h.visits._here.values()))
            await until(lambda: StateChanged(State.LISTENING) in told)  # the conversation has begun
            visit.on_event(StateChanged(State.SPEAKING))
            began = time.monotonic()
            draining = asyncio.create_task(h.visits.drain())
            await asyncio.sleep(0.3)
            assert (await h.http.get("/ready")).status_code == 503
            assert (await h.http.post("/v1/sessions", json={})).status_code == 503
            assert len(h.visits) == 1, "it still speaks"
            visit.on_event(StateChanged(State.LISTENING))
            await draining
            assert time.monotonic() - began < 3
            assert len(h.visits) == 0

    asyncio.run(run())


def test_logs_hold_no_words(capsys: pytest.CaptureFixture[str]):
    from loguru import logger

    file = io.StringIO()
    log = logs.Log(file)
    logs.only_places(log)
    logger.warning("the visitor said: {}", "swordfish")
    try:
        raise ValueError("swordfish")
    except ValueError:
        logger.exception("swordfish")
    log("opened", session="a")
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["library", "library", "opened"]
    assert lines[1]["error"] == "ValueError"
    assert "swordfish" not in file.getvalue() + "".join(capsys.readouterr())
    logger.remove()


def test_every_ending_has_a_sentence_and_problems_are_counted():
    async def run() -> None:
        async with house() as h:
            await h.open()
            visit = next(iter(h.visits._here.values()))
            visit.on_event(Problem("voice", "the voice was lost: look"))
            assert 'livetalk_problems_total{step="voice"} 1.0' in (await h.http.get("/metrics")).text

    asyncio.run(run())
    assert all(words.endswith(".") for words in END_REASONS.values())


def test_a_portrait_that_will_not_do_well_is_taken_with_a_warning():
    async def run() -> None:
        async with house() as h:
            dim = (255 * ((np.asarray(Image.open(REAL)) / 255) ** 2.2 / 24) ** (1 / 2.2)).astype(np.uint8)
            file = io.BytesIO()
            Image.fromarray(dim).save(file, "png")
            for data, kinds in ((file.getvalue(), {"dark"}), (REAL.read_bytes(), set())):
                wish = {"portrait": base64.b64encode(data).decode()}
                answer = await h.http.post("/v1/sessions", json=wish)
                assert answer.status_code == 201
                warnings = answer.json()["warnings"]
                assert {warning["kind"] for warning in warnings} - {"small"} == kinds
                assert all(warning["step"] == "portrait" and warning["message"] for warning in warnings)
            assert (await h.http.post("/v1/sessions", json={"avatar": "ada"})).json()["warnings"] == []

    asyncio.run(run())
