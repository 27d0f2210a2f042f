"""Promises of the brain behind a Realtime websocket, held against a server that speaks it and misbehaves."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from realtime import Realtime, realtime_server

from livetalk.conversation.brains.brain import Answer, BrainError, Speech, Understood
from livetalk.conversation.brains.omni import OmniBrain, OmniMind
from livetalk.conversation.brains.realtime import RealtimeConfig, parse
from livetalk.conversation.memory import Memory

VOICE = (0.3 * np.sin(np.arange(16_000) * 0.1)).astype(np.float32)


@asynccontextmanager
async def _mind(
    server: Realtime, memory: Memory | None = None, tell: Callable[[Understood], None] = print, **options: Any
) -> AsyncIterator[OmniMind]:
    async with realtime_server(server):
        brain = OmniBrain(RealtimeConfig(server.url, "any", **{"patience": 3.0} | options))
        await brain.start()
        server.lines.clear()
        mind = await brain.open(memory or Memory(), tell)
        try:
            yield mind
        finally:
            await mind.close()
            await brain.close()


async def _answer(mind: OmniMind, text: str | None = None) -> list[Answer]:
    if text is None:
        for i in range(0, len(VOICE), 320):
            mind.hear(VOICE[i : i + 320])
        await asyncio.sleep(0.05)
    return [part async for part in mind.answer(text)]


def _words(parts: list[Answer]) -> str:
    return " ".join(part.text for part in parts if isinstance(part, Speech) and part.text)


def _seconds(parts: list[Answer]) -> float:
    return sum(len(part.audio) / part.rate for part in parts if isinstance(part, Speech))


@pytest.mark.parametrize("beta", [False, True])
def test_a_turn_goes_in_as_sound_and_comes_back_as_sound_and_words(beta: bool):
    async def run() -> None:
        async with _mind(server := Realtime(beta=beta), Memory("Be kind.")) as mind:
            parts = await _answer(mind)
            assert Understood("hello there") in parts
            assert _words(parts) == "Nice to meet you. How are you?"
            assert _seconds(parts) == pytest.approx(2.0)
            setting = server.told("session.update")[0]["session"]
            assert setting["instructions"] == "Be kind."
            assert setting["audio"]["input"]["turn_detection"] is None
            assert abs(len(server.sound()) - 24_000) < 100, "a second of speech, at 24 kHz"
            assert abs(np.abs(server.sound()).max() - 0.3 * 32_767) < 300
            kinds = [event["type"] for event in server.lines[-1]]
            assert kinds[-2:] == ["input_audio_buffer.commit", "response.create"]

    asyncio.run(run())


def test_words_that_come_after_the_answer_are_understood_all_the_same():
    async def run() -> None:
        async with _mind(Realtime(transcript_late=True)) as mind:
            assert (await _answer(mind))[-1] == Understood("hello there")

    asyncio.run(run())


def test_words_that_come_after_an_interrupt_are_told():
    async def run() -> None:
        told: list[Understood] = []
        async with _mind(Realtime(transcript_late=True), tell=told.append) as mind:
            mind.hear(VOICE)
            async with aclosing(mind.answer()) as parts:  # type: ignore[type-var]
                async for part in parts:
                    if isinstance(part, Speech) and len(part.audio):
                        break
            assert told == []
            await mind.heard(0.1)
            socket = mind._line
            assert socket is not None
            await socket.send("response.create")  # the server says late what it heard, with its next answer
            await asyncio.sleep(0.6)
            assert told == [Understood("hello there")]

    asyncio.run(run())


def test_typed_text_is_an_item():
    async def run() -> None:
        async with _mind(server := Realtime()) as mind:
            parts = await _answer(mind, "Good day")
            assert parts[0] == Understood("Good day")
            content = server.told("conversation.item.create")[0]["item"]["content"]
            assert content == [{"type": "input_text", "text": "Good day"}]

    asyncio.run(run())


def test_a_slow_first_token_is_waited_for_and_silence_is_told():
    async def run() -> None:
        async with _mind(Realtime(first_token=1.0)) as mind:
            began = time.monotonic()
            assert _words(await _answer(mind))
            assert time.monotonic() - began > 1.0
        async with _mind(Realtime(first_token=30), patience=0.3) as mind:
            with pytest.raises(BrainError, match="silent"):
                await _answer(mind)

    asyncio.run(run())


def test_a_line_that_drops_in_an_answer_is_told_and_the_next_turn_knows_what_was_said():
    async def run() -> None:
        memory = Memory()
        async with _mind(server := Realtime(drop_at=2), memory) as mind:
            with pytest.raises(BrainError, match="dropped the line"):
                await _answer(mind)
            memory.user_said("hello there")
            memory.face_said("Nice to")
            memory.interrupted()
            assert _words(await _answer(mind)) == "Nice to meet you. How are you?"
            assert len(server.lines) == 2
            items = [event["item"] for event in server.told("conversation.item.create")]
            assert [(i["role"], i["content"][0]["text"]) for i in items] == [
                ("user", "hello there"),
                ("assistant", "Nice to—"),
            ]

    asyncio.run(run())


def test_a_line_that_drops_while_one_speaks_costs_nothing():
    async def run() -> None:
        async with _mind(server := Realtime(drop_while_hearing=10)) as mind:
            for i in range(0, len(VOICE), 320):
                mind.hear(VOICE[i : i + 320])
                await asyncio.sleep(0.005)
            parts = [part async for part in mind.answer()]
            assert _words(parts)
            assert abs(len(server.sound()) - 24_000) < 100, "the new line has the whole turn"

    asyncio.run(run())


def test_malformed_events_are_left_out():
    async def run() -> None:
        async with _mind(Realtime(nonsense=True)) as mind:
            parts = await _answer(mind)
            assert _words(parts) == "Nice to meet you. How are you?"
            assert _seconds(parts) == pytest.approx(2.0)

    asyncio.run(run())


def test_an_error_of_the_server_is_told():
    async def run() -> None:
        async with _mind(Realtime(refuse="too many people")) as mind:
            with pytest.raises(BrainError, match="too many people"):
                await _answer(mind)

    asyncio.run(run())


def test_an_interrupt_cancels_truncates_and_lets_nothing_old_through():
    async def run() -> None:
        async with _mind(server := Realtime(deltas=("word ",) * 20, between=0.05)) as mind:
            mind.hear(VOICE)
            async with aclosing(mind.answer()) as parts:  # type: ignore[type-var]
                async for part in parts:
                    if isinstance(part, Speech) and len(part.audio):
                        break
            await mind.heard(0.25)
            server.between = 0.0
            assert _words(await _answer(mind)).split() == ["word"] * 20
            assert len(server.told("response.cancel")) == 1
            cut = server.told("conversation.item.truncate")[0]
            assert (cut["item_id"], cut["audio_end_ms"]) == ("item-of-answer-1-1", 250)
            assert len(server.lines) == 1

    asyncio.run(run())


def test_the_older_protocol_of_vllm_omni():
    async def run() -> None:
        async with _mind(server := Realtime(), dialect="vllm-omni") as mind:
            parts = await _answer(mind)
            assert _words(parts) == "Nice to meet you. How are you?"
            assert len(server.sound()) == 16_000, "a second of speech, at 16 kHz"
            assert [event["final"] for event in server.told("input_audio_buffer.commit")] == [False, True]

    asyncio.run(run())


def test_nobody_there_is_one_sentence():
    async def run() -> None:
        for url, message in (("ws://127.0.0.1:9/v1", "cannot be reached"), ("http://x", "ws://")):
            with pytest.raises(BrainError, match=message):
                await OmniBrain(RealtimeConfig(url)).start()

    asyncio.run(run())


@given(st.one_of(st.text(), st.binary(), st.from_regex(r'\{"type": ?("[a-z.]*"|[0-9]+)(, "delta": .{0,10})?\}')))
def test_no_message_is_an_accident(message: str | bytes):
    event = parse(message)
    if event is not None:
        assert event.sound.dtype == np.float32
        assert isinstance(event.response, str)
        assert all(isinstance(text, str) for text in event.problem)
