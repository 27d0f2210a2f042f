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

from livetalk.conversation.brains import connection, omni, realtime
from livetalk.conversation.brains.base import Answer, BrainError, Speech, Transcript
from livetalk.conversation.brains.omni import OmniBrain, OmniSession
from livetalk.conversation.brains.realtime import Newest, RealtimeConfig, RealtimeLine, parse
from livetalk.conversation.history import ChatHistory
from tests.helpers.realtime import Realtime, realtime_server

VOICE = (0.3 * np.sin(np.arange(16_000) * 0.1)).astype(np.float32)


@asynccontextmanager
async def _mind(
    server: Realtime, memory: ChatHistory | None = None, tell: Callable[[Transcript], None] = print, **options: Any
) -> AsyncIterator[OmniSession]:
    async with realtime_server(server):
        brain = OmniBrain(RealtimeConfig(server.url, "any", **{"patience": 3.0} | options))
        await brain.start()
        server.lines.clear()
        mind = await brain.open(memory or ChatHistory(), tell)
        try:
            yield mind
        finally:
            await mind.close()
            await brain.close()


async def _answer(mind: OmniSession, text: str | None = None) -> list[Answer]:
    if text is None:
        for i in range(0, len(VOICE), 320):
            mind.hear(VOICE[i : i + 320])
        await asyncio.sleep(0.05)
    return [part async for part in mind.answer(text)]


async def _cut_off(mind: OmniSession) -> None:
    """Say something, listen to the answer's first sound and stop it."""
    mind.hear(VOICE)
    async with aclosing(mind.answer()) as parts:  # type: ignore[type-var]
        async for part in parts:
            if isinstance(part, Speech) and len(part.audio):
                break


def _words(parts: list[Answer]) -> str:
    return " ".join(part.text for part in parts if isinstance(part, Speech) and part.text)


def _seconds(parts: list[Answer]) -> float:
    return sum(len(part.audio) / part.rate for part in parts if isinstance(part, Speech))


@pytest.mark.parametrize("beta", [False, True])
def test_a_turn_goes_in_as_sound_and_comes_back_as_sound_and_words(beta: bool):
    async def run() -> None:
        async with _mind(server := Realtime(beta=beta), ChatHistory("Be kind.")) as mind:
            parts = await _answer(mind)
            assert Transcript("hello there") in parts
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
        async with _mind(Realtime(transcribed_after=0.2)) as mind:
            assert (await _answer(mind))[-1] == Transcript("hello there")

    asyncio.run(run())


def test_words_that_come_after_an_interrupt_are_told():
    async def run() -> None:
        told: list[Transcript] = []
        async with _mind(Realtime(transcribed_after=0.2), tell=told.append) as mind:
            await _cut_off(mind)
            assert told == []
            await mind.heard(0.1)
            await asyncio.sleep(0.4)
            assert told == [Transcript("hello there")]

    asyncio.run(run())


@pytest.mark.parametrize("typed", ["Good day", None])
def test_words_that_come_after_the_next_turn_began_are_not_taken_for_its_own(typed: str | None):
    async def run() -> None:
        told: list[Transcript] = []
        server = Realtime(heard=("the first", "the second"), transcribed_after=0.4, between=0.15)
        async with _mind(server, tell=told.append) as mind:
            await _cut_off(mind)
            parts = await _answer(mind, typed)
            understood = [part for part in parts if isinstance(part, Transcript)]
            assert understood == [Transcript(typed or "the second")]
            assert _words(parts) == "Nice to meet you. How are you?"
            assert told == []

    asyncio.run(run())


def test_typed_text_is_an_item():
    async def run() -> None:
        async with _mind(server := Realtime()) as mind:
            parts = await _answer(mind, "Good day")
            assert parts[0] == Transcript("Good day")
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
        memory = ChatHistory()
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


