"""What the server and the page say to each other stays: routes, answers, messages and their order where it is promised.

A scripted visitor of a drawn face whose brain echoes. What differs from visit to visit (ids, tokens, times) is masked;
how often a caption grows or a step of an answer is reported is the moment's affair, so of those the form is compared.
"""

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from tests.helpers.house import House, house, until
from tests.helpers.peer import Peer, RtcPeer, SocketPeer
from tests.helpers.recorded import differences

KINDS = {bool: "boolean", int: "number", float: "number", str: "text", type(None): "null", list: "list", dict: "object"}
PAGE = ("main.js", "line.js", "session.js", "webrtc.js", "websocket.js")
MASKED = ("id", "token", "sdp", "message")
GROWING = ("caption", "waterfall", "pong", "cut")  # kinds of messages of which the number is not promised


def masked(value: Any) -> Any:
    """A JSON value without what is new in every visit, and without sentences, which may be worded better."""
    if isinstance(value, dict):
        return {k: f"<{k}>" if k in MASKED else masked(v) for k, v in value.items()}
    if isinstance(value, list):
        return [masked(each) for each in value]
    return value


def forms(messages: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """By type of message, the kind of every field: of all such messages together."""
    found: dict[str, dict[str, set[str]]] = {}
    for message in messages:
        fields = found.setdefault(message["type"], {})
        for name, value in message.items():
            fields.setdefault(name, set()).add(KINDS[type(value)])
    for name, kinds in found.get("waterfall", {}).items():
        if name not in ("type", "turn"):
            kinds.add("null")  # whether a step was reported by itself is the moment's affair
    return {kind: {name: " or ".join(sorted(k)) for name, k in fields.items()} for kind, fields in found.items()}


async def answers(h: House) -> dict[str, Any]:
    """Every HTTP route asked rightly and wrongly: status and body."""
    found: dict[str, Any] = {}
    opened = await h.http.post("/v1/sessions", json={"avatar": "ada", "mood": "a person smiles"})
    path = f"/v1/sessions/{opened.json()['id']}"
    owner = {"Authorization": f"Bearer {opened.json()['token']}"}
    found["POST /v1/sessions"] = [opened.status_code, masked(opened.json())]
    for method, place, body, head in (
        ("GET", "/v1/avatars", None, {}),
        ("GET", "/health", None, {}),
        ("GET", "/ready", None, {}),
        ("POST", "/v1/sessions", {"avatar": "nobody"}, {}),
        ("POST", "/v1/sessions", {"avatar": "ada", "portrait": "AA=="}, {}),
        ("POST", "/v1/sessions", {"portrait": "!"}, {}),
        ("POST", "/v1/sessions", {"evil": 1}, {}),
        ("POST", f"{path}/offer", {"sdp": "x"}, owner),
        ("POST", f"{path}/offer", {"sdp": "x", "type": "offer"}, owner),
        ("GET", path, None, {}),
        ("GET", path, None, owner),
        ("DELETE", path, None, owner),
        ("GET", path, None, owner),
        ("GET", "/v1/nothing", None, {}),
        ("GET", "/v1/avatars/nobody.jpg", None, {}),
    ):
        answer = await h.http.request(method, place, json=body, headers=head)
        who = " as its owner" if head else ""
        name = f"{method} {place.replace(path, '/v1/sessions/ID')}{who} {'' if body is None else body}".strip()
        again = name if name not in found else f"{name} again"
        found[again] = [answer.status_code, masked(answer.json())]
    for place in ("/", "/main.js", "/v1/avatars/ada.jpg", "/metrics"):
        answer = await h.http.get(place)
        found[f"GET {place}"] = [answer.status_code, answer.headers["content-type"]]
    names = re.findall(r"^# TYPE (livetalk_\w+) (\w+)$", (await h.http.get("/metrics")).text, re.M)
    found["metrics"] = {name: kind for name, kind in names if not name.endswith("_created")}
    return found


def once(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without those that say what the one before said: a state is told again to whoever has just connected."""
    return [message for i, message in enumerate(messages) if i == 0 or message != messages[i - 1]]


async def tell(peer: Peer, **message: object) -> None:
    """A message of the page."""
    sent = peer.send(message)  # type: ignore[attr-defined]
    if inspect.isawaitable(sent):
        await sent


async def talk(h: House, kind: type[SocketPeer] | type[RtcPeer]) -> dict[str, Any]:
    """An answer heard to its end, one that is interrupted, and a farewell -> what the visitor was told."""
    peer = kind()
    await peer.connect(h, *await h.open())
    await until(lambda: "listening" in peer.states())
    await tell(peer, type="text", text="one two three")
    await until(lambda: peer.states()[-1] == "listening" and "speaking" in peer.states())
    first = [message for message in peer.messages if message["type"] not in GROWING]
    captions = [message for message in peer.messages if message["type"] == "caption" and message["final"]]
    await tell(peer, type="ping", n=7)
    await tell(peer, type="mood", prompt=" ")
    await until(lambda: any(message["type"] == "problem" for message in peer.messages))
    await tell(peer, type="mood", prompt="a happy person")
    before = len(peer.messages)
    await tell(peer, type="text", text="one two three four five six seven eight nine ten eleven twelve")
    await until(lambda: "speaking" in [m.get("state") for m in peer.messages[before:]])
    await tell(peer, type="interrupt")
    await until(lambda: any(m["type"] == "cut" for m in peer.messages[before:]) and peer.states()[-1] == "listening")
    second = [m for m in peer.messages[before:] if m["type"] not in GROWING]
    await tell(peer, type="bye")
    await until(lambda: peer.messages[-1]["type"] == "ended")
    await peer.close()
    await until(lambda: not h.studio.faces)
    told = {
        "first turn": once(first),
        "captions": once(captions),
        "second turn": once(second),
        "pong": next((message for message in peer.messages if message.get("n") == 7), None),
        "problem": next(message for message in peer.messages if message["type"] == "problem"),
        "farewell": peer.messages[-1],
        "forms": forms(peer.messages),
    }
    if isinstance(peer, SocketPeer):
        told["samples"] = sorted({len(pcm) for _, pcm in peer.pieces})
    return masked(told)


async def nonsense(h: House) -> dict[str, Any]:
    """How a visitor is sent away whose page says what is no message."""
    peer = SocketPeer()
    await peer.connect(h, *await h.open())
    await tell(peer, type="dance")
    await until(lambda: bool(peer.messages) and peer.messages[-1]["type"] == "ended")
    await peer.close()
    return masked(peer.messages[-1])


async def misfortunes(h: House) -> list[dict[str, Any]]:
    """What a visitor is told whose face is lost, comes back and breaks, on a server that is then stopped."""
    peer = SocketPeer()
    await peer.connect(h, *await h.open())
    await until(lambda: len(peer.pictures) > 3)
    h.studio.faces[0].lose(0.3)
    await until(lambda: "reconnecting" in peer.states() and peer.states()[-1] == "listening")
    h.studio.faces[0].break_down("it broke")
    await until(lambda: any(message["type"] == "problem" for message in peer.messages))
    await h.visits.drain()
    await until(lambda: peer.messages[-1]["type"] == "ended")
    await peer.close()
    return masked(once([message for message in peer.messages if message["type"] not in GROWING]))


async def page(h: House) -> dict[str, list[str]]:
    """Types of messages that the page's scripts send and take."""
    text = "".join([(await h.http.get(f"/{name}")).text for name in PAGE])
    return {
        "sent": sorted(set(re.findall(r'send\(\{ type: "(\w+)"', text))),
        "taken": sorted(set(re.findall(r'case "(\w+)":', text))),
    }


async def asked(*questions: Callable[[House], Awaitable[Any]]) -> list[Any]:
    """What a server answers to each."""
    async with house() as h:
        return [await question(h) for question in questions]


def test_every_route_answers_as_before(frozen) -> None:
    frozen.same("routes", asyncio.run(asked(answers))[0], partial(differences, more=True))


def test_the_page_and_the_server_say_what_they_said(frozen) -> None:
    told = asyncio.run(asked(partial(talk, kind=SocketPeer), nonsense, page, misfortunes))
    frozen.same("talk", dict(zip(("websocket", "nonsense", "page", "misfortunes"), told, strict=True)))


@pytest.mark.slow
def test_the_other_way_to_a_visitor_says_the_same(frozen) -> None:
    told = asyncio.run(asked(partial(talk, kind=RtcPeer)))[0]
    was = frozen.recorded("talk")["websocket"]
    assert not differences({name: value for name, value in was.items() if name != "samples"}, told)
