"""Promises of the connection: a line that drops costs no sound and no memory; what is sent aside keeps nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from livetalk.conversation.brains import connection
from livetalk.conversation.brains.base import BrainError
from livetalk.conversation.brains.connection import RealtimeConnection
from livetalk.conversation.brains.realtime import Event, RealtimeConfig
from livetalk.conversation.history import ChatHistory
from tests.helpers.realtime import Realtime, realtime_server

SECOND = (0.3 * np.sin(np.arange(24_000) * 0.1)).astype(np.float32)


@asynccontextmanager
async def _connected(
    server: Realtime, memory: ChatHistory | None = None
) -> AsyncIterator[tuple[RealtimeConnection, list[str], list[Event | BrainError]]]:
    lines, events = list[str](), list[Event | BrainError]()
    async with realtime_server(server):
        config = RealtimeConfig(server.url, "any")
        made = RealtimeConnection(config, memory or ChatHistory(), lambda: lines.append("line"), events.append)
        try:
            yield made, lines, events
        finally:
            await made.close()
    assert len(asyncio.all_tasks()) == 1, "no task is left behind"


def test_a_new_line_has_the_whole_turn_and_knows_what_was_said():
    async def run() -> None:
        memory = ChatHistory("Be kind.")
        memory.user_said("hello there")
        async with _connected(server := Realtime(drop_while_hearing=10), memory) as (made, lines, events):
            for piece in np.split(SECOND, 50):
                made.append(piece)
                await asyncio.sleep(0.005)
            assert made.has_turn
            await made.line(SECOND[:0])
            await asyncio.sleep(0.05)
            assert lines == ["line", "line"]
            assert sum(isinstance(event, BrainError) for event in events) == 1, "the loss is told"
            assert len(server.sound()) == 24_000
            assert [e["item"]["content"][0]["text"] for e in server.told("conversation.item.create")] == ["hello there"]

    asyncio.run(run())


def test_of_a_turn_without_end_the_latest_is_kept(monkeypatch: pytest.MonkeyPatch):
    async def run() -> None:
        async with _connected(server := Realtime()) as (made, _, _events):
            for number in range(5):
                made.append(np.full(24_000, number / 10, np.float32))
            await made.line(SECOND[:0])
            await asyncio.sleep(0.05)
            heard = server.sound().reshape(-1, 24_000)[:, 0] / 32_767
            np.testing.assert_allclose(heard, [0.3, 0.4], atol=1e-3)

    monkeypatch.setattr(connection, "LONGEST_TURN", 2.0)
    asyncio.run(run())


def test_what_is_sent_aside_goes_before_more_sound_and_on_no_other_line():
    async def run() -> None:
        async with _connected(server := Realtime()) as (made, _, _events):
            made.later("response.cancel")  # there is no line yet that it could be about
            await made.line()
            made.later("response.cancel")
            made.append(SECOND)
            await asyncio.sleep(0.1)
            kinds = [event["type"] for event in server.lines[-1]]
            assert kinds == ["session.update", "response.cancel", "input_audio_buffer.append"]
            made.later("response.cancel")
            made.hang_up()
            await made.line(SECOND[:0])
            await asyncio.sleep(0.1)
            assert [event["type"] for event in server.lines[-1]] == ["session.update", "input_audio_buffer.append"]

    asyncio.run(run())


def test_a_turn_that_was_none_is_taken_back():
    async def run() -> None:
        async with _connected(server := Realtime()) as (made, _, _events):
            made.append(SECOND)
            await asyncio.sleep(0.1)
            made.forget_turn()
            await asyncio.sleep(0.1)
            assert not made.has_turn
            assert server.lines[-1][-1]["type"] == "input_audio_buffer.clear"

    asyncio.run(run())