def test_a_server_that_refused_once_is_asked_again_on_the_same_line():
    async def run() -> None:
        async with _mind(server := Realtime(refuse="too many people")) as mind:
            with pytest.raises(BrainError, match="too many people"):
                await _answer(mind)
            server.refuse = None
            assert _words(await _answer(mind)) == "Nice to meet you. How are you?"
            assert len(server.lines) == 1

    asyncio.run(run())


def test_an_answer_that_was_given_up_before_it_began_does_not_come_as_the_next():
    async def run() -> None:
        async with _mind(server := Realtime(lag=1.0, deltas=("late",)), patience=0.3) as mind:
            with pytest.raises(BrainError, match="silent"):
                await _answer(mind)
            server.lag, server.deltas = 0.0, ("in time",)
            assert _words(await _answer(mind)) == "in time"
            assert len(server.lines) == 2

    asyncio.run(run())


def test_an_interrupt_cancels_truncates_and_lets_nothing_old_through():
    async def run() -> None:
        async with _mind(server := Realtime(deltas=("word ",) * 20, between=0.05)) as mind:
            await _cut_off(mind)
            await mind.heard(0.25)
            server.between = 0.0
            assert _words(await _answer(mind)).split() == ["word"] * 20
            assert len(server.told("response.cancel")) == 1
            cut = server.told("conversation.item.truncate")[0]
            assert (cut["item_id"], cut["audio_end_ms"]) == ("item-of-answer-1-1", 250)
            assert len(server.lines) == 1

    asyncio.run(run())


NEAR = {"between": 0.05, "cancelled_after": 0.2}  # the old answer's end is waited for
FAR = {"between": 0.05, "lag": 0.2}  # it comes when the next one was asked for
FINISHED = {"between": 0.0, "lag": 0.2}  # the server ended before it was told to: it refuses to cancel


@pytest.mark.parametrize(("options", "settling"), [(NEAR, 0.5), (FAR, 0.5), (FAR, 0.0), (FINISHED, 0.0)])
def test_what_one_types_during_an_answer_is_answered(
    options: dict[str, float], settling: float, monkeypatch: pytest.MonkeyPatch
):
    async def run() -> None:
        server = Realtime(deltas=("old ",) * 20, **options)  # type: ignore[arg-type]
        async with _mind(server) as mind:
            await _cut_off(mind)
            await mind.heard(0.25)
            server.deltas = ("new ",) * 20
            parts = await _answer(mind, "Good day")
            assert _words(parts).split() == ["new"] * 20
            assert _seconds(parts) == pytest.approx(10.0)
            assert len(server.lines) == 1

    monkeypatch.setattr(omni, "SETTLING", settling)
    asyncio.run(run())


@pytest.mark.parametrize("settling", [0.5, 0.0])
def test_an_answer_that_was_cut_off_before_it_began_is_not_taken_for_the_next(
    settling: float, monkeypatch: pytest.MonkeyPatch
):
    async def run() -> None:
        async with _mind(server := Realtime(deltas=("old ",) * 20, between=0.05, lag=0.2)) as mind:
            first = asyncio.create_task(_answer(mind))
            while not (server.lines and server.told("response.create")):
                await asyncio.sleep(0.01)
            first.cancel()
            await asyncio.wait([first])
            await mind.heard(0.0)
            server.deltas = ("new ",) * 3
            assert _words(await _answer(mind, "Good day")).split() == ["new"] * 3
            assert _words(await _answer(mind, "Good bye")).split() == ["new"] * 3
            assert len(server.lines) == 1

    monkeypatch.setattr(omni, "SETTLING", settling)
    asyncio.run(run())


@given(st.lists(st.sampled_from(["ask", "name", "refuse"]), max_size=30))
def test_only_the_newest_is_wanted(steps: list[str]):
    newest, coming, named = Newest(), [], []
    for i, step in enumerate(steps):
        if step == "ask":
            newest.ask(str(i))
            coming.append(str(i))
        elif coming and step == "name":
            newest.named(f"name of {coming[0]}")
            newest.named(f"name of {coming[0]}")  # twice is as good as once
            named.append(coming.pop(0))
        elif len(coming) > 1:  # the newest itself is given up when it is refused
            newest.refused(coming.pop(0))
        if named:
            assert newest.owns(f"name of {named[-1]}") == (not coming)
            assert not any(newest.owns(f"name of {old}") for old in named[:-1])
        assert newest.unnamed == bool(coming)


