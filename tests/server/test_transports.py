"""Both ways to a visitor carry one clock, come back after a loss, and leave nothing behind."""

import asyncio
import gc
import os
import threading

import numpy as np
import pytest

from livetalk.avatar.fake import MarkerAvatar
from livetalk.conversation.events import State, StateChanged
from livetalk.media import read_speech
from livetalk.server.limits import ServerLimits
from livetalk.server.webrtc import ice_for_page, parse_ice
from livetalk.server.websocket import SocketLink
from tests.helpers.house import House, house, until
from tests.helpers.peer import Peer, RtcPeer, SocketPeer
from tests.helpers.relay import relay

pytestmark = pytest.mark.slow
WELCOME = "livetalk/assets/speech/hello.ogg"


@pytest.mark.parametrize("kind", [RtcPeer, SocketPeer])
def test_a_white_picture_and_its_beep_leave_with_one_time_stamp(kind: type[RtcPeer] | type[SocketPeer]):
    async def run() -> Peer:
        async with house(face=MarkerAvatar) as h:
            peer = kind()
            await peer.connect(h, *await h.open())
            await asyncio.sleep(4.5)
            await peer.close()
            return peer

    peer = asyncio.run(run())
    # The first white frame of each second and the first loud piece of sound. WebRTC time stamps begin anywhere.
    whites = [pts for pts, seen in peer.pictures if seen > 128]
    beeps = [pts for pts, peak in peer.sound if peak > 4000]
    onsets = [pts for before, pts in zip([-99999, *beeps], beeps, strict=False) if pts - before > 8000]
    assert len(whites) >= 3
    assert len(onsets) >= 3
    if kind is SocketPeer:
        assert all(min(abs(white - onset) for onset in onsets) <= 320 for white in whites)
    steps = np.diff(whites)
    assert (np.abs(steps - 16_000) <= 2).all(), "one a second on the clock, whatever the wall says"


def test_a_visitor_is_heard_and_answered_over_a_websocket():
    async def run() -> Peer:
        async with house() as h:
            peer = SocketPeer()
            await peer.connect(h, *await h.open())
            speech = np.concatenate(list(read_speech(WELCOME)))
            await peer.say((np.concatenate([np.zeros(8000), speech, np.zeros(24_000)]) * 32767).astype(np.int16))
            await until(lambda: "speaking" in peer.states())
            await until(lambda: any(peak > 2000 for _, peak in peer.sound[-50:]), 5)
            await peer.send({"type": "bye"})
            await until(lambda: any(m["type"] == "ended" for m in peer.messages))
            await peer.close()
            return peer

    peer = asyncio.run(run())
    assert peer.states()[0] == "listening"
    assert any(m["type"] == "waterfall" and m["first_frame"] is not None for m in peer.messages)
    assert any(m["type"] == "caption" and m["role"] == "assistant" for m in peer.messages)


def test_written_words_moods_and_interrupts():
    async def run() -> None:
        async with house() as h:
            peer = RtcPeer()
            await peer.connect(h, *await h.open())
            peer.send({"type": "ping", "n": 7})
            peer.send({"type": "mood", "prompt": "a happy person"})
            peer.send({"type": "mood", "prompt": " "})
            peer.send({"type": "text", "text": "one two three four five six seven eight nine ten"})
            await until(lambda: "speaking" in peer.states())
            await until(lambda: any(peak > 500 for _, peak in peer.sound))
            peer.send({"type": "interrupt"})
            cuts = sum(m["type"] == "cut" for m in peer.messages)
            await until(lambda: sum(m["type"] == "cut" for m in peer.messages) > cuts)
            await asyncio.sleep(0.3)
            count = len(peer.sound)
            await asyncio.sleep(0.5)
            assert all(peak < 200 for _, peak in peer.sound[count:])
            assert {"type": "pong", "n": 7} in peer.messages
            assert h.studio.faces[0].prompts[-1] == "a happy person"
            assert [m["step"] for m in peer.messages if m["type"] == "problem"] == ["mood"]
            await peer.close()

    asyncio.run(run())


