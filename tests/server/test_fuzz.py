"""Whatever is sent, it is answered with a 4xx or a closed session: never a crash, never another visitor's data."""

import asyncio
import json
import os
import random

import httpx
import pytest
import websockets

from livetalk.server.limits import ServerLimits
from tests.helpers.house import House, house, until
from tests.helpers.peer import RtcPeer, SocketPeer

MANY = int(os.environ.get("LIVETALK_FUZZ", "600"))  # requests and messages; 10,000 before a release
SECRET = "swordfish-only-i-may-see"
REASONS = ("malformed", "flood", "left")
PATHS = (
    "/v1/sessions",
    "/v1/sessions/{}",
    "/v1/sessions/{}/offer",
    "/v1/sessions/{}/socket",
    "/v1/avatars/{}.jpg",
    "/{}",
)
SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"


def junk(rng: random.Random, depth: int = 0) -> object:
    """Any JSON value, often one that nearly fits."""
    kind = rng.randrange(9 if depth < 3 else 6)
    names = ("type", "text", "sdp", "avatar", "portrait", "mood", "prompt", "n", "message", "__proto__", "ü\u0000")
    if kind == 0:
        return rng.choice((None, True, False, -1, 0, 10**30, -1.5, 1e308))
    if kind < 4:
        word = rng.choice(("ada", "offer", "text", "ping", "mood", "bye", "", "x" * rng.randrange(3000), SDP, "\ud800"))
        return word if rng.random() < 0.6 else "".join(chr(rng.randrange(1, 0xD7FF)) for _ in range(rng.randrange(40)))
    if kind < 6:
        return rng.choice((SDP + "a=candidate:" * rng.randrange(60), SDP[: rng.randrange(len(SDP))], "AAAA", "////"))
    if kind == 6:
        return [junk(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(names): junk(rng, depth + 1) for _ in range(rng.randrange(5))}


def raw(rng: random.Random) -> bytes:
    if rng.random() < 0.3:
        return rng.randbytes(rng.randrange(2000))
    text = json.dumps(junk(rng))
    return text[: rng.randrange(len(text) + 1)].encode() if rng.random() < 0.2 else text.encode()


async def request(h: House, rng: random.Random, owner: dict[str, str], own: str) -> None:
    path = rng.choice(PATHS).format(rng.choice((own, "x", "..", "%00", "a" * 300, "..%2f..%2fetc%2fpasswd")))
    headers = rng.choice(({}, owner, {"Authorization": "Bearer x"}, {"Authorization": "ü".encode("latin-1")}))
    kind = rng.choice(("application/json", "text/plain", "multipart/form-data; boundary=x", "application/json; x"))
    method = rng.choice(("POST", "POST", "POST", "GET", "PUT", "PATCH", "OPTIONS", "HEAD"))
    content = raw(rng)
    try:
        answer = await h.http.request(method, path, content=content, headers={**headers, "Content-Type": kind})
    except (httpx.InvalidURL, httpx.LocalProtocolError, httpx.ReadError, httpx.RemoteProtocolError):
        return
    assert answer.status_code < 500 or answer.status_code == 503, (method, path, content)
    assert SECRET not in answer.text
    if answer.status_code == 201:
        body = answer.json()
        await h.http.delete(f"/v1/sessions/{body['id']}", headers={"Authorization": f"Bearer {body['token']}"})


async def opened(h: House) -> tuple[str, dict[str, str]]:
    """A session, as soon as there is a place."""
    while (answer := await h.http.post("/v1/sessions", json={"avatar": "ada"})).status_code == 503:
        await asyncio.sleep(0.2)
    body = answer.json()
    return f"/v1/sessions/{body['id']}", {"Authorization": f"Bearer {body['token']}"}


async def messages(h: House, rng: random.Random, count: int) -> None:
    """Strange messages to sessions of their own, which may end: over WebSockets mostly sound that is none."""
    sent = 0
    while sent < count:
        path, owner = await opened(h)
        peer = SocketPeer()
        await peer.connect(h, path, owner)
        try:
            for _ in range(rng.randrange(1, 60)):
                text = raw(rng).decode("utf-8", "replace") if rng.random() < 0.5 else json.dumps(junk(rng))
                sent += 1
                await peer.socket.send(rng.randbytes(rng.randrange(700)) if rng.random() < 0.9 else text)
        except websockets.ConnectionClosed:
            pass
        assert SECRET not in json.dumps(peer.messages)
        await peer.close()
        await h.http.delete(path, headers=owner)


async def channel_messages(h: House, rng: random.Random, visits: int) -> None:
    """The same over WebRTC's data channel. What is no message ends the session, whatever it is made of."""
    for _ in range(visits):
        path, owner = await opened(h)
        peer = RtcPeer()
        await peer.connect(h, path, owner)
        peer.send({"type": "ping"})
        for _ in range(rng.randrange(20)):
            peer.channel.send(raw(rng) if rng.random() < 0.3 else json.dumps(junk(rng)))
        peer.channel.send(rng.choice(("{", "[1]", "ping", b"\x00\xff", "null", '{"type": 5}', "[" * 20_000)))
        await until(lambda peer=peer: any(m.get("reason") in REASONS for m in peer.messages))
        assert SECRET not in json.dumps(peer.messages)
        await peer.close()
        await until(lambda path=path: path.rsplit("/", 1)[1] not in h.visits._here)


async def besiege(seed: int, many: int) -> None:
    rng = random.Random(seed)
    async with house(ServerLimits(sessions=4, messages=40, idle=3600.0, unconnected=3600.0, duration=7200.0)) as h:
        path, calm_owner = await h.open(avatar="zola")
        calm = SocketPeer()
        await calm.connect(h, path, calm_owner)
        await calm.send({"type": "mood", "prompt": SECRET})
        own, owner = await h.open()
        for _ in range(many // 2):
            await request(h, rng, owner, own.rsplit("/", 1)[1])
        await messages(h, rng, many - many // 2)
        await channel_messages(h, rng, max(3, many // 300))
        await h.http.delete(own, headers=owner)
        await until(lambda: len(h.visits) == 1)
        await calm.send({"type": "ping", "n": 1})
        await until(lambda: {"type": "pong", "n": 1} in calm.messages)
        assert (await h.http.get("/health")).status_code == 200
        assert {m["type"] for m in calm.messages} <= {"state", "pong", "cut"}, "nothing of anyone else"
        await calm.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_malformed_requests_and_messages_hurt_nobody(seed: int):
    asyncio.run(besiege(seed, MANY // 2))