@pytest.mark.parametrize("dialect", ["openai", "vllm-omni"])
def test_whoever_leaves_off_waits_for_no_server(dialect: str):
    async def run() -> None:
        server = Realtime(deltas=("word ",) * 20, between=0.05, deaf_at=0)
        async with _mind(server, dialect=dialect) as mind:
            mind.hear(VOICE)
            parts = mind.answer()
            async for part in parts:
                if isinstance(part, Speech) and len(part.audio):
                    break
            if dialect == "openai":
                _fill(mind)
            async with asyncio.timeout(0.5):
                await parts.aclose()  # type: ignore[attr-defined]
                await mind.heard(0.1)
            mind.hear(VOICE)
            async with asyncio.timeout(3.0):
                await mind.close()

    asyncio.run(run())


def _fill(mind: OmniSession) -> None:
    """Let the line take nothing more."""
    assert mind._connection._line is not None
    mind._connection._line._socket.pause_writing()


def test_a_line_that_takes_nothing_more_is_given_up(monkeypatch: pytest.MonkeyPatch):
    async def run() -> None:
        async with _mind(Realtime()) as mind:
            assert _words(await _answer(mind))
            _fill(mind)
            with pytest.raises(BrainError, match="takes nothing more"):
                await _answer(mind, "Good day")
            assert _words(await _answer(mind, "Good day"))

    monkeypatch.setattr(realtime, "LONGEST_SENDING", 0.2)
    asyncio.run(run())


@pytest.mark.parametrize("there", [False, True])
def test_sound_dials_seldom_while_the_server_is_down(there: bool, monkeypatch: pytest.MonkeyPatch):
    async def run() -> None:
        dial, dials = RealtimeLine.dial, []

        async def counted(config: RealtimeConfig) -> RealtimeLine:
            dials.append(time.monotonic())
            if not there and len(dials) <= 3:
                raise BrainError("connection", "cannot be reached")
            return await dial(config)

        async with _mind(server := Realtime()) as mind:
            monkeypatch.setattr(RealtimeLine, "dial", counted)
            server.hang_up = there  # it takes the call and drops it
            heard = 0
            while len(dials) < 3:
                mind.hear(VOICE[:320])
                heard += 480  # samples, at 24 kHz
                await asyncio.sleep(0.01)
            assert (np.diff(dials) > (0.29, 0.59)).all()
            await asyncio.sleep(0.1)  # until the third line is dropped too
            server.hang_up = False
            assert _words([part async for part in mind.answer()]), "a turn is not kept waiting"
            assert abs(len(server.sound()) - heard) < 100, "all that was said meanwhile is there"

    monkeypatch.setattr(connection, "FIRST_PAUSE", 0.3)
    asyncio.run(run())


def test_the_older_protocol_of_vllm_omni():
    async def run() -> None:
        async with _mind(server := Realtime(), dialect="vllm-omni") as mind:
            parts = await _answer(mind)
            assert _words(parts) == "Nice to meet you. How are you?"
            assert len(server.sound()) == 16_000, "a second of speech, at 16 kHz"
            assert [event["final"] for event in server.told("input_audio_buffer.commit")] == [False, True]

    asyncio.run(run())


def test_an_interrupt_in_the_older_protocol_hangs_up_and_the_next_sound_dials_at_once():
    async def run() -> None:
        async with _mind(server := Realtime(between=0.05), dialect="vllm-omni") as mind:
            for lines in (1, 2, 3):
                await _cut_off(mind)
                mind.hear(VOICE)
                await asyncio.sleep(0.2)
                assert len(server.lines) == lines + 1
                assert len(server.sound()) > 15_000
                mind.forget()

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