def test_a_microphone_is_heard_however_late_it_is_switched_on():
    async def run() -> None:
        async with house() as h:
            peer = RtcPeer(mute=True)
            await peer.connect(h, *await h.open())
            visit = next(iter(h.visits._here.values()))
            await asyncio.sleep(4.5)
            assert visit._heard_until == visit.began, "nothing was sent"
            peer.send({"type": "ping"})
            peer.unmute()
            await until(lambda: visit._heard_until > visit.began)
            await peer.close()

    asyncio.run(run())


def test_a_lost_way_is_found_again_and_the_conversation_goes_on():
    async def run() -> None:
        async with house() as h:
            path, owner = await h.open()
            peer = SocketPeer()
            await peer.connect(h, path, owner)
            await until(lambda: len(peer.sound) > 20)
            await peer.close()
            visit = next(iter(h.visits._here.values()))
            await until(lambda: visit.link is None)
            visit.on_event(StateChanged(State.THINKING))
            again = RtcPeer()
            await again.connect(h, path, owner)
            await until(lambda: again.states() == ["thinking"])
            await until(lambda: len(again.pictures) > 3)
            third = SocketPeer()
            await third.connect(h, path, owner)
            await until(lambda: len(third.sound) > 5)
            assert len(h.visits) == 1
            await third.close()
            await again.close()

    asyncio.run(run())


def test_a_visitor_whose_face_is_lost_is_told_at_once():
    async def run() -> None:
        async with house() as h:
            peer = SocketPeer()
            await peer.connect(h, *await h.open())
            await until(lambda: len(peer.pictures) > 3)
            h.studio.faces[0].lose(0.6)
            await until(lambda: "reconnecting" in peer.states(), 2.0)
            await until(lambda: peer.states()[-1] == "listening", 3.0)
            await peer.close()

    asyncio.run(run())


def test_a_wrong_token_opens_no_socket():
    async def run() -> None:
        async with house() as h:
            path, _ = await h.open()
            for wrong in ("x", ""):
                with pytest.raises(Exception, match=r"403|empty|invalid"):
                    await SocketPeer().connect(h, path, {"Authorization": f"Bearer {wrong}"})

    asyncio.run(run())


def test_a_server_without_udp_says_so():
    async def run() -> None:
        async with house(udp=False) as h:
            path, owner = await h.open()
            peer = RtcPeer()
            answer = await h.http.post(f"{path}/offer", json=await peer.offer(), headers=owner)
            assert answer.status_code == 409
            await peer.close()

    asyncio.run(run())


def test_strange_messages_end_the_session_and_no_other():
    async def run() -> None:
        async with house(ServerLimits(messages=20)) as h:
            calm = SocketPeer()
            await calm.connect(h, *await h.open())
            for message in ({"type": "evil"}, [1], "text", {"type": "text", "text": 5}, None):
                peer = SocketPeer()
                await peer.connect(h, *await h.open())
                await peer.send(message)
                await until(lambda peer=peer: any(m.get("reason") == "malformed" for m in peer.messages))
                await peer.close()
            flood = SocketPeer()
            await flood.connect(h, *await h.open())
            for _ in range(30):
                await flood.send({"type": "interrupt"})
            await until(lambda: any(m.get("reason") == "flood" for m in flood.messages))
            await flood.close()
            pings = SocketPeer()
            await pings.connect(h, *await h.open())
            for _ in range(30):
                await pings.send({"type": "ping"})
            await until(lambda: any(m.get("reason") == "flood" for m in pings.messages))
            await pings.close()
            await until(lambda: len(h.visits) == 1)
            await calm.send({"type": "ping"})
            await until(lambda: {"type": "pong"} in calm.messages)
            await calm.close()

    asyncio.run(run())


def test_sound_that_comes_faster_than_time_is_not_piled_up():
    async def run() -> None:
        async with house() as h:
            peer, heard = SocketPeer(), list[int]()
            await peer.connect(h, *await h.open())
            await until(lambda: len(peer.sound) > 5)
            inlet = next(iter(h.visits._here.values())).transport.input()
            hear = inlet.hear

            async def counted(pcm: np.ndarray) -> None:
                heard.append(len(pcm))
                await hear(pcm)

            inlet.hear = counted  # type: ignore[method-assign]
            began = asyncio.get_running_loop().time()
            for _ in range(60):
                await peer.socket.send(bytes(32_000))  # a second
            await peer.send({"type": "ping", "n": 5})
            await until(lambda: {"type": "pong", "n": 5} in peer.messages)
            assert 32_000 <= sum(heard) <= (4 + asyncio.get_running_loop().time() - began) * 16_000
            await peer.close()

    asyncio.run(run())


def test_a_page_that_takes_nothing_any_more_cannot_keep_its_line():
    class Stuck:
        application_state = None
        sent = 0

        async def send_bytes(self, data: bytes) -> None:
            self.sent += 1
            await asyncio.Event().wait()

        async def receive(self) -> dict[str, str]:
            await asyncio.sleep(0.05)
            return {"type": "websocket.receive", "text": '{"type": "ping"}'}

    async def run() -> None:
        socket, told = Stuck(), list[object]()
        link = SocketLink(socket, None, told.append)  # type: ignore[arg-type]
        serving = asyncio.create_task(link.serve())
        link.play(0, np.zeros(320, np.int16))
        await asyncio.sleep(0.3)
        assert socket.sent == 1
        await link.close()
        await asyncio.wait_for(serving, 3)
        assert told

    asyncio.run(run())


def test_an_end_goes_on_though_its_caller_is_gone():
    async def run() -> None:
        async with house() as h:
            await h.open()
            visit = next(iter(h.visits._here.values()))
            ending = asyncio.create_task(visit.end("left"))
            await asyncio.sleep(0)
            ending.cancel()
            await until(lambda: len(h.visits) == 0 and not h.studio.faces)

    asyncio.run(run())


def _held() -> tuple[int, int, int]:
    gc.collect()
    return len(asyncio.all_tasks()), threading.active_count(), len(os.listdir("/proc/self/fd"))


async def _come_and_go(h: House, kind: type[RtcPeer] | type[SocketPeer]) -> None:
    path, owner = await h.open()
    peer = kind()
    await peer.connect(h, path, owner)
    await until(lambda: len(peer.pictures) > 0)
    await h.http.delete(path, headers=owner)
    await peer.close()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts open files as Linux shows them")
@pytest.mark.slow
@pytest.mark.parametrize("kind", [RtcPeer, SocketPeer])
def test_visitors_leave_no_tasks_threads_or_sockets_behind(kind: type[RtcPeer] | type[SocketPeer]):
    async def run() -> None:
        async with house() as h:
            for _ in range(3):
                await _come_and_go(h, kind)
            await asyncio.sleep(0.3)
            before = _held()
            for _ in range(10):
                await _come_and_go(h, kind)
            await asyncio.sleep(0.3)
            after = _held()
            assert after[0] <= before[0]
            assert after[1] <= before[1] + 3, "the pools of threads may still grow a little"
            assert after[2] <= before[2] + 1

    asyncio.run(run())


def test_behind_a_strict_network_a_relay_carries_everything():
    async def run() -> None:
        async with relay() as turn, house(face=MarkerAvatar, ice=[turn.url]) as h:
            answer = (await h.http.post("/v1/sessions", json={"avatar": "ada"})).json()
            owner = {"Authorization": f"Bearer {answer['token']}"}
            assert answer["ice_servers"][0]["username"] == turn.user
            peer = RtcPeer(answer["ice_servers"])
            await peer.connect(h, f"/v1/sessions/{answer['id']}", owner)
            await until(lambda: any(seen > 128 for _, seen in peer.pictures))
            await until(lambda: any(peak > 4000 for _, peak in peer.sound))
            peer.send({"type": "ping", "n": 3})
            await until(lambda: {"type": "pong", "n": 3} in peer.messages)
            await until(lambda: turn.passed > 100)
            assert turn.refused == 0
            await peer.close()

    asyncio.run(run())


def test_ice_servers_are_written_as_urls():
    servers = parse_ice(["turn:ann:se:cret@turn.example:3478?transport=udp", "stun:stun.example:3478"])
    page = ice_for_page(servers)
    assert page[0] == {"urls": "turn:turn.example:3478?transport=udp", "username": "ann", "credential": "se:cret"}
    assert page[1]["username"] is None
    with pytest.raises(ValueError, match="turn:USER"):
        parse_ice(["turn.example"])
